using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Tests.Books;

/// <summary>Everything that others can make grow reaches its bound and stays there.</summary>
public sealed class BoundTests
{
    [Fact]
    public async Task Orders_that_broke_off_make_way_for_new_ones_and_those_under_way_do_not()
    {
        using var world = new CreditWorld();
        world.B.PayerOptions = new PayerOptions { MaxOrders = 4 };
        await world.B.RestartAsync();
        OpenOrder[] open = [.. Enumerable.Range(0, 4).Select(_ => world.Open(world.B, world.A))];
        Assert.Null(world.B.Payer.TryOpen(world.Request(world.A), out CreditRefusal? refusal));
        Assert.Equal((503, CreditCodes.BooksFull, false), (refusal!.Status, refusal.Code, refusal.MayTryOthers));
        foreach (OpenOrder order in open) world.B.Payer.Abandon(order, CreditWorld.Seen(isWhole: false));
        for (int i = 0; i < 4; i++) world.Open(world.B, world.A);
        Assert.Equal(4, world.B.Payer.Orders);
        Assert.Null(world.B.Payer.TryOpen(world.Request(world.A), out _));
        Assert.Equal(4 * CreditWorld.Most, world.B.Payer.Reserved(world.Network));

        // One that made way is not paid any more.
        Receipt receipt = Receipt.Issue(world.A.Device, open[0].Order, world.Work());
        Countersigned answer = await world.B.Payer.CountersignLaterAsync(SettledReceipt.Create(open[0].Order, receipt, null, world.B.Certificate.ToBytes(), world.A.Certificate.ToBytes()).Bytes);
        Assert.Equal(CreditCodes.ReceiptRefused, answer.Refusal!.Code);
    }

