using System.Collections.Immutable;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>
/// Which devices may clear for the networks of this node because the root account says so, or may no more: the latest statement about each, a file a network
/// beside the networks' own. What is once known outlasts restarts. Safe for use from several threads.
/// </summary>
internal sealed class AppointmentBook
{
    /// <summary>Most devices of a network, dismissed ones included, of which a statement is kept.</summary>
    public const int MaxDevices = 64;

    private const string Extension = ".appointments";
    private const int MaxFileBytes = MaxDevices * (AppointmentProof.MaxBytes + 8);

    private readonly string _folder;
    private readonly NetworkRegistry _networks;
    private readonly RevocationBook _revocations;
    private readonly TimeProvider _time;
    private readonly ILogger<AppointmentBook> _log;
    private readonly Lock _gate = new();
    private volatile ImmutableDictionary<(NetworkId Network, PeerId Device), Entry> _entries = ImmutableDictionary<(NetworkId, PeerId), Entry>.Empty;
    private long _version;

    /// <param name="folder">Where the files lie; made where it is absent.</param>
    /// <param name="networks">Those that this node belongs to.</param>
    /// <param name="revocations">Devices that were cast out: what they signed counts no more.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where damaged files are told.</param>
    public AppointmentBook(string folder, NetworkRegistry networks, RevocationBook revocations, TimeProvider time, ILogger<AppointmentBook> log)
    {
        _folder = Path.GetFullPath(folder);
        (_networks, _revocations, _time, _log) = (networks, revocations, time, log);
        PrivateFolder.Ensure(_folder);
        foreach (var network in networks.Joined) Load(network.Charter.Id);
        networks.Changed += Forget;
    }

    /// <summary>A newer statement came; raised outside all locks.</summary>
    public event Action? Changed;

    /// <summary>Grows with each statement.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>What lets a device clear for a network now; null for nothing.</summary>
    public AppointmentProof? Find(NetworkId network, PeerId device) =>
        Latest(network, device) is { } latest && latest.Appointment.IsValidAt(_time.GetUtcNow()) && _time.GetUtcNow() <= latest.Appointment.NotAfter ? latest : null;

    /// <summary>The latest statement about a device, also one that takes its appointment back or is over; null for none that counts.</summary>
    public AppointmentProof? Latest(NetworkId network, PeerId device) =>
        _entries.TryGetValue((network, device), out var entry) && IsSignerTrusted(entry.Proof) ? entry.Proof : null;

    /// <summary>The devices that may clear for a network now.</summary>
    public IReadOnlyList<AppointmentProof> Of(NetworkId network) =>
        [.. _entries.Values.Select(entry => entry.Proof).Where(proof => proof.Appointment.Network == network && Find(network, proof.Appointment.Device) == proof)
            .OrderBy(proof => proof.Appointment.NotBefore)];

    /// <summary>Whether a standing's signer is still let clear: neither it nor who appointed it was cast out, and it was not dismissed since.</summary>
    public bool IsTrusted(DeviceCertificate signer, Appointment? appointment, DeviceCertificate? rootDevice)
    {
        if (_revocations.IsRevoked(signer.AccountId, signer.PeerId)) return false;
        if (appointment is null) return true;
        if (rootDevice is not null && _revocations.IsRevoked(rootDevice.AccountId, rootDevice.PeerId)) return false;
        return Latest(appointment.Network, appointment.Device) is not { Appointment: { IsDismissed: true } dismissal } || appointment.NotBefore > dismissal.NotBefore;
    }

    /// <summary>The statements that changed after a version, oldest first.</summary>
    /// <param name="version">What the reader has; 0 for nothing.</param>
    public IReadOnlyList<AppointmentProof> Since(long version) =>
        [.. _entries.Values.Where(entry => entry.Version > version && IsSignerTrusted(entry.Proof)).OrderBy(entry => entry.Version).Select(entry => entry.Proof)];

