using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>The real store over a SQLite file, in memory where the system has such a folder, without waiting for a disk.</summary>
internal sealed class SqliteDatabase : SimDatabase
{
    private static readonly string Folder = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
    private static readonly Lazy<byte[]> Template = new(MakeTemplate);
    private static long _made;

    private readonly string _path;
    private readonly PeerId _book;
    private readonly TimeProvider _time;
    private readonly SqliteDatabase? _owner;
    private readonly List<SqliteDatabase> _sharing = [];
    private LedgerStore? _store;
    private bool _hasCopy;

    public SqliteDatabase(PeerId book, TimeProvider time)
        : this(NewPath(), book, time, null) => File.WriteAllBytes(_path, Template.Value);

    private SqliteDatabase(string path, PeerId book, TimeProvider time, SqliteDatabase? owner) => (_path, _book, _time, _owner) = (path, book, time, owner);

    public override ILedgerStore Store => Open();

    public override void Commit() => Open().CommitPending();

    public override void Reopen()
    {
        Close();
        Open();
    }

    public override void Backup()
    {
        Close();
        Copy(_path, _path + ".copy");
        Copy(_path + "-wal", _path + ".copy-wal");
        _hasCopy = true;
    }

    public override bool Restore()
    {
        if (!_hasCopy) return false;
        Close();
        foreach (SqliteDatabase other in _sharing)
            other.Close();
        File.Delete(_path + "-shm");
        Copy(_path + ".copy", _path);
        Copy(_path + ".copy-wal", _path + "-wal");
        return true;
    }

    // With a pool of threads, and so away from the simulation's.
    public override LedgerVerification Verify(NetworkId network) => Task.Run(() => LedgerVerifier.VerifyAsync(Open(), network, new LedgerAudit().Check)).Result;

    public override SimDatabase Share(PeerId book)
    {
        var other = new SqliteDatabase(_path, book, _time, this);
        _sharing.Add(other);
        return other;
    }

    public override void Dispose()
    {
        Close();
        if (_owner is not null) return;
        foreach (SqliteDatabase other in _sharing)
            other.Close();
        foreach (string suffix in (string[])["", "-wal", "-shm", ".copy", ".copy-wal"])
            File.Delete(_path + suffix);
    }

    // The log is there where another device of the same database has it open: nobody writes meanwhile.
    private static void Copy(string from, string to)
    {
        if (File.Exists(from)) File.Copy(from, to, overwrite: true);
        else File.Delete(to);
    }

    private static string NewPath() => Path.Combine(Folder, $"mycel-sim-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}.db");

    private static byte[] MakeTemplate()
    {
        string path = NewPath();
        LedgerStore.Open(new LedgerStoreOptions { SqlitePath = path, IsDurable = false, IsStepped = true }, TimeProvider.System).DisposeAsync().AsTask().Wait();
        byte[] template = File.ReadAllBytes(path);
        File.Delete(path);
        return template;
    }

    private LedgerStore Open() => _store ??= LedgerStore.Open(new LedgerStoreOptions { SqlitePath = _path, Book = _book, IsDurable = false, IsStepped = true }, _time);

    private void Close()
    {
        if (_store is not { } store) return;
        _store = null;
        store.DropPending();
        store.DisposeAsync().AsTask().Wait();
    }
}
