using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>An order that the payer has closed is not paid by what is still noted of it.</summary>
public sealed class ForgottenOrderTests
{
    [Fact]
    public async Task An_order_that_was_released_is_not_paid_while_its_note_is_still_on_the_disk()
    {
        using var world = new CreditWorld();
        (OpenOrder open, ReadOnlyMemory<byte> claim) = await AnswerAsync(world);
        world.B.Store.FailsWrites = true;
        world.B.Payer.Release(open);
        world.B.Store.FailsWrites = false;
        Assert.Equal(ReceiptState.Receipted, (await world.B.Store.FindReceiptAsync(open.Id))!.State);
        Countersigned[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.B.Payer.CountersignLaterAsync(claim)));
        Assert.All(answers, answer => Assert.Equal((CreditCodes.ReceiptRefused, true), (answer.Refusal?.Code, answer.Countersignature.IsEmpty)));
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
    }

    [Fact]
    public async Task An_order_that_made_way_for_another_is_not_paid_by_its_note()
    {
        using var world = new CreditWorld();
        world.B.PayerOptions = new PayerOptions { MaxOrders = 1 };
        await world.B.RestartAsync();
        (OpenOrder open, ReadOnlyMemory<byte> claim) = await AnswerAsync(world);
        world.B.Payer.Abandon(open, CreditWorld.Seen(isWhole: false));
        world.B.Store.FailsWrites = true;
        world.Open(world.B, world.A);
        world.B.Store.FailsWrites = false;
        Assert.Equal(CreditCodes.ReceiptRefused, (await world.B.Payer.CountersignLaterAsync(claim)).Refusal!.Code);
    }

    [Fact]
    public async Task After_a_restart_a_note_is_paid_once()
    {
        using var world = new CreditWorld();
        (_, ReadOnlyMemory<byte> claim) = await AnswerAsync(world);
        await world.B.RestartAsync();
        Assert.Equal(1, world.B.Payer.Orders);
        Countersigned[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.B.Payer.CountersignLaterAsync(claim)));
        Assert.All(answers, answer => Assert.Equal(CreditWorld.Cost, answer.Amount));
        Assert.Single(answers.Select(answer => Convert.ToHexString(answer.Countersignature.Span)).Distinct());
        Assert.Equal(CreditWorld.Cost, world.B.Payer.Owed(world.Network));
    }

    // A request whose answer has begun, and the provider's claim.
    private static async Task<(OpenOrder Open, ReadOnlyMemory<byte> Claim)> AnswerAsync(CreditWorld world)
    {
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        await world.B.Payer.BeginAsync(open);
        return (open, (await world.A.Store.FindReceiptAsync(open.Id))!.Bytes);
    }
}
