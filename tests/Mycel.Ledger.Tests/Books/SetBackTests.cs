using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>A network's ledger that was restored from an older copy is found out by everyone to whom it said more, however it was filled since.</summary>
public sealed class SetBackTests
{
    [Fact]
    public async Task A_ledger_that_was_set_back_is_noticed_also_where_the_last_receipt_has_its_old_number_again()
    {
        using var world = new CreditWorld();
        await world.ClearAsync(world.Root);
        await world.Root.BackUpAsync();
        world.OpenClearing();
        OrderId lost = await world.ServeAsync(world.C, world.A);
        await world.ClearAsync(world.A);
        OrderId kept = await world.ServeAsync(world.B, world.A);
        await world.ClearAsync(world.A);
        await world.ClearAsync(world.B);
        await world.Root.RollBackAsync();
        world.OpenClearing();

        // The first place is another receipt's now, and the payer of the last one submits it again.
        await world.ServeAsync(world.B, world.Root);
        await world.RefreshAsync(world.Root);
        await world.RefreshAsync(world.B);
        Assert.Equal(2, await EntryOfAsync(world.B, kept));
        Assert.Equal(2, await EntryOfAsync(world.A, kept));
        Assert.Equal(1, await EntryOfAsync(world.A, lost));

        Assert.Contains("set back", (await world.RefreshedAsync(world.A))!.Warning, StringComparison.Ordinal);
        await world.RefreshAsync(world.A);
        Assert.Equal(2, await EntryOfAsync(world.A, kept));
        Assert.Equal(3, await EntryOfAsync(world.A, lost));
        Assert.Equal(2 * CreditWorld.Cost, await world.BalanceAsync(world.A));
        Assert.Equal(-CreditWorld.Cost, await world.BalanceAsync(world.C));
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_member_without_any_receipt_notices_it_too()
    {
        using var world = new CreditWorld();
        await world.ClearAsync(world.Root);
        await world.Root.BackUpAsync();
        world.OpenClearing();
        await world.ServeAsync(world.B, world.A);
        await world.ClearAsync(world.A);
        await world.ClearAsync(world.C);
        Assert.Equal(1, world.C.Standings.Own(world.Network)!.Entries);
        await world.Root.RollBackAsync();
        world.OpenClearing();
        for (int i = 0; i < 3; i++) await world.ServeAsync(world.Root, world.B);
        await world.RefreshAsync(world.Root);
        Assert.Contains("set back", (await world.RefreshedAsync(world.C))!.Warning, StringComparison.Ordinal);
        Assert.Null((await world.RefreshedAsync(world.C))!.Warning);
    }

    [Fact]
    public async Task A_ledger_that_was_not_set_back_is_never_said_to_be()
    {
        using var world = new CreditWorld();
        for (int i = 0; i < 3; i++)
        {
            await world.ServeAsync(world.B, world.A);
            await world.ServeAsync(world.C, world.B);
            foreach (Party party in world.All) Assert.Null((await world.RefreshedAsync(party))?.Warning);
            await world.A.RestartAsync();
            await world.Root.RestartAsync();
            world.OpenClearing();
        }
    }

    [Fact]
    public async Task What_was_posted_to_a_ledger_that_was_set_back_meanwhile_waits()
    {
        using var world = new CreditWorld();
        await world.ServeAsync(world.B, world.A);
        world.Clock.Now += TimeSpan.FromMinutes(1);
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        world.Root.Store.HashIs = new byte[32];
        ClearingResult result = (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, batch.Receipts)).Results[0];
        Assert.Equal((ClearingOutcome.Waiting, 0), (result.Outcome, result.Entry));
        Assert.Contains("set back", result.Reason, StringComparison.Ordinal);
        world.Root.Store.HashIs = null;
        Assert.Equal(ClearingOutcome.Known, (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, batch.Receipts)).Results[0].Outcome);
    }

    [Fact]
    public async Task Nothing_counts_as_posted_without_a_newer_standing_of_a_ledger_that_is_long_enough()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        world.Clock.Now += TimeSpan.FromMinutes(1);
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ClearingReply first = await SubmitAsync(batch);
        world.A.Outbox.Failed(batch);
        world.Clock.Now += TimeSpan.FromMinutes(1);

        batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ClearingReply reply = await SubmitAsync(batch);
        ClearingReply beyond = reply with { Results = [reply.Results[0] with { Entry = 2 }] };
        await Assert.ThrowsAsync<StatementException>(() => world.A.Outbox.ApplyAsync(batch, beyond));
        Assert.Equal(ReceiptState.Countersigned, (await world.A.Store.FindReceiptAsync(id))!.State);
        await world.ClearAsync(world.A);
        Assert.Equal(ReceiptState.Posted, (await world.A.Store.FindReceiptAsync(id))!.State);

        id = await world.ServeAsync(world.B, world.A);
        world.Clock.Now += TimeSpan.FromMinutes(1);
        batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        reply = await SubmitAsync(batch);
        await Assert.ThrowsAsync<StatementException>(() => world.A.Outbox.ApplyAsync(batch, reply with { Standing = first.Standing }));
        Assert.Equal(ReceiptState.Countersigned, (await world.A.Store.FindReceiptAsync(id))!.State);
        await world.ClearAsync(world.A);
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));

        Task<ClearingReply> SubmitAsync(ClearBatch due) => world.Clearing.SubmitAsync(world.Network, world.A.Certificate, due.Receipts, due.KnownProofs, due.KnownEntries);
    }

    private static async Task<long?> EntryOfAsync(Party party, OrderId id) => (await party.Store.FindReceiptAsync(id))!.Entry;
}
