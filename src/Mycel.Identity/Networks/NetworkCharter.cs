using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Networks;

/// <summary>What a network is, as its root account says. Immutable; an instance was checked for its form and signature.</summary>
public sealed class NetworkCharter
{
    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 1024;

    private const string What = "The network's charter";

    private readonly byte[] _rootKey;

    private NetworkCharter(Signed signed, Network body)
    {
        Signed = signed;
        _rootKey = Statement.Bytes(body.RootKey, DeviceKey.PublicKeySizeBytes, "The network's root key");
        Id = NetworkId.FromPublicKey(_rootKey);
        Name = Statement.Name(body.Name, "A network's name");
        IsPublic = body.IsPublic;
        Sequence = body.Sequence;
    }

    internal Signed Signed { get; }

    /// <summary>The root account's raw public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> RootKey => _rootKey;

    /// <summary>The root account.</summary>
    public AccountId RootAccount => new(Id.Hash);

    /// <summary>The network's id.</summary>
    public NetworkId Id { get; }

    /// <summary>Its name, for people.</summary>
    public string Name { get; }

    /// <summary>Whether newcomers are admitted without an invite.</summary>
    public bool IsPublic { get; }

    /// <summary>A charter with a higher one replaces one with a lower.</summary>
    public ulong Sequence { get; }

    /// <summary>Founds a network, or changes it.</summary>
    /// <param name="root">The account that it belongs to.</param>
    /// <param name="name">1 to 64 characters.</param>
    /// <param name="isPublic">Whether newcomers are admitted without an invite.</param>
    /// <param name="sequence">1, or one more than the charter before has.</param>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static NetworkCharter Issue(AccountKey root, string name, bool isPublic, ulong sequence = 1)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(name);
        var body = new Network { RootKey = ByteString.CopyFrom(root.PublicKey), Name = name, IsPublic = isPublic, Sequence = sequence };
        return new NetworkCharter(Statement.Sign(message => root.Sign(message), Statement.Network, body), body);
    }

    /// <summary>Reads a charter and checks its form and signature.</summary>
    /// <exception cref="StatementException">It is damaged or not signed by its root.</exception>
    public static NetworkCharter Parse(ReadOnlySpan<byte> bytes) => Read(Statement.Read(Signed.Parser, bytes, MaxBytes, What));

    internal static NetworkCharter Read(Signed? signed)
    {
        if (signed is null)
            throw new StatementException($"{What} is missing.");
        var charter = new NetworkCharter(signed, Statement.Read(Network.Parser, signed.Body.Span, MaxBytes, What));
        Statement.Verify(signed, Statement.Network, charter.RootKey, What);
        return charter;
    }

    /// <summary>The charter as others read it.</summary>
    public byte[] ToBytes() => Signed.ToByteArray();
}
