namespace Mycel.Identity.Crypto;

/// <summary>Ed25519 signatures (RFC 8032), as one library or another computes them.</summary>
internal interface IEd25519
{
    /// <summary>Length of the random seed that a key pair follows from, in bytes.</summary>
    const int SeedSizeBytes = 32;

    /// <summary>Length of the secret key, in bytes: the seed, then the public key.</summary>
    const int SecretKeySizeBytes = 64;

    /// <summary>The one in use. Set by simulations alone, whose own keys cost less; any other key must be computed as ever.</summary>
    static IEd25519 Default { get; set; } = new SodiumEd25519();

    /// <summary>Computes the key pair of a 32-byte seed into 32 and 64 bytes.</summary>
    void KeyPairFromSeed(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> secretKey);

    /// <summary>Signs with the 64-byte secret key into 64 bytes.</summary>
    void Sign(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, Span<byte> signature);

    /// <summary>Whether the 64-byte signature is valid; non-canonical signatures and public keys of small order are not.</summary>
    bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
