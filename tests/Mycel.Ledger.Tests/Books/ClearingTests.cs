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

    private static async Task<ReadOnlyMemory<byte>> BytesAsync(CreditWorld world, OrderId id) => (await world.A.Store.FindReceiptAsync(id))!.Bytes;
}
