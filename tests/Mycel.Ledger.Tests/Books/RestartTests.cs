using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>Payer, provider or both start anew between any two steps of a request; in the end both books agree.</summary>
public sealed class RestartTests
{
    private const int Steps = 9;

    public static TheoryData<int, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<int, bool, bool>();
            for (int step = 0; step < Steps; step++)
            {
                cases.Add(step, true, false);
                cases.Add(step, false, true);
                cases.Add(step, true, true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_restart_between_two_steps_leaves_both_books_right(int at, bool isPayer, bool isProvider)
    {
        using var world = new CreditWorld();
        var run = new Run(world, at, isPayer, isProvider);
        await run.GoAsync();
        for (int i = 0; i < 2; i++)
        {
            await CreditWorld.LinkAsync(world.A, world.B);
            await world.RefreshedAsync(world.A);
            await world.RefreshedAsync(world.B);
        }

        ReceiptRecord? paid = await world.B.Store.FindReceiptAsync(run.Id), earned = await world.A.Store.FindReceiptAsync(run.Id);
        bool isPaid = paid is { State: ReceiptState.Posted };
        Assert.Equal(isPaid, earned is { State: ReceiptState.Posted });
        if (isPaid) Assert.Equal((paid!.Amount, paid.Claimed, paid.Entry, paid.PromptTokens, paid.CompletionTokens), (earned!.Amount, earned.Claimed, earned.Entry, earned.PromptTokens, earned.CompletionTokens));
        else Assert.True(earned is null or { State: ReceiptState.Refused, Amount: 0 });

        // Whoever lives pays for what was delivered: only a payer that died before the answer began does not.
        Assert.Equal(run.IsDelivered && !run.IsForgotten, isPaid);
        Assert.Equal(isPaid ? -CreditWorld.Cost : 0, await world.BalanceAsync(world.B));
        await world.CheckAsync();
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
        Exposure exposure = world.A.Provider.Exposure(world.B.Id);
        Assert.Equal((0L, 0L, 0L), (exposure.UnderWay, exposure.Claimed, exposure.Owed));
        OpenOrder next = world.Open(world.B, world.A);
        Assert.Equal(CreditWorld.Most, world.B.Payer.Reserved(world.Network));
        world.A.Provider.Release(world.Accept(world.B, world.A, next));
    }

    [Fact]
    public async Task A_claim_that_was_altered_anywhere_moves_nothing_but_what_is_good()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        world.B.Payer.Abandon(open, CreditWorld.Seen(isWhole: false));
        byte[] claim = (await world.A.Store.FindReceiptAsync(open.Id))!.Bytes.ToArray();
        for (int i = 0; i < claim.Length; i++)
        {
            byte[] altered = [.. claim];
            altered[i] ^= 2;
            Countersigned answer = await world.B.Payer.CountersignLaterAsync(altered);
            if (answer.Refusal is null) SettledReceipt.Parse(answer.Settled.Span).Verify();
            else Assert.True(answer.Countersignature.IsEmpty, $"Byte {i}: refused, and signed all the same.");
        }

        Countersigned good = await world.B.Payer.CountersignLaterAsync(claim);
        Assert.Equal(CreditWorld.Cost, good.Amount);
        byte[] settled = good.Settled.ToArray();
        for (int i = 0; i < settled.Length; i++)
        {
            byte[] altered = [.. settled];
            altered[i] ^= 2;
            try
            {
                // The certificates are the provider's own copies by now; all else is looked at.
                Assert.Equal((open.Id, CreditWorld.Cost), await world.A.Provider.TakeSettledAsync(altered));
            }
            catch (StatementException)
            {
                // A clear refusal.
            }
        }

        await world.A.Provider.TakeSettledAsync(settled);
        Assert.Equal(new Exposure(0, 0, CreditWorld.Cost, 0), world.A.Provider.Exposure(world.B.Id));
        await world.ClearAsync(world.A);
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
    }

    private sealed class Run(CreditWorld world, int at, bool isPayer, bool isProvider)
    {
        private int _step;
        private bool _payerDied;
        private bool _providerDied;

        public OrderId Id { get; private set; }

        public bool IsDelivered { get; private set; }

        public bool IsForgotten { get; private set; }

        public async Task GoAsync()
        {
            OpenOrder open = world.Open(world.B, world.A);
            Id = open.Id;
            await StepAsync();
            if (_payerDied) return;
            AcceptedOrder? accepted = world.A.Provider.TryAccept(world.Asked(world.B, open), out _);
            if (accepted is null) world.B.Payer.Release(open);
            await StepAsync();
            if (accepted is null) return;
            if (_payerDied) IsForgotten = true;
            else await world.B.Payer.BeginAsync(open);
            await StepAsync();
            FinishedOrder? finished = _providerDied ? null : world.A.Provider.Finish(accepted, world.Work());
            if (finished is not null) await finished.Durable;
            IsDelivered = finished is not null;
            if (finished is null && !_payerDied) world.B.Payer.Abandon(open, CreditWorld.Seen(isWhole: false));
            await StepAsync();
            if (finished is null || _payerDied) return;
            Countersigned signed = await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
            await StepAsync();
            if (_providerDied || _payerDied) return;
            await world.A.Provider.TakeAsync(open.Id, signed.Countersignature);
            await StepAsync();
            if (_providerDied || _payerDied) return;
            await world.B.Payer.AcknowledgeAsync(open.Id);
            await StepAsync();
            await world.ClearAsync(world.A);
            await StepAsync();
            await world.ClearAsync(world.B);
            await StepAsync();
        }

        private async Task StepAsync()
        {
            if (_step++ != at) return;
            _payerDied = isPayer;
            _providerDied = isProvider;
            if (isPayer) await world.B.RestartAsync();
            if (isProvider) await world.A.RestartAsync();
        }
    }
}
