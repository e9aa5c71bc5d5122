using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Mycel.Ledger.Storage;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Tests.Storage;

public sealed class BookTests(PostgresServer postgres)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_receipt_comes_back_as_it_was_written(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        ReceiptRecord record = Some.Receipt(ReceiptState.Refused, ReceiptSide.Paid, key: "app", entry: 7) with { Reason = "Not what I ordered." };
        await using (LedgerStore store = database.Open())
            await store.WriteAsync(new LedgerWrite.Receipt(record), Stop);
        await using LedgerStore again = database.Open();
        ReceiptRecord kept = (await again.FindReceiptAsync(record.Id, Stop))!;
        Assert.Equal(record.Bytes.ToArray(), kept.Bytes.ToArray());
        Assert.Equal(record, kept with { Bytes = record.Bytes });
        Assert.Null(await again.FindReceiptAsync(OrderId.New(), Stop));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_receipt_never_goes_back(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        ReceiptRecord record = Some.Receipt(ReceiptState.Receipted);
        await Task.WhenAll(new[] { ReceiptState.Receipted, ReceiptState.Posted, ReceiptState.Countersigned, ReceiptState.Refused }
            .Select(state => store.WriteAsync(new LedgerWrite.Receipt(record with { State = state }), Stop)));
        Assert.Equal(ReceiptState.Posted, (await store.FindReceiptAsync(record.Id, Stop))!.State);
        await store.WriteAsync(new LedgerWrite.Receipt(record with { State = ReceiptState.Waiting }), Stop);
        Assert.Equal(ReceiptState.Posted, (await store.FindReceiptAsync(record.Id, Stop))!.State);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_countersignature_of_what_was_refused_is_not_said_to_be_kept(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        ReceiptRecord record = Some.Receipt(ReceiptState.Refused);
        await store.WriteAsync(new LedgerWrite.Receipt(record), Stop);
        await Assert.ThrowsAsync<LedgerException>(() => store.WriteAsync(new LedgerWrite.Receipt(record with { State = ReceiptState.Countersigned }), Stop));
        Assert.Equal(ReceiptState.Refused, (await store.FindReceiptAsync(record.Id, Stop))!.State);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task An_order_is_given_up_only_where_nothing_is_signed(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        foreach (ReceiptState state in Enum.GetValues<ReceiptState>())
        {
            ReceiptRecord record = Some.Receipt(state);
            await store.WriteAsync(new LedgerWrite.Receipt(record), Stop);
            await store.WriteAsync(new LedgerWrite.Receipt(record with { State = ReceiptState.Refused, Amount = 0 }) { IsGivenUp = true }, Stop);
            ReceiptRecord kept = (await store.FindReceiptAsync(record.Id, Stop))!;
            Assert.Equal(state == ReceiptState.Receipted ? (ReceiptState.Refused, 0) : (state, record.Amount), (kept.State, kept.Amount));
        }
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_write_that_contradicts_fails_alone(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open(isStepped: true);
        ReceiptRecord record = Some.Receipt(account: 1);
        Task first = store.WriteAsync(new LedgerWrite.Receipt(record), Stop);
        Task other = store.WriteAsync(new LedgerWrite.Receipt(Some.Receipt(account: 2, id: record.Id)), Stop);
        Task last = store.WriteAsync(new LedgerWrite.Reputation(Some.Device(5), new byte[] { 5 }), Stop);
        Assert.Equal(3, store.CommitPending());
        Assert.True(first.IsCompletedSuccessfully && last.IsCompletedSuccessfully);
        Assert.Contains(record.Id.ToString(), (await Assert.ThrowsAsync<LedgerException>(() => other)).Message, StringComparison.Ordinal);
        Assert.Equal(Some.Account(1), (await store.FindReceiptAsync(record.Id, Stop))!.Account);
        Assert.Single(await store.ReputationsAsync(Stop));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_write_that_the_database_refuses_fails_alone(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open(isStepped: true);
        // No text of PostgreSQL may hold a zero; SQLite's may.
        ReceiptRecord odd = Some.Receipt() with { Model = "a\0b" };
        Task<IReadOnlyList<PostingResult>> posted = store.PostAsync([Some.Transfer(1, 2, 3)], Stop);
        Task write = store.WriteAsync(new LedgerWrite.Receipt(odd), Stop);
        Task sequence = store.TakeSequenceAsync(Some.Network(), Some.Account(1), Stop);
        store.CommitPending();
        Assert.Equal(PostingOutcome.Posted, (await posted)[0].Outcome);
        await sequence;
        if (kind == DatabaseKind.Postgres) Assert.Contains("cannot be written", (await Assert.ThrowsAsync<LedgerException>(() => write)).Message, StringComparison.Ordinal);
        else await write;
        Assert.Equal(1, (await store.HeadAsync(Some.Network(), Stop)).Entries);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Receipts_are_listed_from_the_latest_on_page_by_page(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        DateTimeOffset start = DateTimeOffset.UnixEpoch.AddDays(20_000);
        // Three of each moment, so that pages end between alike.
        ReceiptRecord[] all = [.. Enumerable.Range(0, 30).Select(i => Some.Receipt(at: start.AddSeconds(i / 3), amount: i))];
        await Task.WhenAll(all.Select(record => store.WriteAsync(new LedgerWrite.Receipt(record), Stop)));
        var seen = new List<ReceiptRecord>();
        OrderId? before = null;
        while (await store.ReceiptsAsync(new ReceiptQuery { Before = before, Limit = 7 }, Stop) is { Count: > 0 } page)
        {
            Assert.True(page.Count <= 7);
            seen.AddRange(page);
            before = page[^1].Id;
        }

        Assert.Equal(all.Select(record => record.Id).ToHashSet(), seen.Select(record => record.Id).ToHashSet());
        Assert.Equal(30, seen.Count);
        Assert.Equal(seen.Select(record => record.At).OrderDescending(), seen.Select(record => record.At));
        await Assert.ThrowsAsync<LedgerException>(() => store.ReceiptsAsync(new ReceiptQuery { Before = OrderId.New() }, Stop));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Receipts_are_chosen_and_summed_by_what_they_are(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        DateTimeOffset start = DateTimeOffset.UnixEpoch.AddDays(20_000);
        ReceiptRecord[] all =
        [
            Some.Receipt(ReceiptState.Posted, ReceiptSide.Paid, account: 1, amount: 1, key: "app", at: start, entry: 1),
            Some.Receipt(ReceiptState.Posted, ReceiptSide.Paid, account: 1, amount: 2, key: "app", at: start.AddDays(1), entry: 2),
            Some.Receipt(ReceiptState.Waiting, ReceiptSide.Earned, account: 2, amount: 4, at: start.AddDays(2)) with { Claimed = 9, DisputedAt = start.AddDays(4) },
            Some.Receipt(ReceiptState.Countersigned, ReceiptSide.Earned, account: 2, amount: 8, at: start.AddDays(3), network: 2),
        ];
        await Task.WhenAll(all.Select(record => store.WriteAsync(new LedgerWrite.Receipt(record), Stop)));

        async Task Check(ReceiptQuery query, params long[] amounts)
        {
            Assert.Equal(amounts, (await store.ReceiptsAsync(query, Stop)).Select(record => record.Amount));
            Assert.Equal(amounts.Sum(), (await store.SumAsync(query, Stop)).Sum(sum => sum.Amount));
        }

        await Check(new ReceiptQuery(), 8, 4, 2, 1);
        await Check(new ReceiptQuery { Network = Some.Network(2) }, 8);
        await Check(new ReceiptQuery { Side = ReceiptSide.Paid }, 2, 1);
        await Check(new ReceiptQuery { States = [ReceiptState.Waiting, ReceiptState.Countersigned] }, 8, 4);
        await Check(new ReceiptQuery { States = [] });
        await Check(new ReceiptQuery { Account = Some.Account(2) }, 8, 4);
        await Check(new ReceiptQuery { Device = Some.Device(1) }, 2, 1);
        await Check(new ReceiptQuery { DisputedFrom = start.AddDays(4) }, 4);
        await Check(new ReceiptQuery { DisputedFrom = start.AddDays(4).AddMilliseconds(1) });
        await Check(new ReceiptQuery { KeyName = "app", From = start.AddDays(1) }, 2);
        Assert.Contains(new ReceiptSum(Some.Network(), ReceiptSide.Paid, ReceiptState.Posted, Some.Account(1), 2, 3), await store.SumAsync(new ReceiptQuery(), Stop));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_ledger_that_was_set_back_makes_receipts_due_again(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open(isStepped: true);
        ReceiptRecord kept = Some.Receipt(ReceiptState.Posted, entry: 5), lost = Some.Receipt(ReceiptState.Posted, entry: 6), elsewhere = Some.Receipt(ReceiptState.Posted, entry: 6, network: 2);
        Task[] writes =
        [
            .. new[] { kept, lost, elsewhere }.Select(record => store.WriteAsync(new LedgerWrite.Receipt(record), Stop)),
            store.WriteAsync(new LedgerWrite.Unpost(Some.Network(), 5), Stop),
            store.WriteAsync(new LedgerWrite.Receipt(kept with { Reason = "after" }), Stop),
        ];
        Assert.Equal(5, store.CommitPending());
        await Task.WhenAll(writes);
        ReceiptRecord due = Assert.Single(await store.ReceiptsAsync(new ReceiptQuery { States = [ReceiptState.Countersigned] }, Stop));
        Assert.Equal((lost.Id, null), (due.Id, due.Entry));
        Assert.Equal("after", (await store.FindReceiptAsync(kept.Id, Stop))!.Reason);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task The_latest_standing_and_observation_are_kept(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        Assert.Null(await store.FindStandingAsync(Some.Network(), Some.Account(1), Stop));
        foreach ((ulong sequence, byte mark) in (ReadOnlySpan<(ulong, byte)>)[(5, 1), (ulong.MaxValue, 2), (6, 3)])
            _ = store.WriteAsync(new LedgerWrite.Standing(Some.Network(), Some.Account(1), sequence, new[] { mark }), Stop);
        _ = store.WriteAsync(new LedgerWrite.Reputation(Some.Device(1), new byte[] { 1 }), Stop);
        await store.WriteAsync(new LedgerWrite.Reputation(Some.Device(1), new byte[] { 2 }), Stop);
        Assert.Equal([2], (await store.FindStandingAsync(Some.Network(), Some.Account(1), Stop))!.Value.ToArray());
        Assert.Equal([2], (await store.ReputationsAsync(Stop))[Some.Device(1)].ToArray());
        await store.WriteAsync(new LedgerWrite.Reputation(Some.Device(1), default), Stop);
        await store.WriteAsync(new LedgerWrite.Reputation(Some.Device(2), default), Stop);
        Assert.Empty(await store.ReputationsAsync(Stop));
    }

    [Fact]
    public async Task Open_receipts_are_found_without_reading_the_closed_ones()
    {
        using TestDatabase database = TestDatabase.NewSqlite();
        await using LedgerStore store = database.Open();
        await using LedgerContext context = store.Database.OpenReading();
        var query = new ReceiptQuery { States = [ReceiptState.Countersigned, ReceiptState.Waiting], Device = Some.Device(1) };
        await using DbCommand command = ReceiptQueries.Latest(context.Receipts, default, query).CreateDbCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + command.CommandText;
        await using DbDataReader plan = await command.ExecuteReaderAsync(Stop);
        Assert.True(await plan.ReadAsync(Stop));
        Assert.Contains("ix_receipts_open", plan.GetString(3), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Devices_that_share_a_database_have_books_of_their_own_and_one_ledger(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore one = database.Open(book: Some.Device(1)), two = database.Open(book: Some.Device(2));
        ReceiptRecord paid = Some.Receipt(ReceiptState.Countersigned, ReceiptSide.Paid, account: 2);
        ReceiptRecord earned = Some.Receipt(ReceiptState.Posted, ReceiptSide.Earned, account: 1, id: paid.Id);
        await one.WriteAsync(new LedgerWrite.Receipt(paid), Stop);
        await two.WriteAsync(new LedgerWrite.Receipt(earned), Stop);
        Assert.Equal(ReceiptSide.Paid, (await one.FindReceiptAsync(paid.Id, Stop))!.Side);
        Assert.Equal(ReceiptState.Posted, Assert.Single(await two.ReceiptsAsync(new ReceiptQuery(), Stop)).State);

        Transfer[] transfers = [.. Enumerable.Range(0, 200).Select(i => Some.Transfer(1 + (i % 5), 6 + (i % 3), i))];
        // Each posts all of them, at the same time.
        IReadOnlyList<PostingResult>[] results = await Task.WhenAll(
            transfers.SelectMany(transfer => new[] { one.PostAsync([transfer], Stop), two.PostAsync([transfer], Stop) }));
        Assert.Equal(200, results.Count(result => result[0].Outcome == PostingOutcome.Posted));
        Assert.Equal(200, results.Count(result => result[0].Outcome == PostingOutcome.Known));
        Assert.Equal(Enumerable.Range(1, 200), results.Where(result => result[0].Outcome == PostingOutcome.Posted).Select(result => (int)result[0].Entry).Order());
        Assert.Equal((await one.HeadAsync(Some.Network(), Stop)).Hash.ToArray(), (await two.HeadAsync(Some.Network(), Stop)).Hash.ToArray());
    }
}
