using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>Each attack that the ledger must hold against.</summary>
public sealed class AttackTests
{
    [Fact]
    public async Task A_forged_receipt_is_not_paid_and_does_not_bar_the_true_one()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        Receipt forged = Receipt.Issue(world.C.Device, open.Order, world.Work());
        Countersigned answer = await world.B.Payer.CountersignAsync(open, forged.Bytes, CreditWorld.Seen());
        Assert.Equal((422, CreditCodes.ReceiptRefused), (answer.Refusal!.Status, answer.Refusal.Code));
        Assert.True(answer.Countersignature.IsEmpty);

        FinishedOrder finished = world.A.Provider.Finish(accepted, world.Work())!;
        await finished.Durable;
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(CreditWorld.Cost, world.B.Payer.Owed(world.Network));
    }

    [Fact]
    public async Task An_altered_receipt_is_refused_everywhere()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        byte[] bytes = (await world.A.Store.FindReceiptAsync(id))!.Bytes.ToArray();
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] altered = [.. bytes];
            altered[i] ^= 4;
            ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [altered], 0);
            Assert.True(reply.Results[0].Outcome == ClearingOutcome.Refused, $"Byte {i} can be changed.");
        }

        Assert.Equal(0, await world.BalanceAsync(world.A));
        Assert.Equal(0, (await world.Root.Store.HeadAsync(world.Network)).Entries);
    }

    [Fact]
    public async Task A_replayed_receipt_is_posted_once()
    {
        using var world = new CreditWorld();
        OrderId id = await world.ServeAsync(world.B, world.A);
        ReadOnlyMemory<byte> bytes = (await world.A.Store.FindReceiptAsync(id))!.Bytes;
        ReadOnlyMemory<byte>[] many = [.. Enumerable.Repeat(bytes, 10)];
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, many, 0);
        Assert.Equal(ClearingOutcome.Posted, reply.Results[0].Outcome);
        Assert.All(reply.Results.Skip(1), result => Assert.Equal((ClearingOutcome.Known, 1L), (result.Outcome, result.Entry)));
        world.OpenClearing();
        reply = await world.Clearing.SubmitAsync(world.Network, world.B.Certificate, many, 0);
        Assert.All(reply.Results, result => Assert.Equal((ClearingOutcome.Known, 1L), (result.Outcome, result.Entry)));
        Assert.Equal(CreditWorld.Cost, await world.BalanceAsync(world.A));
        await world.CheckAsync();
    }

    [Fact]
    public async Task The_same_receipt_with_a_renewed_certificate_is_the_same_receipt()
    {
        using var world = new CreditWorld();
        SettledReceipt one = SettledReceipt.Parse((await world.A.Store.FindReceiptAsync(await world.ServeAsync(world.B, world.A)))!.Bytes.Span);
        Countersignature again = Countersignature.Issue(world.B.Device, one.Order, one.Receipt!, one.Countersignature!.PromptTokens, one.Countersignature.CompletionTokens, world.Clock.Now.AddHours(1));
        SettledReceipt other = SettledReceipt.Create(one.Order, one.Receipt, again, world.B.Certify(TimeSpan.FromDays(9)).ToBytes(), one.ProviderCertificate);
        await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [one.Bytes], 0);
        world.OpenClearing();
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.B.Certificate, [other.Bytes], 0);
        Assert.Equal((ClearingOutcome.Known, 1L), (reply.Results[0].Outcome, reply.Results[0].Entry));
        Assert.Equal(0, world.Root.Fraud.Count);
    }

    [Theory]
    [InlineData(999_999, 2_000_000)]
    [InlineData(1_000_000, 1_999_999)]
    [InlineData(0, 0)]
    public void An_order_below_the_price_is_refused(long prompt, long completion)
    {
        using var world = new CreditWorld();
        Order order = Forge(world, terms => terms with { Prices = new Prices(prompt, completion) });
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, order.Bytes), out CreditRefusal? refusal));
        Assert.Equal((409, CreditCodes.PriceChanged), (refusal!.Status, refusal.Code));
        Assert.True(refusal.MayTryOthers);
    }

    [Fact]
    public void No_order_is_taken_for_a_model_that_has_no_price()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open) with { Prices = world.A.Prices.Of("small") }, out CreditRefusal? refusal));
        Assert.Equal((409, CreditCodes.PriceChanged, true), (refusal!.Status, refusal.Code, refusal.MayTryOthers));
    }

    [Fact]
    public void An_order_at_the_price_of_a_moment_ago_is_honoured()
    {
        using var world = new CreditWorld();
        world.A.Prices.Set("small", CreditWorld.Price);
        OpenOrder open = world.Open(world.B, world.A), late = world.Open(world.B, world.A);
        world.A.Prices.Set("small", new Prices(9_000_000, 9_000_000));
        Assert.NotNull(world.A.Provider.TryAccept(world.Asked(world.B, open) with { Prices = world.A.Prices.Of("small") }, out _));
        world.Clock.Now += PriceList.Honoured;
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, late) with { Prices = world.A.Prices.Of("small") }, out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.PriceChanged, refusal!.Code);
        Assert.Contains("9", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_order_that_does_not_cover_the_request_is_refused()
    {
        using var world = new CreditWorld();
        Order order = Forge(world, terms => terms with { MaxAmount = CreditWorld.Most - 1 });
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, order.Bytes), out CreditRefusal? refusal));
        Assert.Equal((402, CreditCodes.OrderTooSmall), (refusal!.Status, refusal.Code));
    }

    [Fact]
    public async Task A_receipt_at_another_price_than_ordered_is_not_paid()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        Order dearer = Forge(world, terms => terms with { Prices = new Prices(9_000_000, 9_000_000), MaxAmount = 1_000_000 });
        Receipt wrong = Receipt.Issue(world.A.Device, dearer, world.Work());
        Countersigned answer = await world.B.Payer.CountersignAsync(open, wrong.Bytes, CreditWorld.Seen());
        Assert.Contains("another order", answer.Refusal!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 50, 10L, 50L, null, 110)]
    [InlineData(10, 100, 10L, 50L, null, 110)]
    [InlineData(300, 50, 10L, 50L, null, 110)]
    [InlineData(10, 100, null, null, 5L, 10 + (2 * 36))]
    [InlineData(10, 100, 10L, 100L, 5L, 10 + (2 * 36))]
    [InlineData(9_000_000, 50, null, null, null, 48 + 256 + 100)]
    [InlineData(10, 9_000_000, null, null, null, 10 + 200)]
    public async Task Inflated_tokens_are_not_paid(long claimedPrompt, long claimedCompletion, long? seenPrompt, long? seenCompletion, long? events, long paid)
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work(claimedPrompt, claimedCompletion))!;
        Assert.InRange(finished.Amount, 0, CreditWorld.Most);
        Countersigned answer = await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen(seenPrompt, seenCompletion, events: events));
        Assert.Equal(48, CreditWorld.Body.Length);
        Assert.Equal(Math.Min(paid, finished.Amount), answer.Amount);
        Assert.Equal(answer.Amount, await world.A.Provider.TakeAsync(open.Id, answer.Countersignature));
        Exposure exposure = world.A.Provider.Exposure(world.B.Id);
        Assert.Equal((answer.Amount, finished.Amount - answer.Amount), (exposure.Owed, exposure.Disputed));
    }

    [Fact]
    public async Task A_receipt_for_other_bytes_than_came_is_not_paid()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await finished.Durable;
        byte[] other = [.. CreditWorld.Reply];
        other[3]++;
        Countersigned answer = await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen(reply: other));
        Assert.Equal(CreditCodes.ReceiptRefused, answer.Refusal!.Code);

        // It stays so, also when it is shown again or after a restart; the provider counts the dispute for a day.
        await world.B.RestartAsync();
        await CreditWorld.LinkAsync(world.A, world.B);
        Assert.Equal(0, world.B.Payer.Owed(world.Network));
        Assert.Equal(new Exposure(0, 0, 0, CreditWorld.Cost), world.A.Provider.Exposure(world.B.Id));
        await world.A.RestartAsync();
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Disputed);
        world.Clock.Now += TimeSpan.FromHours(25);
        Assert.Equal(0, world.A.Provider.Exposure(world.B.Id).Disputed);
    }

    [Fact]
    public async Task Self_dealing_earns_nothing()
    {
        using var world = new CreditWorld();

        // Within an account no order is possible at all, also not with another device of it.
        using var second = new DeviceKey(SHA256.HashData([99]));
        Assert.Throws<StatementException>(() => Forge(world, terms => terms with { ProviderAccountKey = world.B.Account.PublicKey.ToArray(), ProviderDeviceKey = second.PublicKey.ToArray() }));

        // Between two accounts of one person every micro-credit that one has the other owes.
        for (int i = 0; i < 20; i++) await world.ServeAsync(world.B, world.A);
        await world.ClearAsync(world.A);
        Assert.Equal(0, await world.BalanceAsync(world.A) + await world.BalanceAsync(world.B));
        await world.CheckAsync();
    }

    [Fact]
    public void An_order_is_good_at_one_provider_only_and_only_once()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        Assert.Null(world.C.Provider.TryAccept(world.Asked(world.B, open), out CreditRefusal? refusal));
        Assert.Equal((400, CreditCodes.OrderInvalid), (refusal!.Status, refusal.Code));
        AcceptedOrder accepted = world.Accept(world.B, world.A, open);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out refusal));
        Assert.Equal((409, CreditCodes.OrderReplayed), (refusal!.Status, refusal.Code));
        world.A.Provider.Release(accepted);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out refusal));
        Assert.Equal(CreditCodes.OrderReplayed, refusal!.Code);
        world.Clock.Now += TimeSpan.FromHours(2);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out refusal));
        Assert.Equal(CreditCodes.OrderExpired, refusal!.Code);
    }

    [Fact]
    public async Task A_provider_that_started_anew_takes_no_order_of_before_so_that_it_never_signs_two_receipts()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        world.Accept(world.B, world.A, open);
        await world.A.RestartAsync();
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, open), out CreditRefusal? refusal));
        Assert.Equal((409, CreditCodes.OrderExpired), (refusal!.Status, refusal.Code));
    }

    [Fact]
    public async Task Nobody_can_take_the_id_of_anothers_order()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        var stolen = new Wire.Order();
        stolen.MergeFrom(new Google.Protobuf.CodedInputStream(DeviceStatement.Parse(open.Bytes.Span, Order.MaxBytes, "It").Body.ToArray()));
        stolen.PayerAccountKey = Google.Protobuf.ByteString.CopyFrom(world.C.Account.PublicKey);
        stolen.PayerDeviceKey = Google.Protobuf.ByteString.CopyFrom(world.C.Device.PublicKey);
        byte[] bytes = DeviceStatement.Sign(world.C.Device, Order.Domain, Google.Protobuf.MessageExtensions.ToByteArray(stolen));
        Assert.Throws<StatementException>(() => Order.Parse(bytes));
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.C, bytes), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.OrderInvalid, refusal!.Code);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Two_orders_with_one_id_prove_the_payers_fraud()
    {
        using var world = new CreditWorld();
        byte[] nonce = new byte[16];
        Order first = Forge(world, terms => terms with { Nonce = nonce });
        Order second = Forge(world, terms => terms with { Nonce = nonce, ProviderAccountKey = world.C.Account.PublicKey.ToArray(), ProviderDeviceKey = world.C.Device.PublicKey.ToArray() });
        Assert.Equal(first.Id, second.Id);
        ReadOnlyMemory<byte> one = Settle(world, first, world.A), two = Settle(world, second, world.C);
        Assert.Equal(ClearingOutcome.Posted, (await world.Clearing.SubmitAsync(world.Network, world.A.Certificate, [one], 0)).Results[0].Outcome);
        ClearingReply reply = await world.Clearing.SubmitAsync(world.Network, world.C.Certificate, [two], 0);
        Assert.Equal(ClearingOutcome.Refused, reply.Results[0].Outcome);
        await RefusedEverywhereAsync(world, world.B, Assert.Single(reply.Proofs));
    }

    [Fact]
    public async Task Two_receipts_of_one_order_prove_the_providers_fraud()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
        Receipt second = Receipt.Issue(world.A.Device, open.Order, world.Work(completion: 90));
        Countersigned answer = await world.B.Payer.CountersignLaterAsync(
            SettledReceipt.Create(open.Order, second, null, world.B.Certificate.ToBytes(), world.A.Certificate.ToBytes()).Bytes);
        Assert.Equal((403, CreditCodes.AccountRefused), (answer.Refusal!.Status, answer.Refusal.Code));
        Assert.True(world.B.Fraud.IsRefused(world.Network, world.A.Id));
        Assert.Null(world.B.Payer.TryOpen(world.Request(world.A), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.AccountRefused, refusal!.Code);
        await RefusedEverywhereAsync(world, world.A, Assert.Single(await world.B.Store.ProofsAsync(world.Network, 0)));
    }

    [Fact]
    public async Task Two_countersignatures_that_pay_differently_prove_the_payers_fraud()
    {
        using var world = new CreditWorld();
        OpenOrder open = world.Open(world.B, world.A);
        FinishedOrder finished = world.A.Provider.Finish(world.Accept(world.B, world.A, open), world.Work())!;
        Countersigned answer = await world.B.Payer.CountersignAsync(open, finished.Receipt, CreditWorld.Seen());
        await world.A.Provider.TakeAsync(open.Id, answer.Countersignature);
        Countersignature less = Countersignature.Issue(world.B.Device, open.Order, Receipt.Parse(finished.Receipt.Span), 0, 0, world.Clock.Now);
        await Assert.ThrowsAsync<StatementException>(() => world.A.Provider.TakeAsync(open.Id, less.Bytes));
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Owed);
        Assert.Null(world.A.Provider.TryAccept(world.Asked(world.B, world.Open(world.B, world.A)), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.AccountRefused, refusal!.Code);
        await RefusedEverywhereAsync(world, world.B, Assert.Single(await world.A.Store.ProofsAsync(world.Network, 0)));
    }

    [Fact]
    public async Task A_payer_that_clears_less_than_it_countersigned_is_found_out_at_the_clearing_node()
    {
        using var world = new CreditWorld();
        SettledReceipt full = SettledReceipt.Parse((await world.A.Store.FindReceiptAsync(await world.ServeAsync(world.B, world.A)))!.Bytes.Span);
        Countersignature less = Countersignature.Issue(world.B.Device, full.Order, full.Receipt!, 1, 0, world.Clock.Now);
        SettledReceipt cheap = SettledReceipt.Create(full.Order, full.Receipt, less, full.PayerCertificate, full.ProviderCertificate);
        await world.Clearing.SubmitAsync(world.Network, world.B.Certificate, [cheap.Bytes], 0);
        ClearingNews news = (await world.ClearAsync(world.A))!;
        Assert.Equal(1, news.Refused);
        Assert.Equal(world.B.Id, Assert.Single(news.Frauds));
        Assert.Equal(CreditWorld.Cost, world.A.Provider.Exposure(world.B.Id).Disputed);
        Assert.True(world.Root.Fraud.IsRefused(world.Network, world.B.Id));
        await world.CheckAsync();
    }

    [Fact]
    public async Task Two_standings_with_one_sequence_prove_the_clearing_nodes_fraud()
    {
        using var world = new CreditWorld();
        LedgerHead head = await world.Root.Store.HeadAsync(world.Network);
        StandingProof Sign(long balance) => StandingProof.Create(
            Standing.Issue(world.Root.Device, world.Network, world.B.Account.PublicKey, new AccountRecord(world.B.Id, balance, 7, false), 0, head, world.Clock.Now, TimeSpan.FromHours(1)), world.Root.Certificate);
        Assert.NotNull(world.A.Standings.Judge(world.Network, world.B.Id, Sign(1_000_000).Bytes, out _));
        Assert.NotNull(world.A.Standings.Judge(world.Network, world.B.Id, Sign(1_000_000).Bytes, out _));
        Assert.Null(world.A.Standings.Judge(world.Network, world.B.Id, Sign(2_000_000).Bytes, out EquivocationProof? proof));
        Assert.Equal(world.Root.Id, proof!.Verify());
        await world.ClearAsync(world.A);
        Assert.True(world.A.Standings.IsOwnTrusted(world.Network));
        await world.A.Fraud.AddAsync(world.Network, proof.Bytes);
        Assert.Null(world.A.Standings.Judge(world.Network, world.B.Id, Sign(1_000_000).Bytes, out _));

        // Nor are its standings of the own account believed any more.
        Assert.False(world.A.Standings.IsOwnTrusted(world.Network));
        await Assert.ThrowsAsync<StatementException>(() => world.RefreshedAsync(world.A));
    }

    private static async Task RefusedEverywhereAsync(CreditWorld world, Party cheat, ReadOnlyMemory<byte> proof)
    {
        Assert.Equal(cheat.Id, EquivocationProof.Parse(proof.Span).Verify());
        foreach (Party party in world.All.Where(party => party != cheat))
        {
            await party.Fraud.AddAsync(world.Network, proof);
            await party.RestartAsync();
            Assert.True(party.Fraud.IsRefused(world.Network, cheat.Id));
        }

        world.OpenClearing();
        Assert.True((await world.Clearing.StandingAsync(world.Network, cheat.Account.PublicKey.ToArray())).Standing.IsRefused);
        Order order = Forge(world, terms => terms, cheat, cheat == world.C ? world.A : world.C);
        Party provider = cheat == world.C ? world.A : world.C;
        Assert.Null(provider.Provider.TryAccept(world.Asked(cheat, order.Bytes), out CreditRefusal? refusal));
        Assert.Equal(CreditCodes.AccountRefused, refusal!.Code);
    }

    private static Order Forge(CreditWorld world, Func<OrderTerms, OrderTerms> change, Party? payer = null, Party? provider = null)
    {
        payer ??= world.B;
        provider ??= world.A;
        return Order.Issue(payer.Device, change(new OrderTerms
        {
            Nonce = RandomNumberGenerator.GetBytes(16),
            Network = world.Network,
            PayerAccountKey = payer.Account.PublicKey.ToArray(),
            ProviderAccountKey = provider.Account.PublicKey.ToArray(),
            ProviderDeviceKey = provider.Device.PublicKey.ToArray(),
            ProviderInstance = provider.Instance,
            Model = "small",
            Prices = CreditWorld.Price,
            MaxAmount = CreditWorld.Most,
            RequestHash = Order.HashRequest(CreditWorld.Path, CreditWorld.Body),
            IssuedAt = world.Clock.Now,
            ExpiresAt = world.Clock.Now.AddHours(1),
        }));
    }

    private static ReadOnlyMemory<byte> Settle(CreditWorld world, Order order, Party provider)
    {
        Receipt receipt = Receipt.Issue(provider.Device, order, world.Work());
        Countersignature signed = Countersignature.Issue(world.B.Device, order, receipt, 10, 50, world.Clock.Now);
        return SettledReceipt.Create(order, receipt, signed, world.B.Certificate.ToBytes(), provider.Certificate.ToBytes()).Bytes;
    }
}
