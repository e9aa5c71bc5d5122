using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

public sealed class ClearingTests
{
    [Fact]
    public async Task A_clearing_node_whose_clock_is_behind_destroys_no_receipt()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        DateTimeOffset now = world.Clock.Now;
        world.Clock.Now -= TimeSpan.FromDays(1);
        ClearingResult result = Assert.Single((await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [await BytesAsync(world, id)])).Results);
        Assert.Equal(ClearingOutcome.Waiting, result.Outcome);
        Assert.Contains("future", result.Reason, StringComparison.Ordinal);

        world.Clock.Now = now;
        Assert.Equal(1, (await world.ClearAsync(world.A))!.Posted);
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
        await world.CheckAsync();
    }

    [Fact]
    public async Task Of_free_work_nothing_is_posted()
    {
        using var world = new CreditWorld();
        SettledReceipt free = Settle(world, default, 10, 50);
        ClearingResult result = await SubmitAsync(world, world.Clearing, free);
        Assert.Equal(ClearingOutcome.Refused, result.Outcome);
        Assert.Contains("0", result.Reason, StringComparison.Ordinal);
        Assert.Equal(0, (await world.Root.Store.HeadAsync(world.Network)).Entries);
    }

    [Fact]
    public async Task A_receipt_of_nothing_is_done_without_an_entry_and_is_sent_again_to_a_ledger_that_was_set_back()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        world.B.Payer.Abandon(open, CreditWorld.Seen(reply: [], isWhole: false));
        await world.A.Provider.Finish(accepted, world.Work())!.Durable;
        await CreditWorld.LinkAsync(world.A, world.B);
        for (int i = 0; i < 2; i++)
        {
            await world.ClearAsync(world.A);
            await world.ClearAsync(world.B);
            foreach (Party party in new[] { world.A, world.B })
            {
                ReceiptRecord record = (await party.Store.FindReceiptAsync(open.Id))!;
                Assert.Equal((ReceiptState.Posted, 0L, null), (record.State, record.Amount, record.Entry));
                await party.Store.WriteAsync(new LedgerWrite.Unpost(world.Network, 0));
                Assert.Equal(ReceiptState.Countersigned, (await party.Store.FindReceiptAsync(open.Id))!.State);
            }
        }

        Assert.Equal(0, (await world.Root.Store.HeadAsync(world.Network)).Entries);
    }

    [Fact]
    public async Task A_payer_that_agreed_to_something_and_to_nothing_is_found_out()
    {
        using var world = new CreditWorld();
        SettledReceipt paid = Settle(world, CreditWorld.Price, 10, 50);
        Countersignature nothing = Countersignature.Issue(world.B.Device, paid.Order, paid.Receipt!, 0, 0, world.Clock.Now);
        SettledReceipt unpaid = SettledReceipt.Create(paid.Order, paid.Receipt, nothing, paid.PayerCertificate, paid.ProviderCertificate);
        Assert.Equal(ClearingOutcome.Nothing, (await SubmitAsync(world, world.Clearing, unpaid)).Outcome);
        Assert.Equal(ClearingOutcome.Posted, (await SubmitAsync(world, world.Clearing, paid)).Outcome);
        Assert.Equal(ClearingOutcome.Refused, (await SubmitAsync(world, world.Clearing, unpaid)).Outcome);
        Assert.True(world.Root.Fraud.IsRefused(world.Network, world.B.Id));
    }

    [Fact]
    public async Task That_nothing_is_to_be_posted_of_what_pays_something_is_not_believed()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, batch.Receipts, batch.KnownProofs, batch.KnownEntries);
        await Assert.ThrowsAsync<StatementException>(() => world.A.Outbox.ApplyAsync(batch, reply with { Results = [new ClearingResult(id, ClearingOutcome.Nothing, 0)] }));
        await world.ClearAsync(world.A);
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
    }

    [Fact]
    public async Task What_is_put_into_a_receipt_besides_is_not_kept()
    {
        using var world = new CreditWorld();
        SettledReceipt good = Settle(world, CreditWorld.Price, 10, 50);
        // A field of 1,000 bytes with a number that no version has.
        byte[] padded = [.. good.Bytes.Span, 0xfa, 0x01, 0xe8, 0x07, .. new byte[1000]];
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [padded]);
        Assert.Equal(ClearingOutcome.Posted, reply.Results[0].Outcome);
        PostingResult kept = Assert.Single(await world.Root.Store.PostAsync([new Transfer(world.Network, good.Id, world.B.Id, world.A.Id, CreditWorld.Cost, 0, good.Bytes)]));
        Assert.Equal(PostingOutcome.Known, kept.Outcome);
    }

    [Fact]
    public async Task A_payers_new_entries_within_an_hour_have_a_bound_and_the_rest_waits()
    {
        using var world = new CreditWorld();
        ClearingBook clearing = Clearing(world, new ClearingOptions { MaxEntriesPerHour = 2 });
        SettledReceipt[] all = [.. Enumerable.Range(0, 3).Select(_ => Settle(world, CreditWorld.Price, 10, 50))];
        ClearingReply reply = await clearing.SubmitAsync(world.Network, world.A.Certificate, [.. all.Select(one => one.Bytes)]);
        Assert.Equal([ClearingOutcome.Posted, ClearingOutcome.Posted, ClearingOutcome.Waiting], reply.Results.Select(result => result.Outcome));
        Assert.Equal(ClearingOutcome.Known, (await SubmitAsync(world, clearing, all[0])).Outcome);
        Assert.Equal(ClearingOutcome.Waiting, (await SubmitAsync(world, clearing, all[2])).Outcome);
        world.Clock.Now += TimeSpan.FromHours(1);
        Assert.Equal(ClearingOutcome.Known, (await SubmitAsync(world, clearing, all[1])).Outcome);
        Assert.Equal(ClearingOutcome.Posted, (await SubmitAsync(world, clearing, all[2])).Outcome);
        Assert.Equal(ClearingOutcome.Posted, (await SubmitAsync(world, clearing, Settle(world, CreditWorld.Price, 10, 50))).Outcome);
    }

    [Fact]
    public async Task Who_submits_too_much_that_cannot_be_posted_is_refused_for_a_minute()
    {
        using var world = new CreditWorld();
        ClearingBook clearing = Clearing(world, new ClearingOptions { MaxFruitlessPerMinute = 3 });
        SettledReceipt good = Settle(world, CreditWorld.Price, 10, 50);
        await clearing.SubmitAsync(world.Network, world.A.Certificate, [new byte[4], new byte[4], new byte[4]]);
        Assert.Equal((429, CreditCodes.Busy), await RefusalAsync(world.A));
        Assert.Null(await RefusalAsync(world.B));
        world.Clock.Now += TimeSpan.FromMinutes(1);
        Assert.Null(await RefusalAsync(world.A));

        // What has its entry does not count.
        for (int i = 0; i < 5; i++) Assert.Equal(ClearingOutcome.Known, (await SubmitAsync(world, clearing, good)).Outcome);

        async Task<(int, string)?> RefusalAsync(Party member)
            => (await clearing.SubmitAsync(world.Network, member.Certificate, [good.Bytes])).Refusal is { } refusal ? (refusal.Status, refusal.Code) : null;
    }

    [Fact]
    public async Task A_submission_asks_for_the_terms_of_an_account_once_and_leaves_what_requests_need_alone()
    {
        using var world = new CreditWorld();
        var asked = new List<AccountId>();
        var clearing = new ClearingBook(world.Root.Context, world.Root.Fraud, (_, account) =>
        {
            asked.Add(account);
            return world.Members.GetValueOrDefault(account);
        });
        SettledReceipt[] all = [.. Enumerable.Range(0, 20).Select(_ => Settle(world, CreditWorld.Price, 10, 50))];
        ClearingReply reply = await clearing.SubmitAsync(world.Network, world.A.Certificate, [.. all.Select(one => one.Bytes)]);
        Assert.All(reply.Results, result => Assert.Equal(ClearingOutcome.Posted, result.Outcome));
        // Once for the receipts, and the submitter's for its standing.
        Assert.Equal([world.A.Id, world.B.Id, world.A.Id], asked);
        Assert.Equal(0, world.Root.Context.Cache.Certificates);
    }

    [Fact]
    public async Task Of_what_is_never_posted_no_signature_is_checked_but_what_says_something_else_than_the_posted_one_is_no_proof_by_itself()
    {
        using var world = new CreditWorld();
        SettledReceipt good = Settle(world, CreditWorld.Price, 10, 50);
        Countersignature less = Countersignature.Issue(world.C.Device, good.Order, good.Receipt!, 1, 1, world.Clock.Now);
        SettledReceipt forged = SettledReceipt.Create(good.Order, good.Receipt, less, good.PayerCertificate, good.ProviderCertificate);
        world.Clock.Now += TimeSpan.FromDays(91);
        Assert.Contains("90 days", (await SubmitAsync(world, world.Clearing, forged)).Reason, StringComparison.Ordinal);
        world.Clock.Now -= TimeSpan.FromDays(91);
        Assert.Equal(ClearingOutcome.Posted, (await SubmitAsync(world, world.Clearing, good)).Outcome);
        world.Clock.Now += TimeSpan.FromDays(91);
        Assert.Equal(ClearingOutcome.Refused, (await SubmitAsync(world, world.Clearing, forged)).Outcome);
        Assert.Equal(0, world.Root.Fraud.Count);
        Assert.Equal(ClearingOutcome.Known, (await SubmitAsync(world, world.Clearing, good)).Outcome);
    }

    private static ClearingBook Clearing(CreditWorld world, ClearingOptions options)
        => new(world.Root.Context, world.Root.Fraud, (_, account) => world.Members.GetValueOrDefault(account), options);

    private static async Task<ClearingResult> SubmitAsync(CreditWorld world, ClearingBook clearing, SettledReceipt receipt)
        => Assert.Single((await clearing.SubmitAsync(world.Network, world.A.Certificate, [receipt.Bytes])).Results);

    // What B pays A, made without their books.
    private static SettledReceipt Settle(CreditWorld world, Prices prices, long prompt, long completion)
    {
        Order order = Order.Issue(world.B.Device, new OrderTerms
        {
            Nonce = RandomNumberGenerator.GetBytes(16),
            Network = world.Network,
            PayerAccountKey = world.B.Account.PublicKey.ToArray(),
            ProviderAccountKey = world.A.Account.PublicKey.ToArray(),
            ProviderDeviceKey = world.A.Device.PublicKey.ToArray(),
            ProviderInstance = world.A.Instance,
            Model = "small",
            Prices = prices,
            MaxAmount = CreditWorld.Most,
            RequestHash = Order.HashRequest(CreditWorld.Path, CreditWorld.Body),
            IssuedAt = world.Clock.Now,
            ExpiresAt = world.Clock.Now.AddHours(1),
        });
        Receipt receipt = Receipt.Issue(world.A.Device, order, world.Work());
        Countersignature agreed = Countersignature.Issue(world.B.Device, order, receipt, prompt, completion, world.Clock.Now);
        return SettledReceipt.Create(order, receipt, agreed, world.B.Certificate.ToBytes(), world.A.Certificate.ToBytes());
    }

    private static async Task<ReadOnlyMemory<byte>> BytesAsync(CreditWorld world, OrderId id) => (await world.A.Store.FindReceiptAsync(id))!.Bytes;
}
