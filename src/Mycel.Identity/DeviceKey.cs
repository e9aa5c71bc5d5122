using System.Security.Cryptography;
using Mycel.Identity.Crypto;

namespace Mycel.Identity;

/// <summary>
/// The Ed25519 key of one node, kept in the file <c>device.key</c> (mode 0600 in a folder of mode 0700). It signs for the node,
/// and keys for other uses are derived from it. Safe for use from several threads; dispose it only after the last use.
/// </summary>
public sealed class DeviceKey : IDisposable
{
    /// <summary>Name of the key file in its folder.</summary>
    public const string FileName = "device.key";

    /// <summary>Length of a raw Ed25519 public key, in bytes.</summary>
    public const int PublicKeySizeBytes = 32;

    /// <summary>Length of an Ed25519 signature, in bytes.</summary>
    public const int SignatureSizeBytes = 64;

    private readonly SigningKey _key;

    internal DeviceKey(ReadOnlySpan<byte> seed)
    {
        _key = new SigningKey(seed);
        PeerId = PeerId.FromPublicKey(_key.PublicKey);
    }

    /// <summary>Who the node is, as others see it.</summary>
    public PeerId PeerId { get; }

    /// <summary>The raw public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => _key.PublicKey;

    /// <summary>
    /// Reads the key file of a folder; at the first start makes the folder and a new random key. Processes that do so at the
    /// same moment all get the same key.
    /// </summary>
    /// <exception cref="IdentityException">The file or folder is open to other users, or the file is damaged. Neither is changed.</exception>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    /// <exception cref="DllNotFoundException">libsodium is not installed; the message names the package.</exception>
    public static DeviceKey LoadOrCreate(string folder)
    {
        PrivateFolder.Ensure(folder);
        string path = Path.Combine(Path.GetFullPath(folder), FileName);
        return Load(path) ?? Create(path);
    }

    /// <summary>Signs the message: 64 bytes, the same each time for the same message.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message) => _key.Sign(message);

    /// <summary>Whether the signature over the message was made by the holder of that public key. Wrong lengths are simply not valid.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
        => publicKey.Length == PublicKeySizeBytes
            && signature.Length == SignatureSizeBytes
            && IEd25519.Default.Verify(publicKey, message, signature);

    /// <summary>
    /// Fills <paramref name="destination"/> with a key for one other use: HKDF-SHA256 of the seed, without salt. The same use always
    /// gets the same key; keys of two uses tell nothing of each other or of the device key. The caller erases it after use.
    /// </summary>
    /// <param name="info">What the key is for, with a version, such as <c>mycel/secret-store/1</c>.</param>
    /// <param name="destination">Where the key goes, 1–8,160 bytes.</param>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public void DeriveKey(string info, Span<byte> destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(info);
        _key.Derive(info, destination);
    }

    /// <summary>Erases the key from memory.</summary>
    public void Dispose() => _key.Dispose();

    private static DeviceKey? Load(string path)
    {
        byte[]? content = BoundedFile.Read(path, DeviceKeyFile.MaxBytes, ownerOnly: true);
        if (content is null)
            return null;
        try
        {
            return DeviceKeyFile.Decode(content)
                ?? throw new IdentityException(
                    $"{path} is damaged. Restore it from a backup. Without one, move it away: the node then gets a new identity, "
                    + "and stored secrets must be set again.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static DeviceKey Create(string path)
    {
        // Whoever waited here finds, at the second look, the key of the process that was first.
        using FileLock held = FileLock.Acquire(path + ".lock");
        if (Load(path) is { } existing)
            return existing;
        Span<byte> seed = stackalloc byte[IEd25519.SeedSizeBytes];
        RandomNumberGenerator.Fill(seed);
        var key = new DeviceKey(seed);
        byte[] content = DeviceKeyFile.Encode(seed, key.PeerId);
        try
        {
            AtomicFile.Write(path, content);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
            CryptographicOperations.ZeroMemory(content);
        }
    }
}
