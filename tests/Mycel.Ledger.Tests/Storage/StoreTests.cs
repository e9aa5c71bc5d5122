using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Mycel.Ledger.Storage;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Tests.Storage;

public sealed class StoreTests(PostgresServer postgres)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Stepped_writes_wait_for_the_step_and_are_lost_in_a_crash(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using (LedgerStore store = database.Open(isStepped: true))
        {
            Task<IReadOnlyList<PostingResult>> kept = store.PostAsync([Some.Transfer(1, 2, 5)], Stop);
            Task? after = null;
            Task chained = kept.ContinueWith(_ => after = store.PostAsync([Some.Transfer(1, 2, 7)], Stop), TaskContinuationOptions.ExecuteSynchronously);
            Assert.False(kept.IsCompleted);
            Assert.Equal(1, store.CommitPending());
            // Who waited has gone on within the step, and what that added waits for the next.
            Assert.True(chained.IsCompletedSuccessfully);
            Assert.False(after!.IsCompleted);
            Assert.Equal(1, store.DropPending());
            Assert.Equal(0, store.CommitPending());
            Assert.False(after.IsCompleted);
        }

        await using LedgerStore again = database.Open();
        Assert.Equal(1, (await again.HeadAsync(Some.Network(), Stop)).Entries);
        Assert.Equal(5, (await again.FindAccountAsync(Some.Network(), Some.Account(2), Stop))!.Balance);
        Assert.Throws<InvalidOperationException>(() => again.CommitPending());
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Calls_of_many_threads_are_all_written_before_the_store_closes(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        ReceiptRecord[] records = [.. Enumerable.Range(0, 2_000).Select(i => Some.Receipt(amount: i))];
        await using (LedgerStore store = database.Open())
        {
            Task[] writes = [.. records.AsParallel().Select(record => store.WriteAsync(new LedgerWrite.Receipt(record), Stop))];
            await store.DisposeAsync();
            await Task.WhenAll(writes);
            await Assert.ThrowsAsync<LedgerException>(() => store.WriteAsync(new LedgerWrite.Receipt(records[0]), Stop));
        }

        await using LedgerStore again = database.Open();
        Assert.Equal(records.Length, (await again.SumAsync(new ReceiptQuery(), Stop)).Sum(sum => sum.Count));
    }

    [Fact]
    public async Task A_full_queue_lets_callers_wait_and_loses_none()
    {
        using TestDatabase database = TestDatabase.NewSqlite();
        await using LedgerStore store = LedgerStore.Open(new LedgerStoreOptions { SqlitePath = database.Path, IsDurable = false, QueueLimit = 3, BatchLimit = 2 }, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => store.PostAsync([Some.Transfer(i, i + 1, 1)], Stop)));
        Assert.Equal(100, (await store.HeadAsync(Some.Network(), Stop)).Entries);
    }

    [Fact]
    public async Task Who_gives_up_while_waiting_writes_nothing()
    {
        using TestDatabase database = TestDatabase.NewSqlite();
        await using LedgerStore store = database.Open(isStepped: true);
        using var impatience = new CancellationTokenSource();
        Task<IReadOnlyList<PostingResult>> given = store.PostAsync([Some.Transfer(1, 2, 5)], impatience.Token);
        Task<IReadOnlyList<PostingResult>> kept = store.PostAsync([Some.Transfer(1, 2, 6)], Stop);
        await impatience.CancelAsync();
        store.CommitPending();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        await kept;
        Assert.Equal(6, (await store.FindAccountAsync(Some.Network(), Some.Account(2), Stop))!.Balance);
    }

    [Fact]
    public async Task What_no_database_could_keep_is_refused_before_it_waits()
    {
        using TestDatabase database = TestDatabase.NewSqlite();
        await using LedgerStore store = database.Open();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.PostAsync([Some.Transfer(1, 1, 5)], Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.PostAsync([Some.Transfer(1, 2, -5)], Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.PostAsync([.. Enumerable.Repeat(Some.Transfer(1, 2, 5), LedgerStore.MaxTransfers + 1)], Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await store.WriteAsync(new LedgerWrite.Receipt(Some.Receipt() with { Model = "" }), Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await store.WriteAsync(new LedgerWrite.Receipt(Some.Receipt() with { Amount = -1 }), Stop));
        Assert.Throws<ArgumentException>(() => LedgerStore.Open(new LedgerStoreOptions(), TimeProvider.System));
        Assert.Throws<ArgumentException>(() => LedgerStore.Open(new LedgerStoreOptions { SqlitePath = "a", PostgresConnectionString = "b" }, TimeProvider.System));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_database_of_a_newer_program_is_refused_with_what_to_do(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using (LedgerStore store = database.Open())
        {
            await store.PostAsync([Some.Transfer(1, 2, 5)], Stop);
            await using LedgerContext context = store.Database.OpenWriting();
            await context.Database.ExecuteSqlAsync($"""INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion") VALUES ('29991231000000_Splendid', '99.0')""", Stop);
        }

        LedgerException refusal = Assert.Throws<LedgerException>(() => database.Open());
        Assert.Contains("29991231000000_Splendid", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Update this program", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Programs_that_start_at_once_make_the_tables_once(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        LedgerStore[] stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => database.Open(), Stop)));
        await Task.WhenAll(stores.Select((store, i) => store.PostAsync([Some.Transfer(i, i + 1, 1)], Stop)));
        Assert.Equal(4, (await stores[0].HeadAsync(Some.Network(), Stop)).Entries);
        foreach (LedgerStore store in stores)
            await store.DisposeAsync();
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Transfers_and_postings_can_be_neither_changed_nor_deleted(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        await store.PostAsync([Some.Transfer(1, 2, 5)], Stop);
        await using LedgerContext context = store.Database.OpenWriting();
        foreach (string table in (string[])["transfers", "postings"])
        {
            foreach (string change in (string[])[$"UPDATE {table} SET amount = 6", $"DELETE FROM {table}"])
            {
                DbException refusal = await Assert.ThrowsAnyAsync<DbException>(() => context.Database.ExecuteSqlRawAsync(change, Stop));
                Assert.Contains("only ever added", refusal.Message, StringComparison.Ordinal);
            }
        }

        Assert.Equal(5, (await context.Transfers.SingleAsync(Stop)).Amount);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task The_books_sum_to_zero_and_postings_bear_out_every_balance(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open(isStepped: true);
        var random = new Random(7);
        for (int step = 0; step < 20; step++)
        {
            for (int i = 0; i < 30; i++)
            {
                int payer = random.Next(6);
                _ = store.PostAsync([Some.Transfer(payer, (payer + random.Next(1, 6)) % 6, random.Next(100), line: 300, network: 1 + random.Next(2))], Stop);
                if (random.Next(10) == 0) _ = store.TakeSequenceAsync(Some.Network(), Some.Account(random.Next(6)), Stop);
            }

            store.CommitPending();
            await using LedgerContext context = store.Database.OpenReading();
            foreach (int network in (int[])[1, 2])
            {
                List<AccountRow> accounts = await context.Accounts.Where(row => row.Network == Some.Network(network)).ToListAsync(Stop);
                List<PostingRow> postings = await context.Postings.Where(row => row.Network == Some.Network(network)).ToListAsync(Stop);
                Assert.Equal(0, accounts.Sum(row => row.Balance));
                Assert.All(accounts, row => Assert.InRange(row.Balance, -300, 1_500));
                Assert.All(accounts, row => Assert.Equal(row.Balance, postings.Where(posting => posting.Account == row.Account).Sum(posting => posting.Amount)));
                Assert.Equal(2 * (await store.HeadAsync(Some.Network(network), Stop)).Entries, postings.Count);
            }
        }
    }

    [Fact]
    public async Task Only_its_owner_may_read_the_file()
    {
        if (OperatingSystem.IsWindows()) return;
        using TestDatabase database = TestDatabase.NewSqlite();
        await using LedgerStore store = database.Open();
        await store.PostAsync([Some.Transfer(1, 2, 5)], Stop);
        foreach (string file in (string[])[database.Path!, database.Path + "-wal", database.Path + "-shm"])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void A_file_that_is_no_database_and_a_server_that_is_not_there_are_named()
    {
        using TestDatabase database = TestDatabase.NewSqlite();
        File.WriteAllText(database.Path!, new string('x', 4096));
        Assert.Contains(database.Path!, Assert.Throws<LedgerException>(() => database.Open()).Message, StringComparison.Ordinal);
        var nowhere = new LedgerStoreOptions { PostgresConnectionString = "Host=127.0.0.1;Port=1;Username=me;Password=secret;Database=books" };
        string message = Assert.Throws<LedgerException>(() => LedgerStore.Open(nowhere, TimeProvider.System)).Message;
        Assert.Contains("books", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
        Assert.Throws<LedgerException>(() => LedgerStore.Open(new LedgerStoreOptions { SqlitePath = "/nowhere/at/all/ledger.db" }, TimeProvider.System));
    }
}
