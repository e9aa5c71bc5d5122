using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Tests.Books;

/// <summary>What a provider makes of an order's times, and of a clock that is set back.</summary>
public sealed class OrderTimeTests
{
    [Fact]
    public void An_order_that_was_signed_too_long_ago_is_refused_before_work()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        world.Clock.Now += TimeSpan.FromMinutes(10);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out CreditRefusal? refusal));
        Assert.Equal((409, CreditCodes.OrderExpired), (refusal!.Status, refusal.Code));
        world.Clock.Now -= TimeSpan.FromMilliseconds(1);
        world.Accept(world.B, world.A, open);
    }

    [Fact]
    public async Task An_order_that_the_clearing_node_would_refuse_for_the_payers_certificate_is_refused_before_work()
    {
        using var world = new CreditWorld();
        world.B.Certificate = world.B.Certify(TimeSpan.FromDays(2));
        await world.ServeAsync(world.B, world.A);
        world.Clock.Now += TimeSpan.FromDays(3);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, world.Open(world.B, world.A)), out CreditRefusal? refusal));
        Assert.Equal((400, CreditCodes.OrderInvalid), (refusal!.Status, refusal.Code));
        Assert.Contains("certificate was not valid", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_is_remembered_for_as_long_as_its_order_would_be_taken_however_late_it_expires()
    {
        using var world = new CreditWorld();
        for (int i = 0; i < 3; i++)
        {
            OpenOrder open = world.B.Payer.TryOpen(world.Request(world.A) with { Validity = Order.MaxValidity }, out _)!;
            world.A.Provider.Release(world.Accept(world.B, world.A, open));
            Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out CreditRefusal? refusal));
            Assert.Equal(CreditCodes.OrderReplayed, refusal!.Code);
            Assert.Equal(1, world.A.Provider.Remembered);
            world.Clock.Now += TimeSpan.FromMinutes(10);
            Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out refusal));
            Assert.Equal(CreditCodes.OrderExpired, refusal!.Code);
        }
    }

    [Fact]
    public void An_order_whose_id_is_forgotten_is_not_taken_again_when_the_clock_is_set_back()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        world.A.Provider.Release(world.Accept(world.B, world.A, open));
        world.Clock.Now += TimeSpan.FromMinutes(10);
        world.A.Provider.Release(world.Accept(world.B, world.A, world.Open(world.B, world.A)));
        Assert.Equal(1, world.A.Provider.Remembered);
        world.Clock.Now -= TimeSpan.FromMinutes(5);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.OrderExpired, refusal!.Code);
        world.Accept(world.B, world.A, world.Open(world.B, world.A));
    }

    [Theory]
    [InlineData(0, -3600)]
    [InlineData(-3600, -3600)]
    [InlineData(-3600, 7200)]
    [InlineData(7200, 0)]
    public async Task Work_is_claimed_and_cleared_though_the_clock_was_set_while_it_lasted(int started, int finished)
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        DateTimeOffset now = world.Clock.Now;
        FinishedOrder claim = world.A.Provider.Finish(accepted, world.Work() with { StartedAt = now.AddSeconds(started), FinishedAt = now.AddSeconds(finished) })!;
        Receipt.Parse(claim.Receipt.Span).Verify(open.Order);
        Countersigned signed = await world.B.Payer.CountersignAsync(open, claim.Receipt, CreditWorld.Seen());
        Assert.Equal(CreditWorld.Cost, await world.A.Provider.TakeAsync(open.Id, signed.Countersignature));
        world.Clock.Now += TimeSpan.FromHours(2);
        await world.ClearAsync(world.A);
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
    }
}
