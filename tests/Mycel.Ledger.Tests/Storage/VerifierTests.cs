using Microsoft.EntityFrameworkCore;
using Mycel.Ledger.Storage;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Tests.Storage;

public sealed class VerifierTests(PostgresServer postgres)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_whole_ledger_is_read_to_its_end_and_every_receipt_is_checked_once(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        await store.PostAsync([.. Enumerable.Range(0, 1_300).Select(i => Some.Transfer(i % 7, 7 + (i % 5), i % 90))], Stop);
        await store.TakeSequenceAsync(Some.Network(), Some.Account(99), Stop);
        var seen = new System.Collections.Concurrent.ConcurrentBag<long>();
        long done = 0;
        LedgerVerification found = await LedgerVerifier.VerifyAsync(
            store,
            Some.Network(),
            entry =>
            {
                seen.Add(entry.Number);
                return System.Text.Encoding.UTF8.GetString(entry.Bytes.Span) == $"settled {entry.Id} {entry.Amount}" ? null : "wrong bytes";
            },
            new Progress(now => Interlocked.Exchange(ref done, Math.Max(done, now.Done))),
            Stop);
        Assert.Null(found.Problem);
        Assert.True(found.IsWhole);
        Assert.Equal((1_300, 0), (found.Entries, found.BadEntry));
        Assert.Equal(Enumerable.Range(1, 1_300).Select(number => (long)number), seen.Order());
        Assert.Equal(1_300, done);
        Assert.True((await LedgerVerifier.VerifyAsync(store, Some.Network(), _ => null, null, Stop)).IsWhole);
        Assert.Equal([Some.Network()], await store.LedgersAsync(Stop));
        Assert.True((await LedgerVerifier.VerifyAsync(await Empty(store), Some.Network(5), _ => "never", null, Stop)).IsWhole);
        await Assert.ThrowsAsync<LedgerException>(() => LedgerVerifier.VerifyAsync(store, Some.Network(6), _ => null, null, Stop));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task The_first_bad_receipt_is_named(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        await store.PostAsync([.. Enumerable.Range(0, 2_000).Select(i => Some.Transfer(i % 7, 7 + (i % 5), i % 90))], Stop);
        LedgerVerification found = await LedgerVerifier.VerifyAsync(
            store, Some.Network(), entry => entry.Number is 777 ? throw new LedgerException("The payer's signature is wrong.") : entry.Number > 1_000 ? "Also bad." : null, null, Stop);
        Assert.Equal((777, "Entry 777: The payer's signature is wrong."), (found.BadEntry, found.Problem));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, "UPDATE transfers SET amount = amount + 1 WHERE number = 5", 5)]
    [InlineData(DatabaseKind.Postgres, "UPDATE transfers SET amount = amount + 1 WHERE number = 5", 5)]
    [InlineData(DatabaseKind.Sqlite, "UPDATE transfers SET bytes = hash WHERE number = 5", 5)]
    [InlineData(DatabaseKind.Postgres, "UPDATE transfers SET bytes = hash WHERE number = 5", 5)]
    [InlineData(DatabaseKind.Sqlite, "UPDATE transfers SET at = at + 1 WHERE number = 5", 5)]
    [InlineData(DatabaseKind.Sqlite, "DELETE FROM transfers WHERE number = 5", 5)]
    [InlineData(DatabaseKind.Sqlite, "DELETE FROM transfers WHERE number = 10", 10)]
    [InlineData(DatabaseKind.Sqlite, "UPDATE ledgers SET entries = 9", 10)]
    [InlineData(DatabaseKind.Sqlite, "UPDATE ledgers SET head = ledger_id", 10)]
    [InlineData(DatabaseKind.Sqlite, "UPDATE postings SET amount = amount + 1 WHERE number = 5 AND amount < 0", 5)]
    [InlineData(DatabaseKind.Postgres, "DELETE FROM postings WHERE number = 5 AND amount < 0", 5)]
    [InlineData(DatabaseKind.Sqlite, "INSERT INTO postings SELECT network, number, hash, 5 FROM transfers WHERE number = 5", 0)]
    [InlineData(DatabaseKind.Sqlite, "UPDATE accounts SET balance = balance + 1 WHERE balance > 0", 0)]
    [InlineData(DatabaseKind.Postgres, "UPDATE accounts SET balance = balance + 1 WHERE balance > 0", 0)]
    [InlineData(DatabaseKind.Sqlite, "DELETE FROM accounts WHERE balance > 0", 0)]
    public async Task Whoever_goes_behind_the_books_is_found_out(DatabaseKind kind, string change, long bad)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        await store.PostAsync([.. Enumerable.Range(0, 10).Select(i => Some.Transfer(1, 2, 10 + i))], Stop);
        await using (LedgerContext context = store.Database.OpenWriting())
        {
            string unlock = kind == DatabaseKind.Postgres
                ? "DROP TRIGGER transfers_stay ON transfers; DROP TRIGGER postings_stay ON postings"
                : "DROP TRIGGER transfers_no_update; DROP TRIGGER transfers_no_delete; DROP TRIGGER postings_no_update; DROP TRIGGER postings_no_delete";
            await context.Database.ExecuteSqlRawAsync(unlock, Stop);
            await context.Database.ExecuteSqlRawAsync(change, Stop);
        }

        LedgerVerification found = await LedgerVerifier.VerifyAsync(store, Some.Network(), _ => null, null, Stop);
        Assert.False(found.IsWhole);
        Assert.Equal(bad, found.BadEntry);
    }

    private static async Task<LedgerStore> Empty(LedgerStore store)
    {
        await store.HeadAsync(Some.Network(5), Stop);
        return store;
    }

    private sealed class Progress(Action<LedgerProgress> told) : IProgress<LedgerProgress>
    {
        public void Report(LedgerProgress value) => told(value);
    }
}
