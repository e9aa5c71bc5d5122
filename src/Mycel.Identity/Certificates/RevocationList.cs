using System.Collections.Frozen;
using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Certificates;

/// <summary>
/// All devices that an account has cast out, as one signed and numbered statement: a list with a higher sequence replaces one with
/// a lower, so that none can be held back piece by piece. Immutable; an instance was checked for its form and signature.
/// </summary>
public sealed class RevocationList
{
    /// <summary>Most devices on a list.</summary>
    public const int MaxDevices = 1024;

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 48 * 1024;

    private const string What = "The revocation list";

    private readonly byte[] _accountKey;
    private readonly FrozenSet<PeerId> _devices;
    private readonly Signed _signed;

    private RevocationList(Signed signed, Wire.RevocationList body)
    {
        _signed = signed;
        _accountKey = Statement.Bytes(body.AccountKey, DeviceKey.PublicKeySizeBytes, "The revocation list's account key");
        AccountId = AccountId.FromPublicKey(_accountKey);
        Sequence = body.Sequence;
        IssuedAt = Statement.Time(body.IssuedAt, What);
        if (Sequence == 0 || body.PeerIds.Count > MaxDevices)
            throw new StatementException($"{What} must have a sequence from 1 on and at most {MaxDevices:N0} devices.");
        _devices = body.PeerIds.Select(id => new PeerId(Statement.Bytes(id, PeerId.SizeBytes, "A peer id"))).ToFrozenSet();
    }

    /// <summary>Whose devices they were.</summary>
    public AccountId AccountId { get; }

    /// <summary>Number of the list; 1 is the first.</summary>
    public ulong Sequence { get; }

    /// <summary>When it was signed.</summary>
    public DateTimeOffset IssuedAt { get; }

    /// <summary>The devices whose certificates are void.</summary>
    public IReadOnlyCollection<PeerId> Devices => _devices;

    /// <summary>Whether a device is on the list.</summary>
    public bool Contains(PeerId device) => _devices.Contains(device);

    /// <summary>Makes the list that follows another.</summary>
    /// <param name="account">Who signs.</param>
    /// <param name="previous">The list so far; null where there is none.</param>
    /// <param name="device">The device to be cast out.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="StatementException">The list is full.</exception>
    public static RevocationList Add(AccountKey account, RevocationList? previous, PeerId device, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(account);
        var body = new Wire.RevocationList { AccountKey = ByteString.CopyFrom(account.PublicKey), Sequence = (previous?.Sequence ?? 0) + 1, IssuedAt = now.ToUnixTimeSeconds() };
        Span<byte> id = stackalloc byte[PeerId.SizeBytes];
        foreach (PeerId revoked in (previous?.Devices ?? []).Append(device).Distinct().OrderBy(d => d.ToString(), StringComparer.Ordinal))
        {
            revoked.CopyTo(id);
            body.PeerIds.Add(ByteString.CopyFrom(id));
        }

        return new RevocationList(Statement.Sign(message => account.Sign(message), Statement.RevocationList, body), body);
    }

    /// <summary>Reads a list and checks its form and signature.</summary>
    /// <exception cref="StatementException">It is damaged or not signed by the account that it names.</exception>
    public static RevocationList Parse(ReadOnlySpan<byte> bytes)
    {
        Signed signed = Statement.Read(Signed.Parser, bytes, MaxBytes, What);
        var list = new RevocationList(signed, Statement.Read(Wire.RevocationList.Parser, signed.Body.Span, MaxBytes, What));
        Statement.Verify(signed, Statement.RevocationList, list._accountKey, What);
        return list;
    }

    /// <summary>The list as others read it.</summary>
    public byte[] ToBytes() => _signed.ToByteArray();
}
