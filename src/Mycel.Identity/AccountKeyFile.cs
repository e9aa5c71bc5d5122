using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Mycel.Identity.Crypto;

namespace Mycel.Identity;

/// <summary>
/// The text form of an account key: a heading, then lines of a word and a value. In the clear: <c>seed</c>. Encrypted: the cost
/// and salt of Argon2id, and the seed under XChaCha20-Poly1305 with the public key as associated data. The account id is in both, to be
/// read by people and to tell a damaged file from a good one.
/// </summary>
internal static class AccountKeyFile
{
    /// <summary>Largest size of the file, in bytes.</summary>
    public const int MaxBytes = 2048;

    private const string PlainHeading = "mycel account key 1 - secret, never share this file";
    private const string LockedHeading = "mycel account key 1, encrypted";
    private const int KeySizeBytes = 32;

    /// <summary>The file's bytes; the caller erases them.</summary>
    public static byte[] Encode(AccountKey key, string? passphrase)
    {
        if (passphrase is null)
            return Text(PlainHeading, ("seed", Convert.ToHexStringLower(key.Seed)), ("account", key.AccountId.ToString()));
        byte[] salt = RandomNumberGenerator.GetBytes(Argon2id.SaltSizeBytes);
        Argon2Cost cost = Argon2Cost.Default;
        Span<byte> secret = stackalloc byte[KeySizeBytes];
        DeriveKey(passphrase, salt, cost, secret);
        try
        {
            return Text(
                LockedHeading,
                ("argon2id", $"{cost.Passes} {cost.MemoryMiB}"),
                ("salt", Convert.ToHexStringLower(salt)),
                ("sealed", Convert.ToHexStringLower(XChaCha20Poly1305.Seal(secret, key.Seed, key.PublicKey))),
                ("key", Convert.ToHexStringLower(key.PublicKey)),
                ("account", key.AccountId.ToString()));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>The key in the file's bytes.</summary>
    /// <exception cref="LockedKeyException">It is encrypted, and the passphrase is absent or wrong.</exception>
    /// <exception cref="IdentityException">It is damaged.</exception>
    public static AccountKey Decode(ReadOnlySpan<byte> content, string? passphrase, string path)
    {
        string[] lines = Encoding.ASCII.GetString(content).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var fields = lines.Skip(1).Select(line => line.Split(' ', 2)).Where(pair => pair.Length == 2).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1]);
        AccountKey? key = lines.FirstOrDefault() switch
        {
            PlainHeading => Hex(fields, "seed", IEd25519.SeedSizeBytes) is { } seed ? FromSeed(seed) : null,
            LockedHeading => Unlock(fields, passphrase, path),
            _ => null,
        };
        if (key is not null && fields.GetValueOrDefault("account") == key.AccountId.ToString())
            return key;
        key?.Dispose();
        throw new IdentityException($"{path} is damaged, or no account key. Restore it from a backup, or from `mycel account export` on another device.");
    }

    private static AccountKey? Unlock(Dictionary<string, string> fields, string? passphrase, string path)
    {
        string[] costs = fields.GetValueOrDefault("argon2id", "").Split(' ');
        if (costs.Length != 2 || !int.TryParse(costs[0], out int passes) || !int.TryParse(costs[1], out int memory) || new Argon2Cost(passes, memory) is not { IsSane: true } cost)
            return null;
        if (Hex(fields, "salt", Argon2id.SaltSizeBytes) is not { } salt
            || Hex(fields, "sealed", IEd25519.SeedSizeBytes + XChaCha20Poly1305.OverheadBytes) is not { } sealedSeed
            || Hex(fields, "key", DeviceKey.PublicKeySizeBytes) is not { } publicKey)
        {
            return null;
        }

        if (passphrase is null)
            throw new LockedKeyException($"{path} is encrypted: its passphrase is needed.");
        Span<byte> secret = stackalloc byte[KeySizeBytes];
        DeriveKey(passphrase, salt, cost, secret);
        byte[]? seed = XChaCha20Poly1305.Open(secret, sealedSeed, publicKey);
        CryptographicOperations.ZeroMemory(secret);
        return seed is null ? throw new LockedKeyException($"The passphrase does not open {path}.") : FromSeed(seed);
    }

    private static AccountKey FromSeed(byte[] seed)
    {
        try
        {
            return new AccountKey(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static byte[]? Hex(Dictionary<string, string> fields, string name, int length)
    {
        var bytes = new byte[length];
        return fields.TryGetValue(name, out string? text) && text.Length == 2 * length && Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done ? bytes : null;
    }

    private static void DeriveKey(string passphrase, byte[] salt, Argon2Cost cost, Span<byte> key)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(passphrase);
        Argon2id.Derive(bytes, salt, cost, key);
        CryptographicOperations.ZeroMemory(bytes);
    }

    private static byte[] Text(string heading, params (string Name, string Value)[] fields)
        => Encoding.ASCII.GetBytes(heading + "\n" + string.Concat(fields.Select(field => $"{field.Name} {field.Value}\n")));
}
