using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Observability;

namespace Mycel.Node.Networks;

/// <summary>
/// This node's own record, made anew when models, slots, addresses or networks change, and from time to time. Two forms where there are
/// models for the own account alone: one for everybody, and one, with the next sequence, for the account's own devices.
/// Safe for use from several threads.
/// </summary>
internal sealed class OwnRecord : IDisposable
{
    /// <summary>It is made anew this often at most.</summary>
    public static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(200);

    /// <summary>It is made anew this often at least.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    // The sequence is written to the disk from time to time only; a clock that was set back may not bring an old one again.
    private const ulong RestartMargin = 60_000;

    private readonly NodeIdentity _identity;
    private readonly PeerBook _peers;
    private readonly IOwnModels _models;
    private readonly OwnReach _reach;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // Held while the record is made, which asks others; the other lock is held for moments only, so that whoever tells of a change never waits.
    private readonly Lock _making = new();
    private readonly ITimer _timer;
    private OwnRecordForms? _current;
    private JoinedNetworks? _madeFor;
    private long _madeAtMs;
    private ulong _sequence;
    private bool _isDue;
    private bool _isStarted;

    public OwnRecord(NodeIdentity identity, PeerBook peers, IOwnModels models, OwnReach reach, TimeProvider time)
    {
        _identity = identity;
        _peers = peers;
        _models = models;
        _reach = reach;
        _time = time;
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A new one was made.</summary>
    public event Action? Changed;

    /// <summary>The sequence used last.</summary>
    public ulong Sequence
    {
        get
        {
            lock (_making) return _sequence;
        }
    }

    /// <summary>The record of now.</summary>
    public OwnRecordForms Current
    {
        get
        {
            lock (_making)
            {
                if (_current is null || !ReferenceEquals(_madeFor, _peers.Networks) || NowMs() - _madeAtMs > (long)MaxPause.TotalMilliseconds) Make();
                return _current!;
            }
        }
    }

    /// <summary>Begins to watch.</summary>
    /// <param name="lastSequence">What an earlier run used last, as far as that is known.</param>
    public void Start(ulong lastSequence)
    {
        lock (_making) _sequence = Math.Max(_sequence, lastSequence == 0 ? 0 : lastSequence + RestartMargin);
        lock (_gate)
        {
            if (_isStarted) return;
            _isStarted = true;
            _timer.Change(MaxPause, Timeout.InfiniteTimeSpan);
        }

        _models.Changed += Touch;
    }

    /// <summary>Something in it changed: it is made anew soon.</summary>
    public void Touch()
    {
        lock (_gate)
        {
            if (!_isStarted || _isDue || !HasReaders) return;
            _isDue = true;
            var pause = Volatile.Read(ref _madeAtMs) + (long)MinPause.TotalMilliseconds - NowMs();
            _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(pause, 0, MinPause.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _models.Changed -= Touch;
        lock (_gate) _isStarted = false;
        _timer.Dispose();
    }

    /// <summary>Whether there may be anyone to read it: members of a network, or, without one, a linked device of the own account.</summary>
    private bool HasReaders => _peers.Networks.All.Count > 0 || _peers.GreetedPeers.Any();

    private long NowMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private void OnTimer()
    {
        lock (_gate)
        {
            if (!_isStarted) return;
            _isDue = false;
            _timer.Change(MaxPause, Timeout.InfiniteTimeSpan);
        }

        if (!HasReaders) return;
        lock (_making) Make();
        Changed?.Invoke();
    }

    private void Make()
    {
        Volatile.Write(ref _madeAtMs, NowMs());
        _madeFor = _peers.Networks;
        var sequence = Math.Max(_sequence + 1, (ulong)Math.Max(0, _madeAtMs));
        var offers = Offers();
        var shared = Sign(offers.Where(offer => offer.Networks.Count > 0), sequence);
        ByteString? home = null;
        if (offers.Any(offer => offer.Networks.Count == 0)) home = Sign(offers, ++sequence);
        _sequence = sequence;
        _current = new OwnRecordForms(shared, home);
    }

    private ModelOffer[] Offers()
        => [.. _models.Offers.Where(NodeRecords.IsOffer).DistinctBy(offer => offer.Name, StringComparer.Ordinal).Take(NodeRecords.MaxModels)];

    private ByteString Sign(IEnumerable<ModelOffer> offers, ulong sequence)
    {
        var certificate = _identity.Certificate;
        var record = new NodeRecord
        {
            DeviceKey = ByteString.CopyFrom(_identity.Device.PublicKey),
            AccountKey = ByteString.CopyFrom(certificate.AccountKey),
            Sequence = sequence,
            IssuedAt = _madeAtMs / 1000,
            Name = certificate.DeviceName,
            Version = NodeState.Version,
            Relays = _reach.Relays(),
            DhtPort = (uint)(_reach.DhtPort?.Invoke() ?? 0),
        };
        record.Addresses.AddRange(_reach.Addresses().Where(LinkAddress.IsValid).Distinct(StringComparer.Ordinal).Take(LinkAddress.MaxCount));
        record.Networks.AddRange(_madeFor!.All.Select(network => WireIds.Of(network.Charter.Id.Hash)));
        record.Clears.AddRange((_reach.Clears?.Invoke() ?? []).Where(_madeFor.Contains).Select(network => WireIds.Of(network.Hash)));
        record.Models.AddRange(offers);
        var signed = NodeRecords.Sign(_identity.Device, record);
        while (signed.Length > NodeRecords.MaxBytes)
        {
            // What is left out is asked for by nobody, which is better than a record that nobody takes.
            while (record.Models.Count > 0 && record.CalculateSize() > NodeRecords.MaxBytes - SignatureRoom) record.Models.RemoveAt(record.Models.Count - 1);
            signed = NodeRecords.Sign(_identity.Device, record);
        }

        return signed;
    }

    // Signature, lengths and tags around the body.
    private const int SignatureRoom = 256;
}

/// <summary>The own record, signed.</summary>
/// <param name="Shared">For everybody.</param>
/// <param name="Home">For the own account's devices, newer than the other by one; null where there is nothing for them alone.</param>
internal sealed record OwnRecordForms(ByteString Shared, ByteString? Home);

/// <summary>How this node is reached, as its record tells; asked anew each time.</summary>
/// <param name="Addresses">The best first.</param>
/// <param name="Relays">Whether it carries streams between other members.</param>
/// <param name="Clears">The networks whose ledger it keeps; null for none.</param>
/// <param name="DhtPort">UDP port at which it is asked in the table of peers, 0 for none; null for none ever.</param>
internal sealed record OwnReach(Func<IReadOnlyList<string>> Addresses, Func<bool> Relays, Func<IReadOnlyList<NetworkId>>? Clears = null, Func<int>? DhtPort = null);
