using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Mycel.Identity.Crypto;

namespace Mycel.Identity;

/// <summary>
/// Secrets by name (provider keys and the like) in the file <c>secrets.json</c>. Each value is encrypted with XChaCha20-Poly1305
/// under a key derived from the device key and bound to its name; a value never reaches the disk in the clear. Every
/// call reads the file afresh, so several processes may use one store at once. Safe for use from several threads.
/// </summary>
public sealed class SecretStore : IDisposable
{
    /// <summary>Name of the file in its folder.</summary>
    public const string FileName = "secrets.json";

    /// <summary>Longest name, in characters. Names are made of letters, digits, '.', '_' and '-'.</summary>
    public const int MaxNameLength = 128;

    /// <summary>Largest value, in bytes of UTF-8 (64 KiB).</summary>
    public const int MaxValueBytes = 64 * 1024;

    /// <summary>Most secrets in one store.</summary>
    public const int MaxCount = 10_000;

    /// <summary>Largest file, in bytes (16 MiB), for it is read into memory whole: room for 10,000 keys, or 180 values of the largest size.</summary>
    public const int MaxFileBytes = 16 * 1024 * 1024;

    private const string KeyUse = "mycel/secret-store/1";
    private const string BindingPrefix = "mycel/secret/1:";

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _folder;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly byte[] _key = GC.AllocateArray<byte>(XChaCha20Poly1305.KeySizeBytes, pinned: true);
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <summary>A store in the given folder. Touches no file; the store's file is made by the first <see cref="Set"/>.</summary>
    /// <param name="folder">Folder of the file, usually the one of the device key.</param>
    /// <param name="deviceKey">Key that the store's own key is derived from; not needed any more afterwards.</param>
    /// <param name="time">Clock for the times of change.</param>
    public SecretStore(string folder, DeviceKey deviceKey, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(deviceKey);
        ArgumentNullException.ThrowIfNull(time);
        _folder = Path.GetFullPath(folder);
        _path = Path.Combine(_folder, FileName);
        _time = time;
        deviceKey.DeriveKey(KeyUse, _key);
    }

    /// <summary>All secrets, without their values, ordered by name; the damaged ones are marked.</summary>
    /// <exception cref="IdentityException">The file is no store.</exception>
    public IReadOnlyList<SecretInfo> List()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var secrets = new List<SecretInfo>();
            foreach ((string name, SecretEntry? entry) in SecretFile.Read(_path).Entries())
            {
                byte[]? plain = entry is null ? null : Open(name, entry);
                secrets.Add(new SecretInfo(name, entry?.UpdatedAt, Damaged: plain is null));
                CryptographicOperations.ZeroMemory(plain);
            }

            secrets.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
            return secrets;
        }
    }

    /// <summary>The value of a secret, or null when there is none of that name.</summary>
    /// <exception cref="DamagedSecretException">It cannot be decrypted.</exception>
    /// <exception cref="IdentityException">The file is no store.</exception>
    public string? Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            SecretFile file = SecretFile.Read(_path);
            if (!file.Contains(name))
                return null;
            byte[] plain = (file.Find(name) is { } entry ? Open(name, entry) : null)
                ?? throw new DamagedSecretException(name, _path);
            string value = Encoding.UTF8.GetString(plain);
            CryptographicOperations.ZeroMemory(plain);
            return value;
        }
    }

    /// <summary>Stores a secret, in place of the one of that name if there is one. All others, damaged ones too, stay as they are.</summary>
    /// <param name="name">1–128 characters of [a-zA-Z0-9._-].</param>
    /// <param name="value">1–65,536 bytes in UTF-8.</param>
    /// <exception cref="ArgumentException">The name or the value is outside its bounds; the message says how and never repeats the value.</exception>
    /// <exception cref="IdentityException">The store is full, the file is no store, the folder is open to others, or another process keeps the lock.</exception>
    /// <exception cref="IOException">The disk is full or failed; the store is as it was.</exception>
    public void Set(string name, string value)
    {
        RequireName(name);
        byte[] plain = Encode(value);
        try
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                PrivateFolder.Ensure(_folder);
                using FileLock held = HoldFile();
                SecretFile file = SecretFile.Read(_path);
                if (file.Count >= MaxCount && !file.Contains(name))
                    throw new IdentityException($"{_path} is full: it holds {MaxCount:N0} secrets. Remove some that are not needed any more.");
                byte[] box = XChaCha20Poly1305.Seal(_key, plain, BindingOf(name));
                file.Put(name, new SecretEntry(_time.GetUtcNow(), box));
                file.Write(_path);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Deletes a secret, damaged or not; false when there is none of that name.</summary>
    /// <exception cref="IdentityException">The file is no store, or another process keeps the lock.</exception>
    /// <exception cref="IOException">The disk is full or failed; the store is as it was.</exception>
    public bool Remove(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!File.Exists(_path))
                return false;
            using FileLock held = HoldFile();
            SecretFile file = SecretFile.Read(_path);
            if (!file.Remove(name))
                return false;
            file.Write(_path);
            return true;
        }
    }

    /// <summary>Whether <see cref="Set"/> accepts the name.</summary>
    public static bool IsValidName(string? name)
        => name is { Length: > 0 and <= MaxNameLength } && !name.AsSpan().ContainsAnyExcept(NameCharacters);

    /// <summary>Erases the store's key from memory.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_key);
        }
    }

    private FileLock HoldFile() => FileLock.Acquire(_path + ".lock");

    private byte[]? Open(string name, SecretEntry entry) => XChaCha20Poly1305.Open(_key, entry.Box, BindingOf(name));

    // Binding a value to its name keeps anyone who can write the file from handing one service the key of another.
    private static byte[] BindingOf(string name) => Encoding.UTF8.GetBytes(BindingPrefix + name);

    private static void RequireName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsValidName(name))
            throw new ArgumentException($"A secret's name has 1 to {MaxNameLength} of these characters: a-z A-Z 0-9 . _ -", nameof(name));
    }

    private static byte[] Encode(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Length == 0)
            throw new ArgumentException("The secret's value is empty. Give one, or remove the secret.", nameof(value));
        if (value.Length > MaxValueBytes)
            throw TooLong();
        byte[] plain = GC.AllocateArray<byte>(StrictUtf8.GetMaxByteCount(value.Length), pinned: true);
        int length;
        try
        {
            length = StrictUtf8.GetBytes(value, plain);
        }
        catch (EncoderFallbackException)
        {
            CryptographicOperations.ZeroMemory(plain);
            throw new ArgumentException("The secret's value is not valid Unicode text. Store binary values as Base64.", nameof(value));
        }

        byte[] exact = GC.AllocateArray<byte>(length, pinned: true);
        plain.AsSpan(0, length).CopyTo(exact);
        CryptographicOperations.ZeroMemory(plain);
        return length <= MaxValueBytes ? exact : throw TooLong();

        static ArgumentException TooLong()
            => new($"The secret's value is too long: at most {MaxValueBytes:N0} bytes are possible.", nameof(value));
    }
}
