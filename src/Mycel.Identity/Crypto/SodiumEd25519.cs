using System.Security.Cryptography;

namespace Mycel.Identity.Crypto;

/// <summary>Ed25519 by libsodium.</summary>
internal sealed class SodiumEd25519 : IEd25519
{
    /// <inheritdoc/>
    public void KeyPairFromSeed(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> secretKey)
    {
        RequireLength(seed.Length, IEd25519.SeedSizeBytes, nameof(seed));
        RequireLength(publicKey.Length, DeviceKey.PublicKeySizeBytes, nameof(publicKey));
        RequireLength(secretKey.Length, IEd25519.SecretKeySizeBytes, nameof(secretKey));
        Sodium.EnsureLoaded();
        if (Sodium.SignSeedKeyPair(publicKey, secretKey, seed) != 0)
            throw new CryptographicException("libsodium could not compute the key pair.");
    }

    /// <inheritdoc/>
    public void Sign(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        RequireLength(secretKey.Length, IEd25519.SecretKeySizeBytes, nameof(secretKey));
        RequireLength(signature.Length, DeviceKey.SignatureSizeBytes, nameof(signature));
        Sodium.EnsureLoaded();
        if (Sodium.SignDetached(signature, 0, message, (ulong)message.Length, secretKey) != 0)
            throw new CryptographicException("libsodium could not sign.");
    }

    /// <inheritdoc/>
    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        RequireLength(publicKey.Length, DeviceKey.PublicKeySizeBytes, nameof(publicKey));
        RequireLength(signature.Length, DeviceKey.SignatureSizeBytes, nameof(signature));
        Sodium.EnsureLoaded();
        return Sodium.SignVerifyDetached(signature, message, (ulong)message.Length, publicKey) == 0;
    }

    // The library writes and reads fixed lengths whatever the buffer's: a wrong one must not reach it.
    private static void RequireLength(int actual, int expected, string name)
    {
        if (actual != expected)
            throw new ArgumentException($"Needs {expected} bytes, got {actual}.", name);
    }
}
