using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Node.Configuration;

namespace Mycel.Node.Admission;

/// <summary>
/// The keys in the data folder's <c>keys.json</c>. Several processes may use one folder at once; a change by one is in force in the others
/// within <see cref="WatchMilliseconds"/>. Safe for use from several threads.
/// </summary>
internal sealed class KeyStore : IKeyStore, IDisposable
{
    /// <summary>Live keys at most.</summary>
    public const int MaxKeys = 10_000;

    /// <summary>Time between two looks at the file, in milliseconds. A look is one system call; unlike notices from the
    /// system it works on every file system and cannot run out.</summary>
    public const int WatchMilliseconds = 500;

    private const int SecretBytes = 32;
    private const int PrefixLength = 10;
    private const string SecretStart = "mycel-";

    private readonly string _folder;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private volatile KeyFileContent _content = KeyFileContent.Empty;
    private FileStamp _seen;
    private bool _isUnreadable;
    private ITimer? _timer;

    private KeyStore(string folder, TimeProvider time)
    {
        _folder = folder;
        _path = Path.Combine(folder, KeyFile.Name);
        _time = time;
    }

    /// <inheritdoc/>
    public bool HasKeys => _content.Keys.Count > 0;

    /// <summary>The live keys, oldest first.</summary>
    public IReadOnlyList<AccessKey> Keys => _content.Keys;

    /// <summary>Opens the keys of a data folder. A folder or file that does not exist is one without keys.</summary>
    /// <exception cref="KeyStoreException">The file is damaged: without its keys the node must not start.</exception>
    public static KeyStore Open(string folder, TimeProvider time)
    {
        var store = new KeyStore(folder, time);
        store._seen = FileStamp.Of(store._path);
        store._content = KeyFile.Read(store._path) ?? KeyFileContent.Empty;
        return store;
    }

    /// <inheritdoc/>
    public AccessKey? Find(ReadOnlySpan<char> secret)
    {
        if (secret.Length > KeyHash.MaxSecretLength) return null;
        return _content.ByHash.TryGetValue(KeyHash.Of(secret), out var key) ? key : null;
    }

    /// <summary>Makes a key. The secret is in the result and nowhere else.</summary>
    /// <param name="name">Its name, unlike that of any live key; see <see cref="KeyRules"/>.</param>
    /// <param name="scope">What it may be used for.</param>
    /// <param name="concurrent">Requests at once, 0 for no limit, or null for the configured limit.</param>
    /// <param name="rate">Rate, or null for the configured limit.</param>
    /// <param name="budget">The most it may spend, or null for no bound.</param>
    /// <exception cref="KeyStoreException">Name or limit are not accepted, the store is full or damaged.</exception>
    /// <exception cref="IdentityException">The folder is open to others, or another process keeps the lock.</exception>
    /// <exception cref="IOException">The disk is full or failed; nothing was made.</exception>
    public (AccessKey Key, string Secret) Create(string? name, KeyScope scope, int? concurrent = null, RateLimit? rate = null, CreditBudget? budget = null)
    {
        if ((KeyRules.FaultOfName(name) ?? KeyRules.FaultOfConcurrent(concurrent)) is { } fault) throw new KeyStoreException(KeyStoreFault.Invalid, fault);
        var secret = SecretStart + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var key = Change(content =>
        {
            if (content.Keys.Any(other => other.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                throw new KeyStoreException(KeyStoreFault.NameTaken, $"There is a key named {name} already; choose another name, or revoke that one first.");
            if (content.Keys.Count >= MaxKeys)
                throw new KeyStoreException(KeyStoreFault.Full, $"There are {MaxKeys:N0} keys, and no more fit; revoke some that are not used any more.");
            var made = new AccessKey
            {
                Id = string.Create(CultureInfo.InvariantCulture, $"k{content.NextId}"),
                Name = name!,
                Scope = scope,
                Prefix = secret[..PrefixLength],
                CreatedAt = _time.GetUtcNow(),
                Concurrent = concurrent,
                Rate = rate,
                Budget = budget,
            };
            return (made, new KeyFileContent(content.NextId + 1, [.. content.Stored, new StoredKey(made, KeyHash.Of(secret))]));
        });
        return (key!, secret);
    }

    /// <summary>Ends a key; the result is the one ended, or null when there is none of that id or name.</summary>
    /// <exception cref="KeyStoreException">The file is damaged.</exception>
    /// <exception cref="IdentityException">The folder is open to others, or another process keeps the lock.</exception>
    /// <exception cref="IOException">The disk is full or failed; the key still works.</exception>
    public AccessKey? Revoke(string idOrName) => Change(content =>
    {
        var key = content.Keys.FirstOrDefault(key => key.Id == idOrName)
            ?? content.Keys.FirstOrDefault(key => key.Name.Equals(idOrName, StringComparison.OrdinalIgnoreCase));
        return (key, key is null ? content : new KeyFileContent(content.NextId, [.. content.Stored.Where(stored => stored.Key != key)]));
    });

    /// <summary>Begins to look for changes by other processes.</summary>
    /// <param name="logger">Told of each change taken over, and of a file that cannot be.</param>
    public void StartWatching(ILogger logger)
    {
        var period = TimeSpan.FromMilliseconds(WatchMilliseconds);
        _timer ??= _time.CreateTimer(_ => LookAgain(logger), null, period, period);
    }

    /// <summary>Stops looking.</summary>
    public void Dispose() => _timer?.Dispose();

    private AccessKey? Change(Func<KeyFileContent, (AccessKey? Key, KeyFileContent Next)> change)
    {
        lock (_gate)
        {
            PrivateFolder.Ensure(_folder);
            using var held = FileLock.Acquire(_path + ".lock");
            // Without the file, what is in force is the truth: writing less would end keys that nobody revoked.
            var before = KeyFile.Read(_path) ?? _content;
            var (key, next) = change(before);
            if (next != before) KeyFile.Write(_path, next);
            _seen = FileStamp.Of(_path);
            _isUnreadable = false;
            _content = next;
            return key;
        }
    }

    private void LookAgain(ILogger logger)
    {
        if (!_gate.TryEnter()) return;
        try
        {
            var stamp = FileStamp.Of(_path);
            var isNews = stamp != _seen;
            if (!isNews && !_isUnreadable) return;
            _seen = stamp;
            TakeOver(stamp, isNews, logger);
        }
        catch (Exception problem)
        {
            // A timer's exception would end the process.
            KeyStoreLog.KeysCheckFailed(logger, problem, _path);
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Reads the changed file; whatever is wrong with it, the keys before it stay. An unreadable file is tried again at each look,
    /// because a repair of its permissions does not change its stamp.</summary>
    private void TakeOver(FileStamp stamp, bool isNews, ILogger logger)
    {
        try
        {
            _isUnreadable = false;
            if (stamp.Exists && KeyFile.Read(_path) is { } content)
            {
                _content = content;
                KeyStoreLog.KeysReloaded(logger, content.Keys.Count);
            }
            else if (isNews)
            {
                KeyStoreLog.KeysVanished(logger, _path, _content.Keys.Count);
            }
        }
        catch (KeyStoreException problem)
        {
            _isUnreadable = true;
            if (isNews) KeyStoreLog.KeysUnreadable(logger, problem.Message, _content.Keys.Count);
        }
    }

    private readonly record struct FileStamp(bool Exists, DateTime WrittenAt, long Length)
    {
        public static FileStamp Of(string path)
        {
            var file = new FileInfo(path);
            return file.Exists ? new FileStamp(true, file.LastWriteTimeUtc, file.Length) : default;
        }
    }
}
