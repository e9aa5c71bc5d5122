using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>Lines, standings, tabs and budgets, and what clearing refuses.</summary>
public sealed class CreditTests
{
    [Fact]
    public async Task Without_a_standing_a_tab_as_long_as_the_line_works_up_to_the_cap()
    {
        using var world = new CreditWorld();
        world.SetLine(world.B, 2 * CreditWorld.Most);
        world.Accept(world.B, world.A, world.Open(world.B, world.A));
        world.Accept(world.B, world.A, world.Open(world.B, world.A));
        Assert.Null(world.B.Payer.TryOpen(world.Request(world.A), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.InsufficientCredit, refusal!.Code);
        world.B.Line = 5 * CreditWorld.Most;
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, world.Open(world.B, world.A)), out refusal));
        Assert.Equal((402, CreditCodes.InsufficientCredit), (refusal!.Status, refusal.Code));
        Assert.Contains("Without a fresh standing", refusal.Message, StringComparison.Ordinal);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_newcomer_of_a_public_network_earns_first_and_then_spends()
    {
        using var world = new CreditWorld();
        world.SetLine(world.A, 0);
        Assert.Null(world.A.Payer.TryOpen(world.Request(world.C), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.InsufficientCredit, refusal!.Code);
        for (int i = 0; i < 5; i++) await world.ServeAsync(world.B, world.A);
        await world.ClearAsync(world.A);
        OpenOrder open = world.Open(world.A, world.C);
        Assert.False(open.Standing.IsEmpty);
        AcceptedOrder accepted = world.Accept(world.A, world.C, open);
        world.C.Provider.Release(accepted);
        world.A.Payer.Release(open);

        // What the standing says is no longer believed when it is over.
        world.Clock.Now += TimeSpan.FromHours(7);
        Assert.Null(world.C.Provider.TryAccept(world.Asked(world.A, world.Open(world.A, world.C)), out refusal));
        Assert.Equal(CreditCodes.InsufficientCredit, refusal!.Code);
    }

    [Fact]
    public async Task A_standing_that_is_not_the_payers_or_of_a_foreign_ledger_or_older_is_worth_nothing()
    {
        using var world = new CreditWorld();
        world.SetLine(world.A, 0);
        for (int i = 0; i < 5; i++) await world.ServeAsync(world.B, world.A);
        await world.ClearAsync(world.A);
        ReadOnlyMemory<byte> old = world.A.Standings.OwnProof(world.Network);
        Assert.Equal(5 * CreditWorld.Cost, world.C.Standings.Judge(world.Network, world.A.Id, old, out _)!.Balance);
        Assert.Null(world.C.Standings.Judge(world.Network, world.B.Id, old, out _));
        Assert.Null(world.B.Standings.Judge(world.Network, world.A.Id, new byte[40], out _));

        // The latest that was shown counts, whatever is shown after it.
        await world.ServeAsync(world.A, world.C);
        await world.RefreshAsync(world.C);
        await world.RefreshAsync(world.A);
        Assert.Equal(4 * CreditWorld.Cost, world.C.Standings.Judge(world.Network, world.A.Id, world.A.Standings.OwnProof(world.Network), out _)!.Balance);
        Assert.Equal(4 * CreditWorld.Cost, world.C.Standings.Judge(world.Network, world.A.Id, old, out _)!.Balance);

        // The root signs a standing of another ledger: whoever has one of the first does not believe it.
        Standing foreign = Standing.Issue(
            world.Root.Device, world.Network, world.A.Account.PublicKey, new AccountRecord(world.A.Id, 1_000_000_000, ulong.MaxValue, false), 0, new LedgerHead(new byte[16], 0, new byte[32]), world.Clock.Now, TimeSpan.FromHours(1));
        ReadOnlyMemory<byte> bytes = StandingProof.Create(foreign, world.Root.Certificate).Bytes;
        Assert.Equal(4 * CreditWorld.Cost, world.C.Standings.Judge(world.Network, world.A.Id, bytes, out _)!.Balance);
        Assert.NotNull(world.B.Standings.Judge(world.Network, world.A.Id, bytes, out _));
    }

    [Fact]
    public async Task The_clearing_node_never_lets_a_balance_fall_below_the_line()
    {
        using var world = new CreditWorld();
        for (int i = 0; i < 5; i++) await world.ServeAsync(world.B, world.A);
        for (int i = 0; i < 5; i++) await world.ServeAsync(world.B, world.C);
        world.SetLine(world.B, (3 * CreditWorld.Cost) + 1);
        await world.ClearAsync(world.A);
        await world.ClearAsync(world.C);
        Assert.Equal(-3 * CreditWorld.Cost, await world.BalanceAsync(world.B));
        await world.CheckAsync();
    }

    [Fact]
    public async Task Who_is_no_member_clears_nothing_and_what_is_not_ones_own_is_refused()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        ReadOnlyMemory<byte> receipt = (await world.A.Store.FindReceiptAsync(id))!.Bytes;
        Assert.Equal(ClearingOutcome.Refused, (await world.Clearing.SubmitAsync(world.Network, world.C.Certificate, [receipt], 0)).Results[0].Outcome);
        ReadOnlyMemory<byte> claim = SettledReceipt.Create(
            SettledReceipt.Parse(receipt.Span).Order, SettledReceipt.Parse(receipt.Span).Receipt, null, world.B.Certificate.ToBytes(), world.A.Certificate.ToBytes()).Bytes;
        Assert.Equal(ClearingOutcome.Refused, (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [claim], 0)).Results[0].Outcome);
        MemberTerms terms = world.Members[world.B.Id];
        world.Members.Remove(world.B.Id);
        Assert.Equal(403, (await world.Clearing.SubmitAsync(world.Network, world.B.Certificate, [receipt], 0)).Refusal!.Status);
        ClearingResult result = (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [receipt], 0)).Results[0];
        Assert.Equal(ClearingOutcome.Waiting, result.Outcome);
        Assert.Contains("membership of the payer", result.Reason, StringComparison.Ordinal);
        world.Members[world.B.Id] = terms;
        Assert.Equal(ClearingOutcome.Posted, (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [receipt], 0)).Results[0].Outcome);

        // What is posted stays known, also when the payer is gone.
        world.Members.Remove(world.B.Id);
        world.OpenClearing();
        Assert.Equal(ClearingOutcome.Known, (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [receipt], 0)).Results[0].Outcome);
        Assert.Equal(403, Refusal(world).Status);

        static CreditRefusal Refusal(CreditWorld world)
        {
            Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, world.Open(world.B, world.A)), out CreditRefusal? refusal));
            return refusal!;
        }
    }

    [Fact]
    public async Task What_a_stolen_device_ordered_is_not_posted_once_it_is_cast_out()
    {
        using var world = new CreditWorld();
        await world.ServeAsync(world.B, world.A);
        world.Revoked.Add(world.B.Device.PeerId);
        Assert.Equal(1, (await world.ClearAsync(world.A))!.Refused);
        Assert.Equal(0, await world.BalanceAsync(world.B));
    }

    [Fact]
    public async Task Old_work_is_not_posted_but_what_was_posted_stays_known()
    {
        using var world = new CreditWorld();
        ReadOnlyMemory<byte> one = (await world.A.Store.FindReceiptAsync(await world.ServeAsync(world.B, world.A)))!.Bytes;
        ReadOnlyMemory<byte> two = (await world.A.Store.FindReceiptAsync(await world.ServeAsync(world.B, world.A)))!.Bytes;
        await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [one], 0);
        world.Clock.Now += TimeSpan.FromDays(91);
        world.OpenClearing();
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [one, two], 0);
        Assert.Equal([ClearingOutcome.Known, ClearingOutcome.Refused], reply.Results.Select(result => result.Outcome));
        Assert.Contains("90 days", reply.Results[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_of_a_key_and_of_the_account_is_kept_over_restarts_and_begins_anew_with_its_period()
    {
        using var world = new CreditWorld();
        var budget = new Budget(CreditWorld.Most + CreditWorld.Cost, BudgetPeriod.Day);
        OrderRequest request = world.Request(world.A) with { KeyName = "phone", KeyBudget = budget };
        (OpenOrder? open, _) = await world.B.Payer.OpenAsync(request);
        (OpenOrder? second, CreditRefusal? refusal) = await world.B.Payer.OpenAsync(request);
        Assert.Null(second);
        Assert.Equal((402, CreditCodes.BudgetExceeded, false), (refusal!.Status, refusal.Code, refusal.MayTryOthers));
        Assert.Contains("\"phone\"", refusal.Message, StringComparison.Ordinal);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open!), world.Work())!;
        await world.B.Payer.CountersignAsync(open!, finished.Receipt, CreditWorld.Seen());
        Assert.Equal(CreditWorld.Cost, await world.B.Payer.Budgets.SpentAsync("phone", BudgetPeriod.Day));
        await world.B.RestartAsync();
        Assert.Equal(CreditWorld.Cost, await world.B.Payer.Budgets.SpentAsync("phone", BudgetPeriod.Day));
        Assert.Equal(0, await world.B.Payer.Budgets.SpentAsync("laptop", BudgetPeriod.Day));
        Assert.Equal(CreditWorld.Cost, await world.B.Payer.Budgets.SpentAsync(null, BudgetPeriod.Month));
        (open, _) = await world.B.Payer.OpenAsync(request);
        (second, _) = await world.B.Payer.OpenAsync(request with { KeyName = "laptop", AccountBudget = new Budget((2 * CreditWorld.Most) - 1, BudgetPeriod.Ever) });
        Assert.NotNull(open);
        Assert.Null(second);
        world.B.Payer.Release(open);
        Assert.Equal(CreditWorld.Cost, await world.B.Payer.Budgets.SpentAsync("phone", BudgetPeriod.Day));
        world.Clock.Now += TimeSpan.FromDays(1);
        Assert.Equal(0, await world.B.Payer.Budgets.SpentAsync("phone", BudgetPeriod.Day));
        (open, _) = await world.B.Payer.OpenAsync(request);
        Assert.NotNull(open);
        Assert.Throws<InvalidOperationException>(() => world.B.Payer.TryOpen(request with { KeyName = "new" }, out _));
    }

    [Theory]
    [InlineData("payer", CreditCodes.OrderInvalid)]
    [InlineData("network", CreditCodes.OrderInvalid)]
    [InlineData("model", CreditCodes.OrderInvalid)]
    [InlineData("hash", CreditCodes.OrderInvalid)]
    [InlineData("role", CreditCodes.NotAllowed)]
    [InlineData("terms", CreditCodes.NotAllowed)]
    [InlineData("late", CreditCodes.OrderExpired)]
    [InlineData("early", CreditCodes.OrderExpired)]
    [InlineData("altered", CreditCodes.OrderInvalid)]
    public void An_order_that_does_not_fit_is_refused_and_leaves_nothing_behind(string what, string code)
    {
        using var world = new CreditWorld();
        AcceptRequest good = world.Asked(world.B, world.Open(world.B, world.A));
        AcceptRequest bad = what switch
        {
            "payer" => good with { Payer = world.C.Certificate },
            "network" => good with { Network = NetworkId.FromPublicKey(world.C.Account.PublicKey) },
            "model" => good with { Model = "large" },
            "hash" => good with { RequestHash = new byte[32] },
            "role" => good with { Payer = world.B.Certify(roles: DeviceRoles.Serve) },
            "terms" => good with { Terms = null },
            "altered" => good with { Order = Altered(good.Order) },
            _ => good,
        };
        if (what == "late") world.Clock.Now += TimeSpan.FromHours(1);
        if (what == "early") world.Clock.Now -= TimeSpan.FromMinutes(11);
        Assert.Null(world.A.Provider.TryAccept(bad, out CreditRefusal? refusal));
        Assert.Equal(code, refusal!.Code);
        Assert.Equal((0, 0), (world.A.Provider.Remembered, world.A.Provider.Accounts));
        if (what == "late") world.Clock.Now -= TimeSpan.FromHours(1);
        if (what == "early") world.Clock.Now += TimeSpan.FromMinutes(11);
        Assert.NotNull(world.A.Provider.TryAccept(good, out _));

        static byte[] Altered(ReadOnlyMemory<byte> order)
        {
            byte[] bytes = order.ToArray();
            bytes[^1] ^= 1;
            return bytes;
        }
    }

    [Fact]
    public async Task The_ledgers_entries_are_checked_one_by_one()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        ReadOnlyMemory<byte> bytes = (await world.A.Store.FindReceiptAsync(id))!.Bytes;
        var entry = new LedgerEntry(world.Network, 1, id, world.B.Id, world.A.Id, CreditWorld.Cost, world.Clock.Now, bytes);
        var audit = new LedgerAudit();
        Assert.Null(audit.Check(entry));
        Assert.NotNull(audit.Check(entry with { Amount = CreditWorld.Cost + 1 }));
        Assert.NotNull(audit.Check(entry with { Payer = world.C.Id }));
        Assert.NotNull(audit.Check(entry with { Id = OrderId.New() }));
        Assert.NotNull(audit.Check(entry with { Network = default }));
        byte[] altered = bytes.ToArray();
        altered[60] ^= 1;
        Assert.NotNull(audit.Check(entry with { Bytes = altered }));
    }
}
