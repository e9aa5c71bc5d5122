using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Networks;

/// <summary>
/// The statement that an account belongs to a network, and on what terms: signed by a device that may admit, with the chain of statements from
/// the network's root to that device inside. Immutable; an instance was checked for its form, its signatures and its chain, not for its time.
/// </summary>
public sealed class Membership
{
    /// <summary>Most admissions between the root and a member.</summary>
    public const int MaxDepth = 4;

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>Length of an invite's id, in bytes.</summary>
    public const int InviteIdSizeBytes = 16;

    private const string What = "The membership";

    private readonly byte[] _rootKey;
    private readonly byte[] _memberKey;
    private readonly Signed _signed;

    private Membership(Signed signed, Wire.Membership body, int depth)
    {
        _signed = signed;
        _rootKey = Statement.Bytes(body.RootKey, DeviceKey.PublicKeySizeBytes, "The network's root key");
        _memberKey = Statement.Bytes(body.MemberKey, DeviceKey.PublicKeySizeBytes, "The member's account key");
        Network = NetworkId.FromPublicKey(_rootKey);
        Member = AccountId.FromPublicKey(_memberKey);
        Terms = MemberTerms.Read(body.Terms);
        Sequence = body.Sequence;
        NotBefore = Statement.Time(body.NotBefore, What);
        NotAfter = body.NotAfter == 0 ? null : Statement.Time(body.NotAfter, What);
        InviteId = body.InviteId.IsEmpty ? null : Convert.ToHexStringLower(Statement.Bytes(body.InviteId, InviteIdSizeBytes, "An invite's id"));
        if (depth > MaxDepth)
            throw new StatementException($"{What} is too far from the network's root: at most {MaxDepth} admissions may lie between.");
        Issuer = body.IssuerCertificate is null ? null : Issuer.Read(_rootKey, body.IssuerCertificate, body.IssuerMembership, depth);
    }

    /// <summary>The network's root key, 32 bytes.</summary>
    public ReadOnlySpan<byte> RootKey => _rootKey;

    /// <summary>The member's account key, 32 bytes.</summary>
    public ReadOnlySpan<byte> MemberKey => _memberKey;

    /// <summary>The network.</summary>
    public NetworkId Network { get; }

    /// <summary>The member.</summary>
    public AccountId Member { get; }

    /// <summary>What the member may do.</summary>
    public MemberTerms Terms { get; }

    /// <summary>A membership of the same account with a higher one replaces one with a lower.</summary>
    public ulong Sequence { get; }

    /// <summary>First moment of its validity.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Last moment of its validity; null where it has no end.</summary>
    public DateTimeOffset? NotAfter { get; }

    /// <summary>The invite that was redeemed for it, in hexadecimal digits; null where none was.</summary>
    public string? InviteId { get; }

    /// <summary>Who admitted; null where the root account's key signed.</summary>
    public Issuer? Issuer { get; }

    /// <summary>Admissions between the root and this member.</summary>
    public int Depth => Issuer?.Depth ?? 0;

    /// <summary>Admits an account.</summary>
    /// <param name="device">The key of the device that admits.</param>
    /// <param name="issuer">That device, with its proofs.</param>
    /// <param name="memberKey">The newcomer's account key, 32 bytes.</param>
    /// <param name="terms">What it may do, at most what the issuer may.</param>
    /// <param name="sequence">Higher than that of any membership it has in this network.</param>
    /// <param name="from">When it begins.</param>
    /// <param name="until">When it ends; null for no end.</param>
    /// <param name="inviteId">The invite that was redeemed, 16 bytes; empty where none was.</param>
    /// <exception cref="StatementException">The terms exceed the issuer's, or the chain would be too long.</exception>
    public static Membership Issue(
        DeviceKey device, Issuer issuer, ReadOnlySpan<byte> memberKey, MemberTerms terms, ulong sequence, DateTimeOffset from, DateTimeOffset? until, ReadOnlySpan<byte> inviteId)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentNullException.ThrowIfNull(terms);
        if (issuer.Certificate.PeerId != device.PeerId)
            throw new ArgumentException("The certificate is another device's.", nameof(issuer));
        var body = new Wire.Membership
        {
            RootKey = ByteString.CopyFrom(issuer.RootKey),
            MemberKey = ByteString.CopyFrom(memberKey),
            Terms = terms.ToWire(),
            Sequence = sequence,
            NotBefore = from.ToUnixTimeSeconds(),
            NotAfter = until?.ToUnixTimeSeconds() ?? 0,
            IssuerCertificate = issuer.Certificate.Signed,
            IssuerMembership = issuer.Membership?._signed,
            InviteId = ByteString.CopyFrom(inviteId),
        };
        var membership = new Membership(Statement.Sign(message => device.Sign(message), Statement.Membership, body), body, 0);
        membership.CheckTerms();
        return membership;
    }

    /// <summary>Reads a membership and checks its form, its signatures and its chain up to the network's root.</summary>
    /// <exception cref="StatementException">It is damaged, or someone signed who may not.</exception>
    public static Membership Parse(ReadOnlySpan<byte> bytes) => Read(Statement.Read(Signed.Parser, bytes, MaxBytes, What), 0);

    internal static Membership Read(Signed signed, int depth)
    {
        var membership = new Membership(signed, Statement.Read(Wire.Membership.Parser, signed.Body.Span, MaxBytes, What), depth);
        Statement.Verify(signed, Statement.Membership, membership.Issuer is { } issuer ? issuer.Certificate.DeviceKeyBytes : membership.RootKey, What);
        membership.CheckTerms();
        return membership;
    }

    internal Signed Signed => _signed;

    private void CheckTerms()
    {
        if (Issuer is not null && !Terms.IsWithin(Issuer.Terms))
            throw new StatementException($"{What} gives more than the one who admitted may give.");
    }

    /// <summary>Checks that it, and all it rests on, is valid at a time, give or take ten minutes for clocks that differ.</summary>
    /// <exception cref="StatementException">It is not.</exception>
    public void CheckTime(DateTimeOffset now)
    {
        Statement.CheckTime(NotBefore, NotAfter ?? DateTimeOffset.MaxValue - Statement.ClockSkew, now, What);

        // The certificate of the device that admitted may end, as it must within a year, without ending what was given while it was valid.
        Issuer?.Certificate.CheckTime(NotBefore);
        Issuer?.Membership?.CheckTime(now);
    }

    /// <summary>The membership as others read it.</summary>
    public byte[] ToBytes() => _signed.ToByteArray();
}
