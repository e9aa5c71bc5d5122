namespace Mycel.Identity;

/// <summary>What a network is called between nodes: the SHA-256 of the raw Ed25519 public key of its root account, written as 64 lowercase hexadecimal digits.</summary>
/// <param name="Hash">The hash, in the form that peer ids have as well.</param>
public readonly record struct NetworkId(PeerId Hash)
{
    /// <summary>The id of the network whose root has this raw Ed25519 public key.</summary>
    /// <exception cref="ArgumentException"><paramref name="publicKey"/> has not 32 bytes.</exception>
    public static NetworkId FromPublicKey(ReadOnlySpan<byte> publicKey) => new(PeerId.FromPublicKey(publicKey));

    /// <summary>Reads a written id; false when it is not 64 lowercase hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out NetworkId id)
    {
        bool isId = PeerId.TryParse(text, out PeerId hash);
        id = new NetworkId(hash);
        return isId;
    }

    /// <summary>The id as 64 lowercase hexadecimal digits.</summary>
    public override string ToString() => Hash.ToString();
}
