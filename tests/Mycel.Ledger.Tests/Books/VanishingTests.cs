using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>One side goes at each step, or puts an old copy of its database back.</summary>
public sealed class VanishingTests
{
    [Fact]
    public async Task A_provider_that_vanishes_before_its_receipt_costs_the_payer_nothing()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        await world.B.Payer.BeginAsync(open);
        world.B.Payer.Abandon(open, CreditWorld.Seen(isWhole: false, events: 3));
        Assert.InRange(world.B.Payer.Reserved(world.Network), 1, CreditWorld.Most);
        world.Clock.Now += TimeSpan.FromHours(2);
        Assert.NotNull(world.B.Payer.TryOpen(world.Request(world.C), out _));
        Assert.Equal(CreditWorld.Most, world.B.Payer.Reserved(world.Network));

        // What is noted of it ends some day as well.
        world.Clock.Now += TimeSpan.FromDays(8);
        await world.B.RestartAsync();
        Assert.Equal(0, world.B.Payer.Orders);
        Assert.Equal(ReceiptState.Refused, (await WaitForAsync(world.B, open.Id, ReceiptState.Refused)).State);
    }

    [Fact]
    public async Task A_payer_that_hangs_up_pays_for_what_came()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        byte[] half = CreditWorld.Reply[..200];
        world.B.Payer.Abandon(open, CreditWorld.Seen(prompt: null, completion: null, reply: half[..100], isWhole: false, events: 4));
        FinishedOrder finished = world.A.Provider.Finish(accepted, world.Work(completion: 40, reply: half) with { FinishReason = "cancelled" })!;
        await finished.Durable;
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(10 + (2 * 32), world.B.Payer.Owed(world.Network));
        Assert.Equal(new Exposure(0, 0, 10 + (2 * 32), 2 * 8), world.A.Provider.Exposure(world.B.Id));
        await world.ClearAsync(world.A);
        Assert.Equal(10 + (2 * 32), await world.BalanceAsync(world.A));
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_payer_that_never_saw_a_byte_pays_nothing()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        world.B.Payer.Abandon(open, CreditWorld.Seen(reply: [], isWhole: false));
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));
        await world.A.Provider.Finish(accepted, world.Work())!.Durable;
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Disputed);
    }

    [Fact]
    public async Task A_payer_that_started_anew_pays_for_no_more_of_a_broken_answer_than_came()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        await world.B.Payer.BeginAsync(open);
        world.B.Payer.Abandon(open, CreditWorld.Seen(prompt: null, completion: null, reply: CreditWorld.Reply[..30], isWhole: false, events: 2));
        long most = CreditWorld.Price.AmountFor(CreditWorld.Bounds.PromptTokens, (4 * 2) + 16);
        Assert.Equal(most, world.B.Payer.Reserved(world.Network));
        await world.B.RestartAsync();
        Assert.Equal(most, world.B.Payer.Reserved(world.Network));
        FinishedOrder finished = world.A.Provider.Finish(accepted, world.Work())!;
        await finished.Durable;
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(10 + (2 * 24), world.B.Payer.Owed(world.Network));
        Assert.Equal(new Exposure(0, 0, 10 + (2 * 24), 2 * 26), world.A.Provider.Exposure(world.B.Id));
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));
    }

    [Fact]
    public async Task A_defaulter_costs_at_most_the_cap()
    {
        using var world = new CreditWorld();
        world.A.ProviderOptions = new ProviderOptions { Cap = 4 * CreditWorld.Most };
        await world.A.RestartAsync();
        long lost = 0;
        int served = 0;
        CreditRefusal? refusal = null;
        for (int i = 0; i < 50; i++)
        {
            OpenOrder open = world.Open(world.B, world.A);
            AcceptedOrder? accepted = world.A.Provider.TryAccept(world.Asked(world.B, open), out refusal);
            if (accepted is null) break;
            served++;
            if (world.A.Provider.Finish(accepted, world.Work(48, 100)) is { } finished)
            {
                await finished.Durable;
                lost += finished.Amount;
            }

            world.B.Payer.Release(open);
            if (i % 3 == 2) await world.A.RestartAsync();
        }

        Assert.InRange(served, 4, 10);
        Assert.InRange(lost, 1, 4 * CreditWorld.Most);
        Assert.Equal((402, CreditCodes.CreditExhausted), (refusal!.Status, refusal.Code));
        Assert.Contains("until it has settled", refusal.Message, StringComparison.Ordinal);

        // It refuses to pay, long after the work: for a day from then on that counts the same, over restarts.
        world.Clock.Now += TimeSpan.FromHours(40);
        await CreditWorld.LinkAsync(world.A, world.B);
        for (int i = 0; i < 2; i++)
        {
            Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, world.Open(world.B, world.A)), out refusal));
            Assert.Equal(CreditCodes.CreditExhausted, refusal!.Code);
            Assert.Equal(lost, world.A.Provider.Exposure(world.B.Id).Disputed);
            world.Clock.Now += TimeSpan.FromHours(23.9);
            await world.A.RestartAsync();
        }

        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
    }

    [Fact]
    public async Task What_is_agreed_to_in_part_long_after_the_work_counts_for_a_day_from_then_on()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        Countersigned signed = await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen(completion: 20));
        world.Clock.Now += TimeSpan.FromHours(40);
        await world.A.Provider.TakeSettledAsync(signed.Settled);
        long less = finished.Amount - signed.Amount;
        Assert.Equal(new Exposure(0, 0, signed.Amount, less), world.A.Provider.Exposure(world.B.Id));
        world.Clock.Now += TimeSpan.FromHours(23.9);
        await world.A.RestartAsync();
        Assert.Equal(new Exposure(0, 0, signed.Amount, less), world.A.Provider.Exposure(world.B.Id));
        world.Clock.Now += TimeSpan.FromHours(1.1);
        Assert.Equal(new Exposure(0, 0, signed.Amount, 0), world.A.Provider.Exposure(world.B.Id));
    }

    [Fact]
    public async Task Receipts_that_wait_for_the_payers_line_count_until_they_are_posted()
    {
        using var world = new CreditWorld();
        await world.ServeAsync(world.B, world.A);
        world.SetLine(world.B, CreditWorld.Cost - 1);
        ClearingNews news = (await world.ClearAsync(world.A))!;
        Assert.Equal((0, 1), (news.Posted, news.Waiting));
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
        await world.A.RestartAsync();
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);

        // The payer earns, and it is posted by itself.
        await world.ServeAsync(world.C, world.B);
        await world.ClearAsync(world.B);
        world.Clock.Now += TimeSpan.FromMinutes(20);
        await world.ClearAsync(world.A);
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_countersignature_whose_acknowledgement_was_lost_is_shown_again_and_taken_once()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
        await world.B.RestartAsync();
        await CreditWorld.LinkAsync(world.B, world.A);
        await CreditWorld.LinkAsync(world.B, world.A);
        Assert.Equal(new Exposure(0, 0, CreditWorld.Cost, 0), world.A.Provider.Exposure(world.B.Id));
        Assert.Equal(ReceiptState.Acknowledged, (await world.B.Store.FindReceiptAsync(open.Id))!.State);
        Assert.Equal(ReceiptState.Countersigned, (await world.A.Store.FindReceiptAsync(open.Id))!.State);
    }

    [Fact]
    public async Task A_receipt_that_the_provider_lost_in_a_crash_comes_back_from_the_payer()
    {
        using var world = new CreditWorld();
        await world.A.BackUpAsync();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
        await world.A.RollBackAsync();
        Assert.Null(await world.A.Store.FindReceiptAsync(open.Id));
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
        await world.ClearAsync(world.A);
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
    }

    [Fact]
    public async Task A_payer_that_puts_an_old_database_back_pays_all_the_same()
    {
        using var world = new CreditWorld();
        await world.B.BackUpAsync();
        for (int i = 0; i < 3; i++) await world.ServeAsync(world.B, world.A);
        await world.B.RollBackAsync();
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
        await world.ClearAsync(world.A);
        await world.RefreshAsync(world.B);
        Assert.Equal((10 * MicroCredits.PerCredit) - (3 * CreditWorld.Cost), world.B.Payer.Available(world.Network));
        Assert.Equal(3 * CreditWorld.Cost, await world.BalanceAsync(world.A));
        Assert.Equal(0, world.Root.Fraud.Count);
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_payer_that_forgot_signs_nothing_that_contradicts_what_it_signed()
    {
        using var world = new CreditWorld();
        await world.B.BackUpAsync();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        Countersigned first = await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
        await world.B.RollBackAsync();

        // The provider never got it, and asks; the payer knows nothing of it, and signs nothing. The clearing node would have taken the first all the same.
        Countersigned second = await world.B.Payer.CountersignLaterAsync((await world.A.Store.FindReceiptAsync(open.Id))!.Bytes);
        Assert.Equal(CreditCodes.ReceiptRefused, second.Refusal!.Code);
        Assert.Equal(ClearingOutcome.Posted, (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [first.Settled], 0)).Results[0].Outcome);
        Assert.Equal(0, world.Root.Fraud.Count);
    }

    [Fact]
    public async Task A_refused_order_is_never_paid_also_not_after_a_restart()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        world.B.Payer.Release(open);
        await world.A.Provider.Finish(accepted, world.Work(48, 100))!.Durable;
        ReadOnlyMemory<byte> claim = (await world.A.Store.FindReceiptAsync(open.Id))!.Bytes;
        Assert.Equal(CreditCodes.ReceiptRefused, (await world.B.Payer.CountersignLaterAsync(claim)).Refusal!.Code);
        await world.B.RestartAsync();
        Assert.Equal(CreditCodes.ReceiptRefused, (await world.B.Payer.CountersignLaterAsync(claim)).Refusal!.Code);
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
    }

    [Fact]
    public async Task A_ledger_that_was_set_back_gets_everything_again_and_says_so()
    {
        using var world = new CreditWorld();
        await world.ServeAsync(world.B, world.A);
        await world.ClearAsync(world.A);
        await world.ClearAsync(world.B);
        await world.Root.BackUpAsync();
        world.OpenClearing();
        await world.ServeAsync(world.B, world.A);
        await world.ServeAsync(world.B, world.C);
        foreach (Party party in new[] { world.A, world.B, world.C }) await world.ClearAsync(party);
        Assert.Equal(-3 * CreditWorld.Cost, await world.BalanceAsync(world.B));
        await world.Root.RollBackAsync();
        world.OpenClearing();
        Assert.Equal(-CreditWorld.Cost, await world.BalanceAsync(world.B));

        // Others fill the ledger up beyond where it was, so that its length tells nothing.
        for (int i = 0; i < 5; i++) await world.ServeAsync(world.C, world.Root);
        await world.RefreshAsync(world.Root);
        string? warning = (await world.RefreshedAsync(world.A))!.Warning;
        Assert.Contains("set back", warning, StringComparison.Ordinal);
        await world.RefreshAsync(world.B);
        await world.RefreshAsync(world.C);
        await world.RefreshAsync(world.A);
        Assert.Equal(-3 * CreditWorld.Cost, await world.BalanceAsync(world.B));
        Assert.Equal(2 * CreditWorld.Cost, await world.BalanceAsync(world.A));
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
        Assert.Equal((10 * MicroCredits.PerCredit) - (3 * CreditWorld.Cost), world.B.Payer.Available(world.Network));
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_ledger_that_was_begun_anew_gets_everything_again_and_says_so()
    {
        using var world = new CreditWorld();
        await world.Root.BackUpAsync();
        world.OpenClearing();
        await world.ServeAsync(world.B, world.A);
        await world.ClearAsync(world.A);
        await world.ClearAsync(world.B);
        await world.Root.RollBackAsync();
        world.OpenClearing();
        Assert.Contains("begun anew", (await world.RefreshedAsync(world.A))!.Warning, StringComparison.Ordinal);
        await world.RefreshAsync(world.B);
        await world.RefreshAsync(world.A);
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
        Assert.Equal((10 * MicroCredits.PerCredit) - CreditWorld.Cost, world.B.Payer.Available(world.Network));
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_disk_that_fails_loses_no_money_and_shows_no_signature()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        world.B.Store.FailsWrites = true;
        await Assert.ThrowsAsync<LedgerException>(() => world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen()));
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
        world.B.Store.FailsWrites = false;
        world.A.Store.FailsWrites = true;
        await Assert.ThrowsAsync<LedgerException>(() => CreditWorld.LinkAsync(world.A, world.B));
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Claimed);
        world.A.Store.FailsWrites = false;
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(new Exposure(0, 0, CreditWorld.Cost, 0), world.A.Provider.Exposure(world.B.Id));
        Assert.Equal(CreditWorld.Cost, world.B.Payer.Owed(world.Network));
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));

        // Nor does an answer of the clearing node that could not be written.
        world.Clock.Now += TimeSpan.FromMinutes(1);
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, batch.Receipts, 0);
        world.A.Store.FailsWrites = true;
        await Assert.ThrowsAsync<LedgerException>(() => world.A.Outbox.ApplyAsync(batch, reply));
        world.A.Store.FailsWrites = false;
        world.Clock.Now += TimeSpan.FromMinutes(1);
        await world.ClearAsync(world.A);
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
    }

    private static async Task<ReceiptRecord> WaitForAsync(Party party, OrderId id, ReceiptState state)
    {
        for (int i = 0; i < 100; i++)
        {
            if (await party.Store.FindReceiptAsync(id) is { } record && record.State == state) return record;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        throw new StatementException("The receipt never came so far.");
    }
}
