using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>How it goes when all are honest.</summary>
public sealed class FlowTests
{
    [Fact]
    public async Task What_one_pays_another_earns_and_spends_at_a_third()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        Assert.Equal((10 * MicroCredits.PerCredit) - CreditWorld.Cost, world.B.Payer.Available(world.Network));
        await world.ClearAsync(world.A);
        await world.ClearAsync(world.B);
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
        Assert.Equal(-CreditWorld.Cost, await world.BalanceAsync(world.B));
        Assert.Equal((10 * MicroCredits.PerCredit) - CreditWorld.Cost, world.B.Payer.Available(world.Network));
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));

        world.SetLine(world.A, 0);
        await world.RefreshAsync(world.A);
        Assert.Equal(CreditWorld.Cost, world.A.Payer.Available(world.Network));
        CreditRefusal? refusal;
        Assert.Null(world.A.Payer.TryOpen(world.Request(world.C), out refusal));
        Assert.Equal((402, CreditCodes.InsufficientCredit), (refusal!.Status, refusal.Code));

        world.SetLine(world.A, CreditWorld.Most);
        await world.RefreshAsync(world.A);
        await world.ServeAsync(world.A, world.C);
        await world.ClearAsync(world.C);
        Assert.Equal(0, await world.BalanceAsync(world.A));
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.C));
        await world.CheckAsync();

        ReceiptRecord paid = (await world.B.Store.FindReceiptAsync(id))!, earned = (await world.A.Store.FindReceiptAsync(id))!;
        Assert.Equal((ReceiptState.Posted, ReceiptState.Posted), (paid.State, earned.State));
        Assert.Equal((CreditWorld.Cost, CreditWorld.Cost, 1L, 1L), (paid.Amount, earned.Amount, paid.Entry, earned.Entry));
        SettledReceipt.Parse(paid.Bytes.Span).Verify();
    }

    [Fact]
    public void Nothing_is_ordered_where_nothing_is_paid()
    {
        using var world = new CreditWorld();
        Assert.Null(world.A.Payer.TryOpen(world.Request(world.B) with { Prices = default }, out CreditRefusal? refusal));
        Assert.Null(refusal);
        Assert.Null(world.A.Payer.TryOpen(world.Request(world.A), out refusal));
        Assert.Null(refusal);
        Assert.Equal(0, world.A.Payer.Reserved(world.Network));
        Assert.Equal(0, world.A.Store.Writes);
    }

    [Fact]
    public void What_a_provider_says_of_itself_out_of_bounds_is_a_refusal_and_reserves_nothing()
    {
        using var world = new CreditWorld();
        Assert.Null(world.B.Payer.TryOpen(world.Request(world.A) with { ProviderInstance = default }, out CreditRefusal? refusal));
        Assert.Equal((400, CreditCodes.OrderInvalid, true), (refusal!.Status, refusal.Code, refusal.MayTryOthers));
        Assert.Null(world.B.Payer.TryOpen(world.Request(world.A) with { Model = new string('x', 300) }, out refusal));
        Assert.Equal((0, 0), (world.B.Payer.Reserved(world.Network), world.B.Payer.Orders));
    }

    [Fact]
    public async Task What_is_refused_before_work_costs_nothing()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        Assert.Equal(CreditWorld.Most, world.B.Payer.Reserved(world.Network));
        world.B.Payer.Release(open);
        world.B.Payer.Release(open);
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));
        Assert.Equal(0, world.B.Payer.Orders);

        AcceptedOrder accepted = world.Accept(world.B, world.A, world.Open(world.B, world.A));
        Assert.Equal(CreditWorld.Most, world.A.Provider.Exposure(world.B.Id).UnderWay);
        world.A.Provider.Release(accepted);
        world.A.Provider.Release(accepted);
        Assert.Equal(0, world.A.Provider.Exposure(world.B.Id).Total);
        Assert.Null(world.A.Provider.Finish(accepted, world.Work()));
        Assert.Empty(await world.A.Store.ReceiptsAsync(new ReceiptQuery()));
    }

    [Fact]
    public async Task Work_during_which_the_clock_was_set_back_is_paid_all_the_same()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);

        FinishedOrder finished = world.A.Provider.Finish(accepted, world.Work() with { FinishedAt = world.Clock.Now.AddHours(-1) })!;

        Countersigned signed = await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
        Assert.Null(signed.Refusal);
        await world.A.Provider.TakeAsync(open.Id, signed.Countersignature);
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
    }

    [Fact]
    public void Work_of_which_nothing_was_delivered_is_not_claimed()
    {
        using var world = new CreditWorld();
        AcceptedOrder accepted = world.Accept(world.B, world.A, world.Open(world.B, world.A));
        Assert.Null(world.A.Provider.Finish(accepted, world.Work(reply: [])));
        Assert.Equal(0, world.A.Provider.Exposure(world.B.Id).Total);
    }

    [Fact]
    public async Task Both_books_agree_and_survive_restarts_at_each_step()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        await world.B.Payer.BeginAsync(open);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        FinishedOrder finished = world.A.Provider.Finish(accepted, world.Work())!;
        await finished.Durable;

        // The payer dies when the answer had begun, and the provider when it had signed.
        await world.B.RestartAsync();
        await world.A.RestartAsync();
        Assert.Equal(CreditWorld.Most, world.B.Payer.Reserved(world.Network));
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Claimed);
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
        Assert.Equal(0, world.B.Payer.Reserved(world.Network));
        Assert.Equal(CreditWorld.Cost, world.B.Payer.Owed(world.Network));

        await world.B.RestartAsync();
        await world.A.RestartAsync();
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
        Assert.Equal(CreditWorld.Cost, world.B.Payer.Owed(world.Network));
        await world.ClearAsync(world.B);
        await world.RefreshAsync(world.A);
        Assert.Equal(default, world.A.Provider.Exposure(world.B.Id));
        Assert.Equal(-CreditWorld.Cost, await world.BalanceAsync(world.B));
        await world.B.RestartAsync();
        Assert.Equal((10 * MicroCredits.PerCredit) - CreditWorld.Cost, world.B.Payer.Available(world.Network));
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_receipt_of_a_certificate_that_was_renewed_since_is_still_good()
    {
        using var world = new CreditWorld();
        world.B.Certificate = world.B.Certify(TimeSpan.FromHours(1));
        world.A.Certificate = world.A.Certify(TimeSpan.FromHours(1));
        OpenOrder open = world.Open(world.B, world.A);
        await world.B.Payer.BeginAsync(open);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        world.B.Payer.Abandon(open, CreditWorld.Seen(isWhole: false));
        world.Clock.Now += TimeSpan.FromDays(3);
        world.B.Certificate = world.B.Certify();
        world.A.Certificate = world.A.Certify();
        await CreditWorld.LinkAsync(world.B, world.A);
        Assert.Equal(1, (await world.ClearAsync(world.A))!.Posted);
        await world.ClearAsync(world.B);
        Assert.Equal(ReceiptState.Posted, (await world.B.Store.FindReceiptAsync(open.Id))!.State);
        await world.CheckAsync();
    }

    [Fact]
    public async Task A_certificate_that_was_over_when_the_order_was_signed_proves_nothing()
    {
        using var world = new CreditWorld();
        world.B.Certificate = world.B.Certify(TimeSpan.FromHours(1));
        world.Clock.Now += TimeSpan.FromHours(2);
        OpenOrder open = world.Open(world.B, world.A);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out _));
        Receipt receipt = Receipt.Issue(world.A.Device, open.Order, world.Work());
        Countersigned signed = await world.B.Payer.CountersignAsync(open, receipt.Bytes, CreditWorld.Seen());
        Assert.Contains("was not valid at", signed.Refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_appointed_node_of_another_account_clears()
    {
        using var world = new CreditWorld();
        Appointment appointment = Appointment.Issue(world.Root.Device, world.Root.Account.PublicKey, world.C.Device.PublicKey, world.Clock.Now, TimeSpan.FromDays(30));
        var clearing = new ClearingBook(
            world.C.Context, world.C.Fraud, (_, account) => world.Members.GetValueOrDefault(account), null, _ => AppointmentProof.Create(appointment, world.Root.Certificate));
        await world.ServeAsync(world.B, world.A);
        world.Clock.Now += TimeSpan.FromMinutes(1);
        ClearBatch batch = (await world.A.Outbox.NextClearAsync(world.Network))!;
        ClearingReply reply = await clearing.SubmitAsync(world.Network, world.A.Certificate, batch.Receipts, 0);
        Assert.Equal(1, (await world.A.Outbox.ApplyAsync(batch, reply)).Posted);
        Assert.Equal(CreditWorld.Cost, world.A.Standings.Own(world.Network)!.Balance);

        // The same without its appointment, with one that is over, and with another's.
        Standing standing = StandingProof.Parse(reply.Standing.Span).Standing;
        Refuse(StandingProof.Create(standing, world.C.Certificate));
        Appointment over = Appointment.Issue(world.Root.Device, world.Root.Account.PublicKey, world.C.Device.PublicKey, world.Clock.Now - TimeSpan.FromDays(9), TimeSpan.FromDays(3));
        Refuse(StandingProof.Create(standing, world.C.Certificate, over, world.Root.Certificate));
        Appointment others = Appointment.Issue(world.Root.Device, world.Root.Account.PublicKey, world.B.Device.PublicKey, world.Clock.Now, TimeSpan.FromDays(3));
        Refuse(StandingProof.Create(standing, world.C.Certificate, others, world.Root.Certificate));
        Appointment own = Appointment.Issue(world.C.Device, world.Root.Account.PublicKey, world.C.Device.PublicKey, world.Clock.Now, TimeSpan.FromDays(3));
        Refuse(StandingProof.Create(standing, world.C.Certificate, own, world.C.Certificate));
        Refuse(StandingProof.Create(standing, world.C.Certificate, own, world.Root.Certificate));
        void Refuse(StandingProof proof) => Assert.Throws<Identity.StatementException>(() => proof.Verify(world.Network));
    }

    [Fact]
    public async Task What_a_dismissed_node_says_is_believed_no_more()
    {
        using var world = new CreditWorld();
        bool isDismissed = false;
        Appointment appointment = Appointment.Issue(world.Root.Device, world.Root.Account.PublicKey, world.C.Device.PublicKey, world.Clock.Now, TimeSpan.FromDays(30), 7);
        Assert.Equal((7, false), (Appointment.Parse(appointment.Bytes.Span).RootLine, appointment.IsDismissed));
        var clearing = new ClearingBook(
            world.C.Context, world.C.Fraud, (_, account) => world.Members.GetValueOrDefault(account), null, _ => AppointmentProof.Create(appointment, world.Root.Certificate));
        var standings = new Standings(world.A.Context, world.A.Fraud, _ => 0, (_, appointed, _) => appointed is null || !isDismissed);
        ReadOnlyMemory<byte> key = world.B.Account.PublicKey.ToArray();
        StandingProof said = await clearing.StandingAsync(world.Network, key);
        Assert.NotNull(standings.Judge(world.Network, said.Standing.Account, said.Bytes, out _));

        isDismissed = true;

        Assert.Null(standings.Judge(world.Network, said.Standing.Account, said.Bytes, out _));
        StandingProof roots = await world.Clearing.StandingAsync(world.Network, key);
        Assert.NotNull(standings.Judge(world.Network, said.Standing.Account, roots.Bytes, out _));
        // The dismissal itself lets nobody clear.
        Appointment dismissal = Appointment.Dismiss(world.Root.Device, world.Root.Account.PublicKey, world.C.Device.PublicKey, world.Clock.Now);
        AppointmentProof.Parse(AppointmentProof.Create(dismissal, world.Root.Certificate).Bytes.Span).Verify();
        Assert.Throws<Identity.StatementException>(() => StandingProof.Create(said.Standing, world.C.Certificate, dismissal, world.Root.Certificate).Verify(world.Network));
    }
}
