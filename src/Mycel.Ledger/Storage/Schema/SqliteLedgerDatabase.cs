using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Mycel.Identity;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>A SQLite file: one writer at a time, readers beside it (WAL).</summary>
internal sealed class SqliteLedgerDatabase : LedgerDatabase
{
    /// <summary>How long a writer waits for another program that writes, in seconds.</summary>
    private const int BusySeconds = 30;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly SqliteConnection _writing;
    private readonly SqliteConnection _pooled;
    private readonly PreparedStatements _prepared = new();
    private readonly DbContextOptions<LedgerContext> _writingOptions;
    private readonly DbContextOptions<LedgerContext> _readingOptions;

    public SqliteLedgerDatabase(string path, bool isDurable)
    {
        SqliteLibrary.Prepare();
        _path = Path.GetFullPath(path);
        MakePrivate(_path);
        string connection = new SqliteConnectionStringBuilder { DataSource = _path, Mode = SqliteOpenMode.ReadWrite, DefaultTimeout = BusySeconds }.ToString();
        _pooled = new SqliteConnection(connection);
        _writing = new SqliteConnection(connection + ";Pooling=False");
        try
        {
            _writing.Open();
            using SqliteCommand command = _writing.CreateCommand();
            // The log grows to 16 MiB before it is copied back, which halves the waits for the disk of a busy ledger.
            command.CommandText = $"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(isDurable ? "FULL" : "OFF")}; PRAGMA wal_autocheckpoint = 4096; PRAGMA cache_size = -16384;";
            command.ExecuteNonQuery();
        }
        catch
        {
            _writing.Dispose();
            throw;
        }

        _writingOptions = NewOptions().UseSqlite(_writing).AddInterceptors(_prepared).Options;
        _readingOptions = NewOptions().UseSqlite(connection).Options;
    }

    public override string Name => _path;

    public override LedgerContext OpenReading()
    {
        var context = new LedgerContext(_readingOptions);
        // Kept open as long as the context: each opening tells SQLite of the functions that EF Core brings along.
        context.Database.OpenConnection();
        return context;
    }

    public override LedgerContext OpenWriting() => new(_writingOptions);

    // BEGIN IMMEDIATE: the file is this writer's from here on.
    public override IDbContextTransaction Begin(LedgerContext context) => context.Database.BeginTransaction();

    public override IDbContextTransaction BeginSnapshot(LedgerContext context)
        => context.Database.UseTransaction(((SqliteConnection)context.Database.GetDbConnection()).BeginTransaction(deferred: true))!;

    public override LedgerRow? LockLedger(LedgerContext context, NetworkId network) => context.Ledgers.FirstOrDefault(row => row.Network == network);

    protected override void LockSchema(LedgerContext context)
    {
        // The transaction has the whole file already.
    }

    public override void Dispose()
    {
        _prepared.Dispose();
        _writing.Dispose();
        SqliteConnection.ClearPool(_pooled);
        _pooled.Dispose();
    }

    /// <summary>SQLite gives the files that it makes beside this one the same mode.</summary>
    private static void MakePrivate(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        if (!File.Exists(path)) new FileStream(path, options).Dispose();
        else if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) != OwnerOnly) File.SetUnixFileMode(path, OwnerOnly);
    }
}