    /// <summary>Takes over a statement where it is about a network of this node, and newer.</summary>
    /// <returns>Whether it was taken.</returns>
    /// <exception cref="StatementException">It is damaged, or someone signed who may not.</exception>
    /// <exception cref="IOException">The disk is full or failed; nothing changed.</exception>
    public bool Accept(ReadOnlySpan<byte> bytes)
    {
        var proof = AppointmentProof.Parse(bytes);
        lock (_gate)
        {
            if (!IsNews(proof)) return false;
            proof.Verify();
            var network = proof.Appointment.Network;
            if (!HasRoom(network, proof.Appointment.Device))
            {
                NetworkLog.AppointmentsFull(_log, network, MaxDevices);
                return false;
            }

            var changed = _entries.SetItem((network, proof.Appointment.Device), new Entry(proof, _version + 1));
            Save(network, changed);
            _entries = changed;
            Interlocked.Increment(ref _version);
        }

        Changed?.Invoke();
        return true;
    }

    private bool IsSignerTrusted(AppointmentProof proof) => !_revocations.IsRevoked(proof.RootCertificate.AccountId, proof.RootCertificate.PeerId);

    /// <summary>What can be told before the signature is looked at.</summary>
    private bool IsNews(AppointmentProof proof)
    {
        var (appointment, now) = (proof.Appointment, _time.GetUtcNow());
        if (_networks.Find(appointment.Network) is null || !IsSignerTrusted(proof)) return false;
        if (appointment.NotBefore > now + NodeRecords.ClockSkew || appointment.NotAfter < now) return false;
        if (Latest(appointment.Network, appointment.Device) is not { Appointment: var known }) return true;
        return appointment.NotBefore > known.NotBefore || (appointment.NotBefore == known.NotBefore && appointment.IsDismissed && !known.IsDismissed);
    }

    /// <summary>Whether one more device fits; what is over makes room.</summary>
    private bool HasRoom(NetworkId network, PeerId device)
    {
        var now = _time.GetUtcNow();
        if (_entries.ContainsKey((network, device))) return true;
        _entries = _entries.RemoveRange(_entries.Where(pair => pair.Key.Network == network && pair.Value.Proof.Appointment.NotAfter + NodeRecords.ClockSkew < now).Select(pair => pair.Key));
        return _entries.Keys.Count(key => key.Network == network) < MaxDevices;
    }

    private void Forget()
    {
        lock (_gate)
        {
            foreach (var network in _entries.Keys.Select(key => key.Network).Distinct().Where(network => _networks.Find(network) is null).ToArray())
            {
                _entries = _entries.RemoveRange(_entries.Keys.Where(key => key.Network == network));
                File.Delete(PathOf(network));
            }
        }
    }

    private void Load(NetworkId network)
    {
        var path = PathOf(network);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return;
            if (file.Length > MaxFileBytes) throw new StatementException($"It has {file.Length:N0} bytes.");
            foreach (var bytes in Update.Parser.ParseFrom(File.ReadAllBytes(path)).Appointments)
            {
                var proof = AppointmentProof.Parse(bytes.Span);
                proof.Verify();
                if (proof.Appointment.Network == network) _entries = _entries.SetItem((network, proof.Appointment.Device), new Entry(proof, ++_version));
            }
        }
        catch (Exception error) when (error is StatementException or IOException or UnauthorizedAccessException or InvalidProtocolBufferException)
        {
            // The others of the network send it again.
            NetworkLog.AppointmentsUnreadable(_log, path, error.Message);
        }
    }

    private void Save(NetworkId network, ImmutableDictionary<(NetworkId Network, PeerId Device), Entry> entries)
    {
        var content = new Update();
        content.Appointments.AddRange(entries.Where(pair => pair.Key.Network == network).OrderBy(pair => pair.Value.Version).Select(pair => ByteString.CopyFrom(pair.Value.Proof.Bytes.Span)));
        AtomicFile.Write(PathOf(network), content.ToByteArray());
    }

    private string PathOf(NetworkId network) => Path.Combine(_folder, network + Extension);

    private sealed record Entry(AppointmentProof Proof, long Version);
}
