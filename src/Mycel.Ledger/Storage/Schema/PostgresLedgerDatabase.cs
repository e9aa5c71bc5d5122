using System.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Mycel.Identity;
using Npgsql;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>A PostgreSQL database, which several clearing nodes may share.</summary>
internal sealed class PostgresLedgerDatabase : LedgerDatabase
{
    /// <summary>Any number that no other program of this database uses for its locks.</summary>
    private const long SchemaLock = 0x4d7963656c_4c6564;

    private readonly NpgsqlDataSource _source;
    private readonly DbContextOptions<LedgerContext> _options;

    public PostgresLedgerDatabase(string connectionString)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        // The same few statements come again and again.
        if (!connection.ContainsKey("Max Auto Prepare")) connection.MaxAutoPrepare = 100;
        Name = $"the PostgreSQL database {connection.Database} at {connection.Host}:{connection.Port}";
        _source = NpgsqlDataSource.Create(connection);
        _options = NewOptions().UseNpgsql(_source).Options;
    }

    public override string Name { get; }

    public override LedgerContext OpenReading() => new(_options);

    public override LedgerContext OpenWriting() => new(_options);

    // Each statement sees what was committed before it: what a lock was waited for is read after the wait.
    public override IDbContextTransaction Begin(LedgerContext context) => context.Database.BeginTransaction(IsolationLevel.ReadCommitted);

    public override IDbContextTransaction BeginSnapshot(LedgerContext context) => context.Database.BeginTransaction(IsolationLevel.RepeatableRead);

    public override LedgerRow? LockLedger(LedgerContext context, NetworkId network)
        => context.Ledgers.FromSql($"SELECT * FROM ledgers WHERE network = {PeerIdConverter.ToBytes(network.Hash)} FOR UPDATE").AsEnumerable().FirstOrDefault();

    protected override void LockSchema(LedgerContext context) => context.Database.ExecuteSql($"SELECT pg_advisory_xact_lock({SchemaLock})");

    public override void Dispose() => _source.Dispose();
}
