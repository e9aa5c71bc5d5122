using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Statements;

public sealed class StatementTests
{
    [Fact]
    public void Each_statement_reads_as_it_was_made()
    {
        using var some = new Samples();
        Order order = Order.Parse(some.Order.Bytes.Span);
        order.Verify();
        Assert.Equal((some.Order.Id, some.Network, "small", 500L), (order.Id, order.Network, order.Model, order.MaxAmount));
        Assert.Equal((some.PayerAccount.AccountId, some.ProviderDevice.PeerId), (order.Payer, order.ProviderDevice));
        Receipt receipt = Receipt.Parse(some.Receipt.Bytes.Span);
        receipt.Verify(order);
        Assert.Equal((10L, 50L, 110L, "stop", Samples.Now.AddSeconds(2)), (receipt.PromptTokens, receipt.CompletionTokens, receipt.Amount, receipt.FinishReason, receipt.FinishedAt));
        Countersignature.Parse(some.Countersignature.Bytes.Span).Verify(order, receipt);
        SettledReceipt.Parse(some.Settled.Bytes.Span).Verify();
        StandingProof proof = StandingProof.Parse(some.Proof.Bytes.Span);
        proof.Verify(some.Network);
        Assert.Equal((1000L, 5000L, 7UL, 3L, 6000L), (proof.Standing.Balance, proof.Standing.Line, proof.Standing.Sequence, proof.Standing.Entries, proof.Standing.Spendable));
        Assert.Equal(some.ProviderAccount.AccountId, EquivocationProof.Parse(some.Fraud.Bytes.Span).Verify());
    }

    [Fact]
    public void The_largest_of_each_statement_is_within_its_bound()
    {
        using var some = new Samples();
        DeviceCertificate payer = DeviceCertificate.Issue(some.PayerAccount, some.PayerDevice.PublicKey, new string('語', 64), DeviceRoles.All, ulong.MaxValue, Samples.Now, TimeSpan.FromDays(366));
        DeviceCertificate provider = DeviceCertificate.Issue(some.ProviderAccount, some.ProviderDevice.PublicKey, new string('語', 64), DeviceRoles.All, ulong.MaxValue, Samples.Now, TimeSpan.FromDays(366));
        Order order = some.OrderWith(terms => terms with { Model = new string('語', 256), Prices = new Prices(Prices.Max, Prices.Max), MaxAmount = MicroCredits.Max });
        Receipt receipt = Receipt.Issue(some.ProviderDevice, order, Samples.Work with { PromptTokens = 900, CompletionTokens = 1, FinishReason = new string('語', 32), ReplyBytes = long.MaxValue });
        Countersignature signed = Countersignature.Issue(some.PayerDevice, order, receipt, 900, 1, Samples.Now);
        SettledReceipt.Parse(SettledReceipt.Create(order, receipt, signed, payer.ToBytes(), provider.ToBytes()).Bytes.Span).Verify();
        Order other = some.OrderWith(terms => terms with { Model = new string('語', 256), Prices = new Prices(Prices.Max, Prices.Max), MaxAmount = 0 });
        EquivocationProof.Parse(EquivocationProof.Of(order, other, payer.ToBytes())!.Bytes.Span).Verify();
        Standing standing = Standing.Issue(some.ProviderDevice, some.Network, some.PayerAccount.PublicKey, new AccountRecord(some.PayerAccount.AccountId, long.MinValue, ulong.MaxValue, true), MicroCredits.Max, new LedgerHead(new byte[16], long.MaxValue, new byte[32]), Samples.Now, Standing.MaxValidity);
        StandingProof.Parse(StandingProof.Create(standing, provider, some.Appointment, payer).Bytes.Span).Verify(some.Network);
        Assert.Equal(0, standing.Spendable);
    }

