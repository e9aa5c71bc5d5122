namespace Mycel.Identity;

/// <summary>Who a person is: the SHA-256 of the raw Ed25519 account public key, written as 64 lowercase hexadecimal digits.</summary>
/// <param name="Hash">The hash, in the form that peer ids have as well.</param>
public readonly record struct AccountId(PeerId Hash)
{
    /// <summary>The id of the account that has this raw Ed25519 public key.</summary>
    /// <exception cref="ArgumentException"><paramref name="publicKey"/> has not 32 bytes.</exception>
    public static AccountId FromPublicKey(ReadOnlySpan<byte> publicKey) => new(PeerId.FromPublicKey(publicKey));

    /// <summary>Reads a written id; false when it is not 64 lowercase hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out AccountId id)
    {
        bool isId = PeerId.TryParse(text, out PeerId hash);
        id = new AccountId(hash);
        return isId;
    }

    /// <summary>The id as 64 lowercase hexadecimal digits.</summary>
    public override string ToString() => Hash.ToString();
}
