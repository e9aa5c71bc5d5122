using Mycel.Identity;
using Mycel.Ledger.Books;

namespace Mycel.Ledger.Tests.Books;

/// <summary>Many at once, and everything in another order than it was meant.</summary>
public sealed class RaceTests
{
    [Fact]
    public async Task A_line_is_never_exceeded_by_requests_at_once()
    {
        using var world = new CreditWorld();
        world.SetLine(world.B, 10 * CreditWorld.Most);
        OpenOrder?[] orders = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => world.B.Payer.TryOpen(world.Request(world.A), out CreditRefusal? _))));
        Assert.Equal(10, orders.Count(order => order is not null));
        Assert.Equal(0, world.B.Payer.Available(world.Network));

        world.A.ProviderOptions = new ProviderOptions { Cap = 4 * CreditWorld.Most };
        await world.A.RestartAsync();
        OpenOrder[] open = [.. orders.OfType<OpenOrder>()];
        foreach (OpenOrder order in open) world.B.Payer.Release(order);
        open = [.. Enumerable.Range(0, 10).Select(_ => world.Open(world.B, world.A))];
        AcceptedOrder?[] accepted = await Task.WhenAll(open.Select(order => Task.Run(() => world.A.Provider.TryAccept(world.Asked(world.B, order), out CreditRefusal? _))));
        Assert.Equal(4, accepted.Count(order => order is not null));
    }

    [Fact]
    public async Task Of_one_order_taken_by_many_at_once_one_is_served()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder?[] accepted = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => world.A.Provider.TryAccept(world.Asked(world.B, open), out CreditRefusal? _))));
        AcceptedOrder one = Assert.Single(accepted.OfType<AcceptedOrder>());
        FinishedOrder?[] finished = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => world.A.Provider.Finish(one, world.Work()))));
        Assert.Single(finished.OfType<FinishedOrder>());
        Assert.Equal(new Exposure(0, CreditWorld.Cost, 0, 0), world.A.Provider.Exposure(world.B.Id));
    }

    [Fact]
    public async Task A_receipt_that_comes_on_two_paths_is_signed_once()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        ReadOnlyMemory<byte> claim = (await world.A.Store.FindReceiptAsync(open.Id))!.Bytes;
        Assert.Equal(CreditCodes.NotYet, (await world.B.Payer.CountersignLaterAsync(claim)).Refusal!.Code);
        var gate = new TaskCompletionSource();
        world.B.Store.Gate = gate.Task;
        Task<Countersigned> first = world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
        Task<Countersigned>[] others = [.. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? world.B.Payer.CountersignLaterAsync(claim) : world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen()))];
        Assert.Equal(CreditWorld.Cost, world.B.Payer.Owed(world.Network));
        gate.SetResult();
        Countersigned[] answers = await Task.WhenAll([first, .. others]);
        Assert.All(answers, answer => Assert.Equal(answers[0].Countersignature.ToArray(), answer.Countersignature.ToArray()));
        Assert.Equal(CreditWorld.Cost, world.B.Payer.Owed(world.Network));
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));

        await Task.WhenAll(answers.Select((answer, i) => Task.Run(() => i % 2 == 0 ? world.A.Provider.TakeAsync(open.Id, answer.Countersignature) : TakeSettledAsync(answer))));
        Assert.Equal(new Exposure(0, 0, CreditWorld.Cost, 0), world.A.Provider.Exposure(world.B.Id));
        await world.ClearAsync(world.A);
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
        async Task<long> TakeSettledAsync(Countersigned answer) => (await world.A.Provider.TakeSettledAsync(answer.Settled)).Amount;
    }

    [Fact]
    public async Task Sixty_four_requests_at_once_leave_both_books_right()
    {
        using var world = new CreditWorld();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => world.ServeAsync(world.B, i % 2 == 0 ? world.A : world.C, 10, i))));
        long paid = Enumerable.Range(0, 64).Sum(i => 10L + (2 * i));
        Assert.Equal(paid, world.B.Payer.Owed(world.Network));
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));
        Assert.Equal(paid, world.A.Provider.Exposure(world.B.Id).Owed + world.C.Provider.Exposure(world.B.Id).Owed);
        await Task.WhenAll(Submit(world.A), Submit(world.B), Submit(world.C));
        Assert.Equal(-paid, await world.BalanceAsync(world.B));
        await world.CheckAsync();

        async Task Submit(Party party)
        {
            world.Clock.Now += TimeSpan.FromSeconds(10);
            ClearBatch batch = (await party.Outbox.NextClearAsync(world.Network))!;
            Assert.Null(await party.Outbox.NextClearAsync(world.Network));
            ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, party.Certificate, batch.Receipts, 0);
            ClearingNews[] news = await Task.WhenAll(party.Outbox.ApplyAsync(batch, reply), party.Outbox.ApplyAsync(batch, reply));
            Assert.Equal(batch.Receipts.Count, news.Sum(one => one.Posted));
            Assert.Equal(0, party.Payer.Owed(world.Network));
            Assert.Equal(0, party.Provider.Exposure(world.B.Id).Total);
        }
    }

    [Fact]
    public async Task An_answer_to_an_old_batch_changes_nothing()
    {
        using var world = new CreditWorld();
        await world.ServeAsync(world.B, world.A);
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, batch.Receipts, 0);
        world.A.Outbox.Failed(batch);
        Assert.Equal(0, (await world.A.Outbox.ApplyAsync(batch, reply)).Posted);
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
        Assert.Null(await world.A.Outbox.NextClearAsync(world.Network));
        world.Clock.Now += TimeSpan.FromSeconds(2);
        Assert.NotNull(await world.A.Outbox.NextClearAsync(world.Network));
    }

    [Fact]
    public async Task An_answer_for_other_receipts_is_not_believed()
    {
        using var world = new CreditWorld();
        await world.ServeAsync(world.B, world.A);
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, batch.Receipts, 0);
        await Assert.ThrowsAsync<StatementException>(() => world.A.Outbox.ApplyAsync(batch, reply with { Results = [] }));
        world.Clock.Now += TimeSpan.FromSeconds(5);
        batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        await Assert.ThrowsAsync<StatementException>(() => world.A.Outbox.ApplyAsync(batch, reply with { Results = [reply.Results[0] with { Id = OrderId.New() }] }));
        world.Clock.Now += TimeSpan.FromSeconds(5);
        batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ReadOnlyMemory<byte> others = (await world.Clearing.StandingAsync(world.Network, world.B.Account.PublicKey.ToArray())).Bytes;
        await Assert.ThrowsAsync<StatementException>(() => world.A.Outbox.ApplyAsync(batch, reply with { Standing = others }));
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
    }
}
