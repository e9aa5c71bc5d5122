using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Mycel.Identity;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>What the two kinds of databases differ in.</summary>
internal abstract class LedgerDatabase : IDisposable
{
    /// <summary>What it is called in messages; says nothing of passwords.</summary>
    public abstract string Name { get; }

    /// <summary>For questions; from any thread.</summary>
    public abstract LedgerContext OpenReading();

    /// <summary>For the store's one writer, or while it is opened.</summary>
    public abstract LedgerContext OpenWriting();

    /// <summary>Begins a transaction in which nothing that it read changes, or that waits where another writer is at work.</summary>
    public abstract IDbContextTransaction Begin(LedgerContext context);

    /// <summary>Begins a transaction that reads everything as it is now, and holds nobody up.</summary>
    public abstract IDbContextTransaction BeginSnapshot(LedgerContext context);

    /// <summary>Reads a network's ledger and keeps others from writing to it until the transaction ends; null where there is none.</summary>
    public abstract LedgerRow? LockLedger(LedgerContext context, NetworkId network);

    /// <summary>Keeps other programs from changing the tables at the same time, until the transaction ends.</summary>
    protected abstract void LockSchema(LedgerContext context);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>
    /// Makes the tables, or brings them up to date, in one transaction: a program that is killed meanwhile leaves no half of it. (EF Core's own call leaves a
    /// lock behind that nobody takes away.)
    /// </summary>
    /// <exception cref="LedgerException">A newer program has changed the tables in a way that this one does not know.</exception>
    public void Migrate()
    {
        using LedgerContext context = OpenWriting();
        var history = context.GetService<IHistoryRepository>();
        if (history.Exists() && IsCurrent(context, history, out _)) return;
        using IDbContextTransaction transaction = Begin(context);
        LockSchema(context);
        Execute(context, transaction, history.GetCreateIfNotExistsScript());
        if (!IsCurrent(context, history, out string last))
            Execute(context, transaction, context.GetService<IMigrator>().GenerateScript(last, null, MigrationsSqlGenerationOptions.NoTransactions));
        transaction.Commit();
    }

    private static void Execute(LedgerContext context, IDbContextTransaction transaction, string script)
    {
        using DbCommand command = context.Database.GetDbConnection().CreateCommand();
        command.Transaction = transaction.GetDbTransaction();
        command.CommandText = script;
        command.ExecuteNonQuery();
    }

    private bool IsCurrent(LedgerContext context, IHistoryRepository history, out string last)
    {
        var known = context.Database.GetMigrations().ToHashSet();
        string[] applied = [.. history.GetAppliedMigrations().Select(static row => row.MigrationId)];
        last = applied is [.., { } latest] ? latest : Migration.InitialDatabase;
        string[] unknown = [.. applied.Where(each => !known.Remove(each))];
        if (unknown.Length > 0)
        {
            throw new LedgerException(
                $"The ledger in {Name} was last used by a newer version of Mycel, which changed its tables ({string.Join(", ", unknown)}). "
                + "Update this program, or go back to a copy of the ledger from before that update.");
        }

        return known.Count == 0;
    }

    /// <summary>What is the same in both.</summary>
    protected static DbContextOptionsBuilder<LedgerContext> NewOptions()
        => new DbContextOptionsBuilder<LedgerContext>()
            .EnableThreadSafetyChecks(false)
            // The tables are made by classes written by hand, without the snapshots that EF Core's tools keep.
            .ConfigureWarnings(static warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));
}