    [Fact]
    public async Task Of_the_notes_of_an_earlier_run_the_latest_count_as_far_as_they_fit()
    {
        using var world = new CreditWorld();
        var open = new List<OpenOrder>();
        for (int i = 0; i < 6; i++)
        {
            open.Add(world.Open(world.B, world.A));
            world.Clock.Now += TimeSpan.FromSeconds(1);
        }

        foreach (OpenOrder order in open) await world.B.Payer.BeginAsync(order);
        world.B.PayerOptions = new PayerOptions { MaxOrders = 2 };
        await world.B.RestartAsync();
        Assert.Equal(2, world.B.Payer.Orders);
        foreach (OpenOrder order in open)
        {
            Receipt receipt = Receipt.Issue(world.A.Device, order.Order, world.Work());
            Countersigned answer = await world.B.Payer.CountersignLaterAsync(SettledReceipt.Create(order.Order, receipt, null, world.B.Certificate.ToBytes(), world.A.Certificate.ToBytes()).Bytes);
            Assert.Equal(open.IndexOf(order) < 4 ? CreditCodes.ReceiptRefused : null, answer.Refusal?.Code);
        }

        Assert.Equal(2 * CreditWorld.Cost, world.B.Payer.Owed(world.Network));
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));
    }

    [Fact]
    public async Task Ids_are_remembered_until_they_expire_and_no_more_of_them_than_fit()
    {
        using var world = new CreditWorld();
        world.A.ProviderOptions = new ProviderOptions { MaxRemembered = 6, MaxRememberedPerAccount = 4 };
        await world.A.RestartAsync();
        for (int i = 0; i < 4; i++) world.A.Provider.Release(world.Accept(world.B, world.A, world.Open(world.B, world.A)));
        Assert.Equal(CreditCodes.BooksFull, Refusal(world.B));
        for (int i = 0; i < 2; i++) world.A.Provider.Release(world.Accept(world.C, world.A, world.Open(world.C, world.A)));
        Assert.Equal(CreditCodes.BooksFull, Refusal(world.C));
        Assert.Equal(6, world.A.Provider.Remembered);
        world.Clock.Now += TimeSpan.FromHours(1);
        Assert.Null(Refusal(world.B));
        Assert.Equal(1, world.A.Provider.Remembered);
        Assert.Equal(1, world.A.Provider.Accounts);

        string? Refusal(Party payer) => world.A.Provider.TryAccept(world.Asked(payer, world.Open(payer, world.A)), out CreditRefusal? refusal) is null ? refusal!.Code : null;
    }

    [Fact]
    public async Task Orders_that_receipts_came_of_are_not_of_their_accounts_share_and_not_taken_twice()
    {
        using var world = new CreditWorld();
        world.A.ProviderOptions = new ProviderOptions { MaxRememberedPerAccount = 2 };
        await world.A.RestartAsync();
        OpenOrder first = world.Open(world.B, world.A);
        await world.A.Provider.Finish(world.Accept(world.B, world.A, first), world.Work())!.Durable;
        for (int i = 0; i < 3; i++) await world.A.Provider.Finish(world.Accept(world.B, world.A, world.Open(world.B, world.A)), world.Work())!.Durable;
        Assert.Equal(4, world.A.Provider.Remembered);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, first), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.OrderReplayed, refusal!.Code);

        for (int i = 0; i < 2; i++) world.A.Provider.Release(world.Accept(world.B, world.A, world.Open(world.B, world.A)));
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, world.Open(world.B, world.A)), out refusal));
        Assert.Equal(CreditCodes.BooksFull, refusal!.Code);
        world.Clock.Now += TimeSpan.FromHours(1);
        world.Accept(world.B, world.A, world.Open(world.B, world.A));
        Assert.Equal(1, world.A.Provider.Remembered);
    }

    [Fact]
    public async Task Accounts_receipts_and_claims_have_bounds()
    {
        using var world = new CreditWorld();
        world.A.ProviderOptions = new ProviderOptions { MaxAccounts = 1, MaxUnsettledPerAccount = 3, MaxClaims = 1 };
        await world.A.RestartAsync();
        OpenOrder[] open = [.. Enumerable.Range(0, 3).Select(_ => world.Open(world.B, world.A))];
        FinishedOrder[] finished = [.. open.Select(order => world.A.Provider.Finish(world.Accept(world.B, world.A, order), world.Work())!)];
        await Task.WhenAll(finished.Select(one => one.Durable));
        Assert.Equal(1, world.A.Provider.Claims);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, world.Open(world.B, world.A)), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.CreditExhausted, refusal!.Code);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.C, world.Open(world.C, world.A)), out refusal));
        Assert.Equal(CreditCodes.BooksFull, refusal!.Code);

        // Those that are not held in memory are settled from the store.
        for (int i = 0; i < 3; i++)
        {
            Countersigned signed = await world.B.Payer.CountersignAsync(open[i], finished[i].Receipt, CreditWorld.Seen());
            Assert.Equal(CreditWorld.Cost, await world.A.Provider.TakeAsync(open[i].Id, signed.Countersignature));
        }

        Assert.Equal(new Exposure(0, 0, 3 * CreditWorld.Cost, 0), world.A.Provider.Exposure(world.B.Id));
        await world.ClearAsync(world.A);
        world.Clock.Now += TimeSpan.FromHours(2);
        Assert.NotNull(world.A.Provider.TryAccept(world.Asked(world.C, world.Open(world.C, world.A)), out _));
        Assert.Equal(1, world.A.Provider.Accounts);
    }

    [Fact]
    public async Task A_submission_has_a_bound_and_the_outbox_keeps_to_it()
    {
        using var world = new CreditWorld();
        world.A.ProviderOptions = new ProviderOptions { Cap = 1000 * MicroCredits.PerCredit };
        world.SetLine(world.B, 1000 * MicroCredits.PerCredit);
        await world.A.RestartAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => world.ServeAsync(world.B, world.A)));
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        Assert.Equal(ClearingBook.MaxReceipts, batch.Receipts.Count);
        world.A.Outbox.Failed(batch);
        await world.ClearAsync(world.A);
        Assert.Equal(300 * CreditWorld.Cost, await world.BalanceAsync(world.A));
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
        ReadOnlyMemory<byte>[] tooMany = [.. Enumerable.Repeat(batch.Receipts[0], ClearingBook.MaxReceipts + 1)];
        Assert.Equal(400, (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, tooMany, 0)).Refusal!.Status);
        await world.CheckAsync();
    }

    [Fact]
    public async Task Pages_for_a_peer_have_a_bound_and_an_end()
    {
        using var world = new CreditWorld();
        for (int i = 0; i < 70; i++)
        {
            OpenOrder open = world.Open(world.B, world.A);
            FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
            await finished.Durable;
            world.B.Payer.Abandon(open, CreditWorld.Seen(isWhole: false));
        }

        SettleCursor cursor = default;
        int seen = 0;
        for (bool hasMore = true; hasMore;)
        {
            SettleBatch page = await world.A.Outbox.DueToPeerAsync(world.B.Device.PeerId, cursor);
            Assert.InRange(page.Claims.Count + page.Settled.Count, 0, Outbox.MaxSettle);
            seen += page.Claims.Count;
            (cursor, hasMore) = (page.Cursor, page.HasMore);
        }

        Assert.Equal(70, seen);
        Assert.Empty((await world.A.Outbox.DueToPeerAsync(world.C.Device.PeerId)).Claims);
    }

    [Fact]
    public async Task Reputations_decay_survive_a_restart_and_have_a_bound()
    {
        using var world = new CreditWorld();
        var book = new ReputationBook(world.A.Context.Time);
        PeerId peer = world.B.Device.PeerId;
        Assert.Equal(0.9, book.Of(peer).SuccessShare, 3);
        for (int i = 0; i < 10; i++) book.Observe(peer, new Observation { IsSuccess = i > 0, IsDispute = i == 0, Settled = 100, FirstTokenMs = 200, TokensPerSecond = 40 });
        book.Observe(peer, new Observation { FirstTokenMs = double.NaN, TokensPerSecond = double.PositiveInfinity });
        Assert.True(book.HasNews);
        Assert.Equal((9.0, 1.0, 1.0, 1000.0, 200.0, 40.0), (book.Of(peer).Successes, book.Of(peer).Failures, book.Of(peer).Disputes, book.Of(peer).Settled, book.Of(peer).FirstTokenMs, book.Of(peer).TokensPerSecond));
        await book.FlushAsync(world.A.Store);
        Assert.False(book.HasNews);
        world.Clock.Now += TimeSpan.FromDays(7);
        var again = new ReputationBook(world.A.Context.Time);
        await again.RestoreAsync(world.A.Store);
        Reputation kept = again.Of(peer);
        Assert.Equal(4.5, kept.Successes, 6);
        Assert.Equal(200, kept.FirstTokenMs!.Value, 6);
        again.Observe(peer, new Observation { IsSuccess = true, FirstTokenMs = 400 });
        Assert.InRange(again.Of(peer).FirstTokenMs!.Value, 201, 399);

        world.Clock.Now += TimeSpan.FromMinutes(1);
        for (int i = 0; i < ReputationBook.MaxPeers; i++) again.Observe(new PeerId(SHA256.HashData(BitConverter.GetBytes(i))), new Observation { IsSuccess = true });
        Assert.Equal(ReputationBook.MaxPeers, again.Peers);
        Assert.Equal(0, again.Of(peer).Successes);
        await again.FlushAsync(world.A.Store);
        Assert.Equal(ReputationBook.MaxPeers, (await world.A.Store.ReputationsAsync()).Count);
    }

    [Fact]
    public async Task Proofs_of_fraud_come_in_pages()
    {
        using var world = new CreditWorld();
        for (int i = 0; i < 70; i++)
        {
            EquivocationProof proof = ProofOf(world, (byte)i);
            Assert.True((await world.Root.Fraud.AddAsync(world.Network, proof.Bytes)).IsNew);
            Assert.False((await world.Root.Fraud.AddAsync(world.Network, proof.Bytes)).IsNew);
        }

        var small = new FraudBook(world.Root.Context, maxAccounts: 10);
        await small.RestoreAsync([world.Network]);
        Assert.Equal(10, small.Count);
        ClearingNews news = (await world.ClearAsync(world.A))!;
        Assert.Equal(70, world.A.Fraud.Count);
        Assert.InRange(news.Frauds.Count, 6, 70);
        await world.A.RestartAsync();
        Assert.Equal(70, world.A.Fraud.Count);
    }

    [Fact]
    public async Task Of_what_others_prove_no_more_is_taken_than_fits_in_a_day_nor_in_all()
    {
        using var world = new CreditWorld();
        var fraud = new FraudBook(world.A.Context, maxAccounts: 7, maxLearned: 4);
        ReadOnlyMemory<byte>[] proofs = [.. Enumerable.Range(0, 10).Select(i => ProofOf(world, (byte)i).Bytes)];
        Assert.Equal(4, await TakenAsync());
        world.Clock.Now += TimeSpan.FromHours(23);
        Assert.Equal(0, await TakenAsync());
        world.Clock.Now += TimeSpan.FromHours(1);
        Assert.Equal(3, await TakenAsync());
        world.Clock.Now += TimeSpan.FromDays(1);
        Assert.Equal(0, await TakenAsync());
        Assert.Equal(7, (await world.A.Store.ProofsAsync(world.Network, 0)).Count);

        // What the node finds itself is kept in any case.
        await fraud.AddAsync(world.Network, proofs[9]);
        Assert.Equal(8, (await world.A.Store.ProofsAsync(world.Network, 0)).Count);

        async Task<int> TakenAsync()
        {
            int taken = 0;
            foreach (ReadOnlyMemory<byte> proof in proofs) taken += await fraud.LearnAsync(world.Network, proof) is null ? 0 : 1;
            return taken;
        }
    }

    [Fact]
    public async Task Budgets_that_are_not_used_make_way()
    {
        using var world = new CreditWorld();
        for (int i = 0; i <= BudgetBook.MaxBudgets; i++) await world.B.Payer.Budgets.SpentAsync($"key {i}", BudgetPeriod.Day);
        Assert.Equal(BudgetBook.MaxBudgets, world.B.Payer.Budgets.Count);
        Assert.Equal(0, await world.B.Payer.Budgets.SpentAsync("key 0", BudgetPeriod.Day));
    }

    // Of an account that nobody knows.
    private static EquivocationProof ProofOf(CreditWorld world, byte number)
    {
        using var account = new AccountKey(SHA256.HashData([number, 77]));
        using var device = new DeviceKey(SHA256.HashData([number, 78]));
        var certificate = Identity.Certificates.DeviceCertificate.Issue(account, device.PublicKey, "x", Identity.Certificates.DeviceRoles.All, 1, world.Clock.Now, TimeSpan.FromDays(3));
        Order order = world.Open(world.B, world.A).Order;
        return EquivocationProof.Of(Receipt.Issue(device, order, world.Work()), Receipt.Issue(device, order, world.Work(11)), certificate.ToBytes())!;
    }
}
