using System.Buffers.Text;
using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Networks;

/// <summary>
/// A token that admits its bearer to a network. It is redeemed at the device that made it, which alone counts its uses. Immutable; an
/// instance was checked for its form, its signature and its issuer's chain, not for its time.
/// </summary>
public sealed class Invite
{
    /// <summary>How every token begins.</summary>
    public const string Prefix = "mycel-";

    /// <summary>Most uses.</summary>
    public const int MaxUses = 10_000;

    /// <summary>Longest validity.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromDays(366);

    /// <summary>Most characters of a token.</summary>
    public const int MaxTokenLength = 64 * 1024;

    private const int MaxBytes = MaxTokenLength * 3 / 4;
    private const int MaxNodes = 4;
    private const int MaxAddresses = 8;
    private const int MaxAddressLength = 260;
    private const string What = "The invite";

    private readonly byte[] _id;
    private readonly Signed _signed;

    private Invite(Signed signed, Wire.Invite body)
    {
        _signed = signed;
        _id = Statement.Bytes(body.InviteId, Membership.InviteIdSizeBytes, "An invite's id");
        Network = NetworkCharter.Read(body.Network);
        Terms = MemberTerms.Read(body.Terms);
        Uses = body.MaxUses is >= 1 and <= MaxUses ? (int)body.MaxUses : throw new StatementException($"{What} must have 1 to {MaxUses:N0} uses.");
        NotBefore = Statement.Time(body.NotBefore, What);
        NotAfter = Statement.Time(body.NotAfter, What);
        if (NotAfter <= NotBefore || NotAfter - NotBefore > MaxValidity)
            throw new StatementException($"{What} must be valid for 1 second to {MaxValidity.TotalDays} days.");
        Nodes = ReadNodes(body.Bootstrap);
        if (Nodes.Count == 0)
            throw new StatementException($"{What} names no node.");
        if (body.IssuerCertificate is null)
            throw new StatementException($"{What} does not say who made it.");
        Issuer = Issuer.Read(Network.RootKey, body.IssuerCertificate, body.IssuerMembership, 0);
        if (Nodes[0].PeerId != Issuer.Certificate.PeerId)
            throw new StatementException($"{What} does not name the device that made it first.");
        if (!Terms.IsWithin(Issuer.Terms))
            throw new StatementException($"{What} gives more than the one who made it may give.");
    }

    /// <summary>Its id, 32 hexadecimal digits; tells nothing that would let anyone redeem it.</summary>
    public string Id => Convert.ToHexStringLower(_id);

    internal ReadOnlySpan<byte> IdBytes => _id;

    /// <summary>The network.</summary>
    public NetworkCharter Network { get; }

    /// <summary>What the guest will be allowed.</summary>
    public MemberTerms Terms { get; }

    /// <summary>How many accounts it admits.</summary>
    public int Uses { get; }

    /// <summary>First moment of its validity.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Last moment of its validity.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Nodes to try, the one that redeems it first.</summary>
    public IReadOnlyList<InviteAddress> Nodes { get; }

    /// <summary>Who made it.</summary>
    public Issuer Issuer { get; }

