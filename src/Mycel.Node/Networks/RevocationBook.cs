using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Node.Networks;

/// <summary>
/// Devices that were cast out by their accounts: those of the own account (kept by <see cref="NodeIdentity"/>) and of others, a file each in a
/// private folder. A list once known outlasts restarts. Safe for use from several threads.
/// </summary>
internal sealed class RevocationBook
{
    /// <summary>Most other accounts whose lists are kept.</summary>
    public const int MaxAccounts = 1024;

    /// <summary>Most of them that are of accounts that this node never met. They matter all the same: the device cast out may come before its account does.</summary>
    public const int MaxUnmet = 512;

    /// <summary>Most of those that came from one peer.</summary>
    public const int MaxUnmetFromOne = 64;

    private const string Extension = ".revoked";

    private readonly NodeIdentity _identity;
    private readonly string _folder;
    private readonly ILogger<RevocationBook> _log;
    private readonly ConcurrentDictionary<AccountId, NumberedList> _lists = new();
    private readonly Lock _gate = new();
    private long _version;
    private long _ownVersion;

    /// <param name="identity">Keeps the own account's list.</param>
    /// <param name="folder">Where the other accounts' files lie; made where it is absent.</param>
    /// <param name="log">Where damaged files are told.</param>
    public RevocationBook(NodeIdentity identity, string folder, ILogger<RevocationBook> log)
    {
        _identity = identity;
        _folder = Path.GetFullPath(folder);
        _log = log;
        PrivateFolder.Ensure(_folder);
        foreach (var path in Directory.EnumerateFiles(_folder, "*" + Extension).Take(MaxAccounts)) Load(path);
        if (identity.Revocations is not null) _ownVersion = ++_version;
    }

    /// <summary>A newer list came, of this account; raised outside all locks.</summary>
    public event Action<AccountId>? Changed;

    /// <summary>Grows with each change.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Whether a device was cast out. Never blocks for long: asked in handshakes and for each request.</summary>
    public bool IsRevoked(AccountId account, PeerId device)
    {
        if (account == _identity.Certificate.AccountId) return _identity.Revocations?.Contains(device) ?? false;
        return _lists.TryGetValue(account, out var entry) && entry.List.Contains(device);
    }

    /// <summary>Takes over a list where it is newer.</summary>
    /// <param name="list">The list.</param>
    /// <param name="unmetFrom">Who sent it, where its account is none that this node has met; else null.</param>
    /// <returns>Whether it was taken.</returns>
    /// <exception cref="IOException">The disk is full or failed; nothing changed.</exception>
    public bool Accept(RevocationList list, PeerId? unmetFrom = null)
    {
        lock (_gate)
        {
            if (list.AccountId == _identity.Certificate.AccountId)
            {
                if (!_identity.Accept(list)) return false;
                _ownVersion = Interlocked.Increment(ref _version);
            }
            else
            {
                if (IsKnown(list)) return false;
                if (!_lists.ContainsKey(list.AccountId) && !HasRoom(unmetFrom)) return false;
                AtomicFile.Write(PathOf(list.AccountId), list.ToBytes());
                _lists[list.AccountId] = new NumberedList(list, Version + 1, unmetFrom);
                Interlocked.Increment(ref _version);
            }
        }

        Changed?.Invoke(list.AccountId);
        return true;
    }

    /// <summary>Whether this list, or a newer one, is known already.</summary>
    public bool IsKnown(RevocationList list) => list.AccountId == _identity.Certificate.AccountId
        ? list.Sequence <= (_identity.Revocations?.Sequence ?? 0)
        : _lists.TryGetValue(list.AccountId, out var known) && list.Sequence <= known.List.Sequence;

    /// <summary>Looks whether another process, such as the command line, cast a device of the own account out.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            if (!_identity.Refresh()) return;
            _ownVersion = Interlocked.Increment(ref _version);
        }

        Changed?.Invoke(_identity.Certificate.AccountId);
    }

    /// <summary>The lists that changed after a version, the own account's first.</summary>
    /// <param name="version">What the reader has; 0 for nothing.</param>
    public IReadOnlyList<RevocationList> Since(long version)
    {
        lock (_gate)
        {
            var lists = new List<RevocationList>();
            if (_ownVersion > version && _identity.Revocations is { } own) lists.Add(own);
            lists.AddRange(_lists.Values.Where(entry => entry.Version > version).OrderBy(entry => entry.Version).Select(entry => entry.List));
            return lists;
        }
    }

    private bool HasRoom(PeerId? unmetFrom)
    {
        if (_lists.Count >= MaxAccounts)
        {
            NetworkLog.RevocationsFull(_log, MaxAccounts);
            return false;
        }

        return unmetFrom is not { } from
            || (_lists.Values.Count(entry => entry.UnmetFrom is not null) < MaxUnmet && _lists.Values.Count(entry => entry.UnmetFrom == from) < MaxUnmetFromOne);
    }

    private void Load(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length > RevocationList.MaxBytes) throw new StatementException($"It has {file.Length:N0} bytes.");
            var list = RevocationList.Parse(File.ReadAllBytes(path));
            _lists[list.AccountId] = new NumberedList(list, ++_version, null);
        }
        catch (Exception error) when (error is StatementException or IOException or UnauthorizedAccessException)
        {
            // The others of the network send it again.
            NetworkLog.RevocationsUnreadable(_log, path, error.Message);
        }
    }

    private string PathOf(AccountId account) => Path.Combine(_folder, account + Extension);

    private sealed record NumberedList(RevocationList List, long Version, PeerId? UnmetFrom);
}
