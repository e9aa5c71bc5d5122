using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Mycel.Identity.Crypto;

namespace Mycel.Identity;

/// <summary>
/// The key that all devices of one account share, in the file <c>fleet.key</c> (mode 0600): what it seals, only they can open. It follows from the
/// account key, and is kept beside it because a node runs without the passphrase of an encrypted account key. It certifies nothing: whoever gets hold
/// of it reads what the devices seal for each other, and is no device by that. Safe for use from several threads.
/// </summary>
public sealed class FleetKey : IDisposable
{
    /// <summary>Name of the key file in its folder.</summary>
    public const string FileName = "fleet.key";

    /// <summary>What sealing adds to a message, in bytes.</summary>
    public const int OverheadBytes = XChaCha20Poly1305.OverheadBytes;

    /// <summary>What the key is derived from the account key with.</summary>
    public const string DerivedFor = "mycel/fleet/1";

    private const string Heading = "mycel fleet key 1 - secret, never share this file";
    private const int MaxFileBytes = 1024;
    private readonly byte[] _key = GC.AllocateArray<byte>(XChaCha20Poly1305.KeySizeBytes, pinned: true);

    private FleetKey(AccountId account) => AccountId = account;

    /// <summary>Whose devices share it.</summary>
    public AccountId AccountId { get; }

    /// <summary>The key of an account.</summary>
    public static FleetKey Of(AccountKey account)
    {
        ArgumentNullException.ThrowIfNull(account);
        var fleet = new FleetKey(account.AccountId);
        account.DeriveKey(DerivedFor, fleet._key);
        return fleet;
    }

    /// <summary>The key of the account that a folder's device belongs to: from the account key, which also puts the file right, or else from the file.</summary>
    /// <param name="folder">The data folder, which exists.</param>
    /// <param name="account">The account key; null where it is not at hand.</param>
    /// <param name="owner">The account that the device belongs to.</param>
    /// <returns>Null where the account key is not at hand and the file is absent, damaged or of another account.</returns>
    /// <exception cref="IdentityException">The file is open to other users.</exception>
    internal static FleetKey? LoadOrCreate(string folder, AccountKey? account, AccountId owner)
    {
        string path = Path.Combine(folder, FileName);
        byte[]? content = BoundedFile.Read(path, MaxFileBytes, ownerOnly: true);
        try
        {
            FleetKey? stored = content is null ? null : Decode(content);
            if (account is null)
            {
                if (stored is null || stored.AccountId == owner)
                    return stored;
                stored.Dispose();
                return null;
            }

            FleetKey own = Of(account);
            if (stored is null || !CryptographicOperations.FixedTimeEquals(stored._key, own._key))
                own.Save(path);
            stored?.Dispose();
            return own;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Seals a message, so that only devices of the account can read it, and none other could have made it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="purpose">What it is for, such as <c>mycel/lan/1</c>; what was sealed for one purpose does not open for another.</param>
    public byte[] Seal(ReadOnlySpan<byte> message, string purpose) => XChaCha20Poly1305.Seal(_key, message, Encoding.ASCII.GetBytes(purpose));

    /// <summary>Opens what <see cref="Seal"/> made; null where it is not of this account or purpose, or not as it was.</summary>
    public byte[]? Open(ReadOnlySpan<byte> box, string purpose) => XChaCha20Poly1305.Open(_key, box, Encoding.ASCII.GetBytes(purpose));

    /// <summary>Erases the key from memory.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private void Save(string path)
    {
        byte[] content = Encoding.ASCII.GetBytes($"{Heading}\nkey {Convert.ToHexStringLower(_key)}\naccount {AccountId}\n");
        AtomicFile.Write(path, content);
        CryptographicOperations.ZeroMemory(content);
    }

    private static FleetKey? Decode(ReadOnlySpan<byte> content)
    {
        string[] lines = Encoding.ASCII.GetString(content).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines is not [Heading, { } key, { } account] || !key.StartsWith("key ", StringComparison.Ordinal) || !account.StartsWith("account ", StringComparison.Ordinal))
            return null;
        string hex = key["key ".Length..];
        if (hex.Length != 2 * XChaCha20Poly1305.KeySizeBytes || !AccountId.TryParse(account.AsSpan("account ".Length), out AccountId id))
            return null;
        var fleet = new FleetKey(id);
        return Convert.FromHexString(hex, fleet._key, out _, out _) == OperationStatus.Done ? fleet : null;
    }
}
