using System.Security.Cryptography;
using Mycel.Identity.Crypto;

namespace Mycel.Identity;

/// <summary>
/// The Ed25519 key of one person, kept in the file <c>account.key</c> (mode 0600 in a folder of mode 0700), by choice encrypted with a
/// passphrase. It certifies the person's devices and casts them out. Safe for use from several threads.
/// </summary>
public sealed class AccountKey : IDisposable
{
    /// <summary>Name of the key file in its folder.</summary>
    public const string FileName = "account.key";

    private readonly SigningKey _key;

    internal AccountKey(ReadOnlySpan<byte> seed)
    {
        _key = new SigningKey(seed);
        AccountId = AccountId.FromPublicKey(_key.PublicKey);
    }

    /// <summary>Who the person is, as others see them.</summary>
    public AccountId AccountId { get; }

    /// <summary>The raw public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => _key.PublicKey;

    internal ReadOnlySpan<byte> Seed => _key.Seed;

    /// <summary>Makes a new random key, in memory only.</summary>
    public static AccountKey Create()
    {
        Span<byte> seed = stackalloc byte[IEd25519.SeedSizeBytes];
        RandomNumberGenerator.Fill(seed);
        try
        {
            return new AccountKey(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Reads the key of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="passphrase">Opens an encrypted file; null where none is known.</param>
    /// <returns>Null when the folder has no key file.</returns>
    /// <exception cref="LockedKeyException">The file is encrypted, and the passphrase is absent or wrong.</exception>
    /// <exception cref="IdentityException">The file is damaged or open to other users.</exception>
    public static AccountKey? Load(string folder, string? passphrase = null) => Read(Path.Combine(Path.GetFullPath(folder), FileName), passphrase, ownerOnly: true);

    /// <summary>Reads a file that <see cref="Export"/> wrote.</summary>
    /// <exception cref="LockedKeyException">It is encrypted, and the passphrase is absent or wrong.</exception>
    /// <exception cref="IdentityException">It is damaged or absent.</exception>
    public static AccountKey Import(string path, string? passphrase = null)
        => Read(path, passphrase, ownerOnly: false) ?? throw new IdentityException($"There is no file {path}.");

    /// <summary>Writes the key into a folder, where it replaces any that is there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="passphrase">Encrypts the file; null leaves it readable for its owner.</param>
    /// <exception cref="IOException">The disk is full or failed; what was there is unchanged.</exception>
    public void Save(string folder, string? passphrase = null)
    {
        PrivateFolder.Ensure(folder);
        Export(Path.Combine(Path.GetFullPath(folder), FileName), passphrase);
    }

    /// <summary>Writes the key into a file of mode 0600.</summary>
    /// <param name="path">The file.</param>
    /// <param name="passphrase">Encrypts the file; null leaves it readable for its owner.</param>
    /// <exception cref="IOException">The disk is full or failed; what was there is unchanged.</exception>
    public void Export(string path, string? passphrase = null)
    {
        byte[] content = AccountKeyFile.Encode(this, passphrase);
        try
        {
            AtomicFile.Write(path, content);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Signs the message: 64 bytes.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message) => _key.Sign(message);

    /// <summary>Fills <paramref name="destination"/> with a key for one other use, as <see cref="DeviceKey.DeriveKey"/> does.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    internal void DeriveKey(string info, Span<byte> destination) => _key.Derive(info, destination);

    /// <summary>Erases the key from memory.</summary>
    public void Dispose() => _key.Dispose();

    private static AccountKey? Read(string path, string? passphrase, bool ownerOnly)
    {
        byte[]? content = BoundedFile.Read(path, AccountKeyFile.MaxBytes, ownerOnly);
        if (content is null)
            return null;
        try
        {
            return AccountKeyFile.Decode(content, passphrase, path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }
}