    /// <summary>Makes an invite.</summary>
    /// <param name="device">The key of the device that makes it.</param>
    /// <param name="issuer">That device, with its proofs.</param>
    /// <param name="network">The network.</param>
    /// <param name="terms">What the guest will be allowed, at most what the issuer is.</param>
    /// <param name="uses">How many accounts it admits, 1 to 10,000.</param>
    /// <param name="from">When it begins.</param>
    /// <param name="validity">How long it lasts, at most <see cref="MaxValidity"/>.</param>
    /// <param name="nodes">Nodes to try, this device first, 1 to 4.</param>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static Invite Create(
        DeviceKey device, Issuer issuer, NetworkCharter network, MemberTerms terms, int uses, DateTimeOffset from, TimeSpan validity, IReadOnlyList<InviteAddress> nodes)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(nodes);
        if (issuer.Certificate.PeerId != device.PeerId)
            throw new ArgumentException("The certificate is another device's.", nameof(issuer));
        var body = new Wire.Invite
        {
            InviteId = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(Membership.InviteIdSizeBytes)),
            Network = network.Signed,
            Terms = terms.ToWire(),
            MaxUses = (uint)Math.Max(0, uses),
            NotBefore = from.ToUnixTimeSeconds(),
            NotAfter = (from + validity).ToUnixTimeSeconds(),
            IssuerCertificate = issuer.Certificate.Signed,
            IssuerMembership = issuer.Membership?.Signed,
        };
        body.Bootstrap.AddRange(nodes.Select(ToWire));
        return new Invite(Statement.Sign(message => device.Sign(message), Statement.Invite, body), body);
    }

    /// <summary>Reads a token as people paste it: white space around and inside it is ignored.</summary>
    /// <exception cref="StatementException">It is no token, damaged, or made by someone who may not.</exception>
    public static Invite Parse(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length > MaxTokenLength)
            throw new StatementException($"{What} has {token.Length:N0} characters; {MaxTokenLength:N0} are the most.");
        string text = string.Concat(token.Where(c => !char.IsWhiteSpace(c)));
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
            throw new StatementException($"This is no invite: it does not begin with \"{Prefix}\". Copy it whole, as `mycel invite create` printed it.");
        ReadOnlySpan<char> encoded = text.AsSpan(Prefix.Length);
        if (!Base64Url.IsValid(encoded))
            throw new StatementException($"{What} is damaged: a part of it is missing, or it holds characters that no invite has. Copy it whole.");
        try
        {
            return Read(Base64Url.DecodeFromChars(encoded));
        }
        catch (StatementException broken) when (broken.InnerException is InvalidProtocolBufferException)
        {
            throw new StatementException($"{What} is damaged: it was cut off or changed on the way. Copy it whole, from \"{Prefix}\" to its end.", broken);
        }
    }

    /// <summary>Reads the bytes of an invite.</summary>
    /// <exception cref="StatementException">It is damaged, or made by someone who may not.</exception>
    public static Invite Read(ReadOnlySpan<byte> bytes)
    {
        Signed signed = Statement.Read(Signed.Parser, bytes, MaxBytes, What);
        var invite = new Invite(signed, Statement.Read(Wire.Invite.Parser, signed.Body.Span, MaxBytes, What));
        Statement.Verify(signed, Statement.Invite, invite.Issuer.Certificate.DeviceKeyBytes, What);
        return invite;
    }

    /// <summary>Checks that it, and all it rests on, is valid at a time, give or take ten minutes for clocks that differ.</summary>
    /// <exception cref="StatementException">It is not.</exception>
    public void CheckTime(DateTimeOffset now)
    {
        Statement.CheckTime(NotBefore, NotAfter, now, What);
        Issuer.CheckTime(now);
    }

    /// <summary>The invite as bytes.</summary>
    public byte[] ToBytes() => _signed.ToByteArray();

    /// <summary>The token: letters, digits, <c>-</c> and <c>_</c>. Whoever has it may use it.</summary>
    public string ToToken() => Prefix + Base64Url.EncodeToString(ToBytes());

    internal static IReadOnlyList<InviteAddress> ReadNodes(IReadOnlyCollection<Bootstrap> wire)
    {
        if (wire.Count > MaxNodes)
            throw new StatementException($"At most {MaxNodes} nodes can be named.");
        var nodes = new List<InviteAddress>(wire.Count);
        foreach (Bootstrap node in wire)
        {
            if (node.Addresses.Count > MaxAddresses || node.Addresses.Any(address => address.Length is 0 or > MaxAddressLength || address.Any(char.IsControl)))
                throw new StatementException($"A node is named with more than {MaxAddresses} addresses, or with one that cannot be.");
            nodes.Add(new InviteAddress(new PeerId(Statement.Bytes(node.PeerId, PeerId.SizeBytes, "A peer id")), [.. node.Addresses]));
        }

        return nodes;
    }

    internal static Bootstrap ToWire(InviteAddress node)
    {
        var id = new byte[PeerId.SizeBytes];
        node.PeerId.CopyTo(id);
        var wire = new Bootstrap { PeerId = ByteString.CopyFrom(id) };
        wire.Addresses.AddRange(node.Addresses);
        return wire;
    }
}
