using System.Security.Cryptography;

namespace Mycel.Identity.Crypto;

/// <summary>Argon2id (RFC 9106) by libsodium: a key from a passphrase, slow on purpose.</summary>
internal static class Argon2id
{
    /// <summary>Length of the salt, in bytes.</summary>
    public const int SaltSizeBytes = 16;

    private const int Algorithm = 2;

    /// <summary>Fills <paramref name="key"/>. Takes about half a second and the memory asked for.</summary>
    /// <exception cref="CryptographicException">There is not the memory.</exception>
    public static void Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, Argon2Cost cost, Span<byte> key)
    {
        if (salt.Length != SaltSizeBytes)
            throw new ArgumentException($"Needs {SaltSizeBytes} bytes, got {salt.Length}.", nameof(salt));
        Sodium.EnsureLoaded();
        if (Sodium.PasswordHash(key, (ulong)key.Length, passphrase, (ulong)passphrase.Length, salt, (ulong)cost.Passes, (nuint)cost.MemoryMiB << 20, Algorithm) != 0)
            throw new CryptographicException($"The passphrase could not be checked: {cost.MemoryMiB} MiB of memory are needed for it.");
    }
}

/// <summary>What one try at a passphrase costs.</summary>
/// <param name="Passes">Passes over the memory, 1 to 16.</param>
/// <param name="MemoryMiB">Memory, 8 to 1,024 MiB.</param>
internal readonly record struct Argon2Cost(int Passes, int MemoryMiB)
{
    /// <summary>For new files: RFC 9106's second recommendation has 64 MiB and 3 passes; memory is cheap where models run.</summary>
    public static Argon2Cost Default => new(3, 256);

    /// <summary>Whether a file may ask for it.</summary>
    public bool IsSane => Passes is >= 1 and <= 16 && MemoryMiB is >= 8 and <= 1024;
}