    [Fact]
    public void Too_large_is_refused_before_it_is_read()
    {
        Refuse<Order>(bytes => Order.Parse(bytes), Order.MaxBytes);
        Refuse<Receipt>(bytes => Receipt.Parse(bytes), Receipt.MaxBytes);
        Refuse<Countersignature>(bytes => Countersignature.Parse(bytes), Countersignature.MaxBytes);
        Refuse<SettledReceipt>(bytes => SettledReceipt.Parse(bytes), SettledReceipt.MaxBytes);
        Refuse<Appointment>(bytes => Appointment.Parse(bytes), Appointment.MaxBytes);
        Refuse<Standing>(bytes => Standing.Parse(bytes), Standing.MaxBytes);
        Refuse<StandingProof>(bytes => StandingProof.Parse(bytes), StandingProof.MaxBytes);
        Refuse<EquivocationProof>(bytes => EquivocationProof.Parse(bytes), EquivocationProof.MaxBytes);
        static void Refuse<T>(Func<byte[], T> parse, int most)
            => Assert.Contains("the most", Assert.Throws<StatementException>(() => { parse(new byte[most + 1]); }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_order_out_of_range_is_not_made()
    {
        using var some = new Samples();
        Refuse(terms => terms with { Model = "" });
        Refuse(terms => terms with { Model = new string('x', 257) });
        Refuse(terms => terms with { Model = "a\nb" });
        Refuse(terms => terms with { Prices = new Prices(-1, 0) });
        Refuse(terms => terms with { Prices = new Prices(0, Prices.Max + 1) });
        Refuse(terms => terms with { MaxAmount = -1 });
        Refuse(terms => terms with { MaxAmount = MicroCredits.Max + 1 });
        Refuse(terms => terms with { ExpiresAt = terms.IssuedAt });
        Refuse(terms => terms with { ExpiresAt = terms.IssuedAt + Order.MaxValidity + TimeSpan.FromMilliseconds(1) });
        Refuse(terms => terms with { RequestHash = new byte[31] });
        Refuse(terms => terms with { ProviderInstance = new byte[15] });
        Refuse(terms => terms with { Nonce = new byte[17] });
        Refuse(terms => terms with { ProviderAccountKey = terms.PayerAccountKey });
        void Refuse(Func<OrderTerms, OrderTerms> change) => Assert.Throws<StatementException>(() => some.OrderWith(change));
    }

    [Fact]
    public void A_settled_receipt_of_parts_that_do_not_fit_does_not_hold()
    {
        using var some = new Samples();
        byte[] payer = some.PayerCertificate.ToBytes(), provider = some.ProviderCertificate.ToBytes();
        Order other = some.OrderWith(terms => terms with { Nonce = new byte[16] });
        Refuse(SettledReceipt.Create(other, some.Receipt, some.Countersignature, payer, provider), "another order");
        Refuse(SettledReceipt.Create(some.Order, Receipt.Issue(some.ProviderDevice, some.Order, Samples.Work with { CompletionTokens = 51 }), some.Countersignature, payer, provider), "another receipt");
        Refuse(SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, provider, provider), "payer's device certificate");
        Refuse(SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, payer, payer), "provider's device certificate");
        Refuse(SettledReceipt.Create(some.Order, some.Receipt, null, payer, provider), "not countersigned");
        Refuse(SettledReceipt.Create(some.Order, some.Receipt, Countersignature.Issue(some.ProviderDevice, some.Order, some.Receipt, 10, 50, Samples.Now), payer, provider), "no valid signature");
        Refuse(SettledReceipt.Create(some.Order, Receipt.Issue(some.PayerDevice, some.Order, Samples.Work), some.Countersignature, payer, provider), "no valid signature");
        Refuse(SettledReceipt.Create(some.Order, Late(some), null, payer, provider), "not within its order's time");
        DeviceCertificate mayNotAsk = DeviceCertificate.Issue(some.PayerAccount, some.PayerDevice.PublicKey, "payer", DeviceRoles.Serve, 1, Samples.Now, TimeSpan.FromDays(30));
        DeviceCertificate mayNotServe = DeviceCertificate.Issue(some.ProviderAccount, some.ProviderDevice.PublicKey, "provider", DeviceRoles.Ask, 1, Samples.Now, TimeSpan.FromDays(30));
        Refuse(SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, mayNotAsk.ToBytes(), provider), "\"Ask\"");
        Refuse(SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, payer, mayNotServe.ToBytes()), "\"Serve\"");
        DeviceCertificate over = DeviceCertificate.Issue(some.PayerAccount, some.PayerDevice.PublicKey, "payer", DeviceRoles.All, 1, Samples.Now.AddDays(-40), TimeSpan.FromDays(30));
        Refuse(SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, over.ToBytes(), provider), "was not valid at");

        static Receipt Late(Samples some) => Receipt.Issue(some.ProviderDevice, some.Order, Samples.Work with { FinishedAt = Samples.Now.AddHours(2) });
        static void Refuse(SettledReceipt settled, string why)
        {
            Assert.Contains(why, Assert.Throws<StatementException>(() => settled.Verify(new StatementCache())).Message, StringComparison.Ordinal);
            Assert.Throws<StatementException>(() => settled.Verify());
        }
    }

    [Fact]
    public void A_look_at_a_settled_receipt_names_the_part_that_does_not_hold()
    {
        using var some = new Samples();
        ReadOnlyMemory<byte> payer = some.PayerCertificate.ToBytes(), provider = some.ProviderCertificate.ToBytes();
        Assert.All(some.Settled.Examine(), finding => Assert.Equal((true, null), (finding.IsThere, finding.Problem)));
        Assert.Equal([ReceiptPart.Order, ReceiptPart.Devices, ReceiptPart.Receipt, ReceiptPart.Countersignature], some.Settled.Examine().Select(finding => finding.Part));
        Assert.Equal(ReceiptPart.Receipt, Bad(SettledReceipt.Create(some.Order, Receipt.Issue(some.PayerDevice, some.Order, Samples.Work), null, payer, provider)));
        Assert.Equal(ReceiptPart.Countersignature, Bad(SettledReceipt.Create(some.Order, some.Receipt, Countersignature.Issue(some.ProviderDevice, some.Order, some.Receipt, 10, 50, Samples.Now), payer, provider)));
        Assert.Equal(ReceiptPart.Devices, Bad(SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, provider, provider)));
        Assert.Equal([ReceiptPart.Receipt, ReceiptPart.Countersignature], SettledReceipt.Create(some.Order, null, null, payer, provider).Examine().Where(finding => !finding.IsThere).Select(finding => finding.Part));

        static ReceiptPart Bad(SettledReceipt settled) => Assert.Single(settled.Examine(), finding => finding.Problem is not null).Part;
    }

    [Fact]
    public void A_standing_of_another_network_or_of_whoever_does_not_clear_does_not_hold()
    {
        using var some = new Samples();
        Assert.Throws<StatementException>(() => some.Proof.Verify(NetworkId.FromPublicKey(some.ProviderAccount.PublicKey)));
        Assert.Throws<StatementException>(() => StandingProof.Create(some.Standing, some.ProviderCertificate).Verify(some.Network));
        StandingProof.Create(some.StandingWith(5, signer: some.PayerDevice), some.PayerCertificate).Verify(some.Network);
        DeviceCertificate phone = DeviceCertificate.Issue(some.PayerAccount, some.PayerDevice.PublicKey, "phone", DeviceRoles.Ask | DeviceRoles.Serve, 1, Samples.Now, TimeSpan.FromDays(30));
        Assert.Throws<StatementException>(() => StandingProof.Create(some.StandingWith(5, signer: some.PayerDevice), phone).Verify(some.Network));
        Assert.Throws<StatementException>(() => StandingProof.Create(some.Standing, some.ProviderCertificate, some.Appointment, phone).Verify(some.Network));
        Assert.Throws<StatementException>(() => StandingProof.Create(some.StandingWith(5, signer: some.PayerDevice), some.ProviderCertificate, some.Appointment, some.PayerCertificate).Verify(some.Network));
    }

    [Fact]
    public void A_proof_of_fraud_needs_two_statements_that_contradict_each_other()
    {
        using var some = new Samples();
        byte[] payer = some.PayerCertificate.ToBytes(), provider = some.ProviderCertificate.ToBytes();
        Assert.Null(EquivocationProof.Of(some.Order, some.Order, payer));
        Assert.Null(EquivocationProof.Of(some.Order, some.OrderWith(terms => terms with { Nonce = new byte[16] }), payer));
        Order second = some.OrderWith(terms => terms with { MaxAmount = 499 });
        Assert.Equal(some.PayerAccount.AccountId, EquivocationProof.Of(some.Order, second, payer)!.Verify());
        Assert.Null(EquivocationProof.Of(some.Order, second, provider));
        Assert.Null(EquivocationProof.Of(some.Receipt, some.Receipt, provider));
        Assert.Null(EquivocationProof.Of(some.Receipt, Receipt.Issue(some.PayerDevice, some.Order, Samples.Work with { CompletionTokens = 1 }), provider));
        Assert.Null(EquivocationProof.Of(some.Receipt, Receipt.Issue(some.ProviderDevice, second, Samples.Work), provider));
        Assert.Null(EquivocationProof.Of(some.Countersignature, Countersignature.Issue(some.PayerDevice, some.Order, some.Receipt, 10, 50, Samples.Now.AddHours(1)), payer));
        Assert.NotNull(EquivocationProof.Of(some.Countersignature, Countersignature.Issue(some.PayerDevice, some.Order, some.Receipt, 10, 49, Samples.Now), payer));
        Assert.Null(EquivocationProof.Of(some.Proof, StandingProof.Create(some.StandingWith(1001, sequence: 8), some.ProviderCertificate)));
        Assert.NotNull(EquivocationProof.Of(some.Proof, StandingProof.Create(some.StandingWith(1001), some.ProviderCertificate)));
    }

    [Fact]
    public void Nobody_is_accused_by_a_certificate_that_another_account_made_for_its_device()
    {
        using var some = new Samples();
        using AccountKey liar = AccountKey.Create();
        DeviceCertificate stolen = DeviceCertificate.Issue(liar, some.PayerDevice.PublicKey, "stolen", DeviceRoles.All, 1, Samples.Now, TimeSpan.FromDays(30));
        Order second = some.OrderWith(terms => terms with { MaxAmount = 499 });
        Assert.Null(EquivocationProof.Of(some.Order, second, stolen.ToBytes()));
        Assert.Equal(liar.AccountId, EquivocationProof.Of(some.Receipt, Receipt.Issue(some.ProviderDevice, some.Order, Samples.Work with { CompletionTokens = 1 }), DeviceCertificate.Issue(liar, some.ProviderDevice.PublicKey, "x", DeviceRoles.All, 1, Samples.Now, TimeSpan.FromDays(3)).ToBytes())!.Verify());
    }

    [Fact]
    public void Certificates_are_remembered_within_bounds_and_their_times_are_looked_at_each_time()
    {
        using var some = new Samples();
        var cache = new StatementCache();
        some.Settled.Verify(cache);
        some.Settled.Verify(cache);
        Assert.Equal(2, cache.Certificates);
        cache.Standing(some.Proof.Bytes.Span, some.Network);
        Assert.Equal(1, cache.Standings);
        var small = new GenerationCache<int, string>(100);
        for (int i = 0; i < 10_000; i++)
        {
            small.Add(i, "x");
            Assert.True(small.TryGet(0, out _) || i > 0);
        }

        Assert.InRange(small.Count, 100, 200);
        Assert.True(small.TryGet(0, out _));
        Assert.Equal(32, SHA256.HashSizeInBytes);
    }
}
