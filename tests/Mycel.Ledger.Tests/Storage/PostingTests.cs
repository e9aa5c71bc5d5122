using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Storage;

public sealed class PostingTests(PostgresServer postgres)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_transfer_takes_from_one_account_what_it_gives_to_another(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        LedgerHead empty = await store.HeadAsync(Some.Network(), Stop);
        Assert.Equal(0, empty.Entries);
        Assert.Equal(new byte[32], empty.Hash.ToArray());
        Assert.Equal(16, empty.LedgerId.Length);
        Assert.Null(await store.FindAccountAsync(Some.Network(), Some.Account(1), Stop));

        IReadOnlyList<PostingResult> results = await store.PostAsync([Some.Transfer(1, 2, 30), Some.Transfer(2, 3, 10)], Stop);

        Assert.Equal([(PostingOutcome.Posted, 1L), (PostingOutcome.Posted, 2L)], results.Select(result => (result.Outcome, result.Entry)));
        Assert.Equal(-30, (await store.FindAccountAsync(Some.Network(), Some.Account(1), Stop))!.Balance);
        Assert.Equal(20, (await store.FindAccountAsync(Some.Network(), Some.Account(2), Stop))!.Balance);
        Assert.Equal(10, (await store.FindAccountAsync(Some.Network(), Some.Account(3), Stop))!.Balance);
        LedgerHead head = await store.HeadAsync(Some.Network(), Stop);
        Assert.Equal(2, head.Entries);
        Assert.Equal(empty.LedgerId.ToArray(), head.LedgerId.ToArray());
        Assert.NotEqual(new byte[32], head.Hash.ToArray());

        Assert.Equal(new byte[32], (await store.HashAsync(Some.Network(), 0, Stop))!.Value.ToArray());
        Assert.Equal(results[0].Hash.ToArray(), (await store.HashAsync(Some.Network(), 1, Stop))!.Value.ToArray());
        Assert.Equal(results[1].Hash.ToArray(), (await store.HashAsync(Some.Network(), 2, Stop))!.Value.ToArray());
        Assert.Equal(results[1].Hash.ToArray(), head.Hash.ToArray());
        Assert.NotEqual(results[0].Hash.ToArray(), results[1].Hash.ToArray());
        Assert.Null(await store.HashAsync(Some.Network(), 3, Stop));
        Assert.Null(await store.HashAsync(Some.Network(2), 1, Stop));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task An_order_is_posted_once_also_after_a_restart_and_with_other_bytes(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        Transfer transfer = Some.Transfer(1, 2, 30);
        Transfer forged = transfer with { Amount = 90, Bytes = new byte[] { 9 } };
        await using (LedgerStore store = database.Open())
        {
            IReadOnlyList<PostingResult> first = await store.PostAsync([transfer, transfer, forged], Stop);
            Assert.Equal([PostingOutcome.Posted, PostingOutcome.Known, PostingOutcome.Conflict], first.Select(result => result.Outcome));
            Assert.Equal([1, 1, 1], first.Select(result => result.Entry));
            Assert.All(first, result => Assert.Equal(first[0].Hash.ToArray(), result.Hash.ToArray()));
        }

        await using LedgerStore again = database.Open();
        IReadOnlyList<PostingResult> second = await again.PostAsync([forged, transfer], Stop);
        Assert.Equal([PostingOutcome.Conflict, PostingOutcome.Known], second.Select(result => result.Outcome));
        Assert.Equal(transfer.Bytes.ToArray(), second[0].Existing.ToArray());
        byte[] hash = (await again.HeadAsync(Some.Network(), Stop)).Hash.ToArray();
        Assert.All(second, result => Assert.Equal(hash, result.Hash.ToArray()));
        Assert.Equal(-30, (await again.FindAccountAsync(Some.Network(), Some.Account(1), Stop))!.Balance);
        Assert.Equal(1, (await again.HeadAsync(Some.Network(), Stop)).Entries);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_payer_never_owes_more_than_its_line(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        Transfer late = Some.Transfer(1, 2, 41, line: 100);
        IReadOnlyList<PostingResult> results = await store.PostAsync([Some.Transfer(1, 2, 60, line: 100), late, Some.Transfer(1, 2, 40, line: 100)], Stop);
        Assert.Equal([PostingOutcome.Posted, PostingOutcome.Waiting, PostingOutcome.Posted], results.Select(result => result.Outcome));
        Assert.Equal(-100, (await store.FindAccountAsync(Some.Network(), Some.Account(1), Stop))!.Balance);

        // With a line below zero the payer must keep something, and with the lowest nothing is posted, and still found.
        Transfer found = Some.Transfer(3, 2, 0, line: 0);
        results = await store.PostAsync([Some.Transfer(2, 3, 60, line: -40), found, Some.Transfer(2, 3, 61, line: -40), found with { PayerLine = -long.MaxValue }, Some.Transfer(2, 3, 0, line: -long.MaxValue)], Stop);
        Assert.Equal([PostingOutcome.Posted, PostingOutcome.Posted, PostingOutcome.Waiting, PostingOutcome.Known, PostingOutcome.Waiting], results.Select(result => result.Outcome));

        // Earned credit makes room for it.
        results = await store.PostAsync([Some.Transfer(3, 1, 41), late], Stop);
        Assert.Equal([PostingOutcome.Posted, PostingOutcome.Posted], results.Select(result => result.Outcome));
        Assert.Equal(-100, (await store.FindAccountAsync(Some.Network(), Some.Account(1), Stop))!.Balance);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Nothing_is_posted_for_an_account_whose_fraud_is_proved(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        await store.WriteAsync(new LedgerWrite.Proof(Some.Network(), Some.Account(1), new byte[] { 7 }), Stop);
        await store.WriteAsync(new LedgerWrite.Proof(Some.Network(), Some.Account(1), new byte[] { 8 }), Stop);
        IReadOnlyList<PostingResult> results = await store.PostAsync([Some.Transfer(1, 2, 1), Some.Transfer(2, 1, 1), Some.Transfer(2, 3, 1)], Stop);
        Assert.Equal([PostingOutcome.Refused, PostingOutcome.Refused, PostingOutcome.Posted], results.Select(result => result.Outcome));
        Assert.True((await store.TakeSequenceAsync(Some.Network(), Some.Account(1), Stop)).Account.IsRefused);
        Assert.True((await store.FindAccountAsync(Some.Network(), Some.Account(1), Stop))!.IsRefused);
        Assert.False((await store.FindAccountAsync(Some.Network(), Some.Account(2), Stop))!.IsRefused);
        ReadOnlyMemory<byte> kept = Assert.Single(await store.ProofsAsync(Some.Network(), 0, Stop));
        Assert.Equal([7], kept.ToArray());
        Assert.Empty(await store.ProofsAsync(Some.Network(), 1, Stop));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Sequences_rise_and_say_where_the_ledger_stands(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        await using LedgerStore store = database.Open();
        ulong last = 0;
        for (int i = 1; i <= 3; i++)
        {
            await store.PostAsync([Some.Transfer(1, 2, 10)], Stop);
            (AccountRecord account, LedgerHead head) = await store.TakeSequenceAsync(Some.Network(), Some.Account(1), Stop);
            Assert.True(account.Sequence > last);
            Assert.Equal(-10 * i, account.Balance);
            Assert.Equal(i, head.Entries);
            last = account.Sequence;
        }

        Assert.Equal(last, (await store.FindAccountAsync(Some.Network(), Some.Account(1), Stop))!.Sequence);
        Assert.Equal(0, (await store.TakeSequenceAsync(Some.Network(), Some.Account(9), Stop)).Account.Balance);
        // Far above what a clock that stands in the past would give.
        await using LedgerStore past = database.Open(new FixedTime(DateTimeOffset.UnixEpoch));
        Assert.Equal(last + 1, (await past.TakeSequenceAsync(Some.Network(), Some.Account(1), Stop)).Account.Sequence);
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
