using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>Where a store keeps its books, and how. Exactly one of <see cref="SqlitePath"/> and <see cref="PostgresConnectionString"/> is set.</summary>
public sealed class LedgerStoreOptions
{
    /// <summary>File of a SQLite database, made with mode 0600 where it is missing; its folder must exist. SQLite keeps two more files beside it (<c>-wal</c>, <c>-shm</c>).</summary>
    public string? SqlitePath { get; init; }

    /// <summary>A PostgreSQL database (version 13 or later) in Npgsql's words, such as <c>Host=db;Database=mycel;Username=mycel</c>. The user must be allowed to make tables in it at the first start.</summary>
    public string? PostgresConnectionString { get; init; }

    /// <summary>
    /// Whose books these are: a device's receipts, standings and observations are kept apart from those of other devices in the same database. The networks'
    /// ledgers and the proofs of fraud are shared by all of them. Default: the id of no device, which is enough for a database of one device.
    /// </summary>
    public PeerId Book { get; init; }

    /// <summary>Whether a write waits for the disk (default). Without it a crash of the program loses nothing, but one of the machine may; for tests on SQLite only.</summary>
    public bool IsDurable { get; init; } = true;

    /// <summary>Whether writes wait for <see cref="LedgerStore.CommitPending"/> instead of being committed by a thread of the store's own; default false. For simulations.</summary>
    public bool IsStepped { get; init; }

    /// <summary>The most operations that one transaction commits, 1 to 10,000; default 512, two submissions of members to a clearing node. A call that posts many transfers counts as that many, and is never split.</summary>
    public int BatchLimit { get; init; } = 512;

    /// <summary>The most calls that wait to be written, 1 to 1,000,000; default 10,000. Further calls wait before they are taken.</summary>
    public int QueueLimit { get; init; } = 10_000;

    internal void Validate()
    {
        if (string.IsNullOrEmpty(SqlitePath) == string.IsNullOrEmpty(PostgresConnectionString))
            throw new ArgumentException("Set either the file of a SQLite database or the connection string of a PostgreSQL database, and not both.");
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchLimit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchLimit, 10_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueLimit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(QueueLimit, 1_000_000);
    }
}
