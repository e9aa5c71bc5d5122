using System.Security.Cryptography;
using System.Text;

namespace Mycel.Identity.Crypto;

/// <summary>An Ed25519 key pair in memory. Safe for use from several threads; disposed only after the last use.</summary>
internal sealed class SigningKey : IDisposable
{
    private readonly byte[] _publicKey = new byte[DeviceKey.PublicKeySizeBytes];

    // Pinned, so that the garbage collector leaves no copy behind that could not be erased.
    private readonly byte[] _secretKey = GC.AllocateArray<byte>(IEd25519.SecretKeySizeBytes, pinned: true);
    private volatile bool _disposed;

    public SigningKey(ReadOnlySpan<byte> seed) => IEd25519.Default.KeyPairFromSeed(seed, _publicKey, _secretKey);

    /// <summary>The raw public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>The 32 bytes that the key follows from.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public ReadOnlySpan<byte> Seed
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _secretKey.AsSpan(0, IEd25519.SeedSizeBytes);
        }
    }

    /// <summary>Signs: 64 bytes, the same each time for the same message.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var signature = new byte[DeviceKey.SignatureSizeBytes];
        IEd25519.Default.Sign(_secretKey, message, signature);
        return signature;
    }

    /// <summary>HKDF-SHA256 of the seed, without salt.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public void Derive(string info, Span<byte> destination) => HKDF.DeriveKey(HashAlgorithmName.SHA256, Seed, destination, salt: [], Encoding.UTF8.GetBytes(info));

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_secretKey);
    }
}
