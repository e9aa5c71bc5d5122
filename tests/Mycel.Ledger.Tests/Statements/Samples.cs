using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Statements;

/// <summary>One of each statement, made of keys with known seeds.</summary>
internal sealed class Samples : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 30, 0, TimeSpan.Zero);

    public Samples()
    {
        PayerAccount = new AccountKey(Seed(1));
        PayerDevice = new DeviceKey(Seed(2));
        ProviderAccount = new AccountKey(Seed(3));
        ProviderDevice = new DeviceKey(Seed(4));
        PayerCertificate = DeviceCertificate.Issue(PayerAccount, PayerDevice.PublicKey, "payer", DeviceRoles.All, 1, Now, TimeSpan.FromDays(30));
        ProviderCertificate = DeviceCertificate.Issue(ProviderAccount, ProviderDevice.PublicKey, "provider", DeviceRoles.All, 1, Now, TimeSpan.FromDays(30));
        Network = NetworkId.FromPublicKey(PayerAccount.PublicKey);
        Order = OrderWith(terms => terms);
        Receipt = Receipt.Issue(ProviderDevice, Order, Work);
        Countersignature = Countersignature.Issue(PayerDevice, Order, Receipt, 10, 50, Now);
        Settled = SettledReceipt.Create(Order, Receipt, Countersignature, PayerCertificate.ToBytes(), ProviderCertificate.ToBytes());
        Appointment = Appointment.Issue(PayerDevice, PayerAccount.PublicKey, ProviderDevice.PublicKey, Now, TimeSpan.FromDays(30));
        Standing = StandingWith(1000);
        Proof = StandingProof.Create(Standing, ProviderCertificate, Appointment, PayerCertificate);
        Fraud = EquivocationProof.Of(Receipt, Receipt.Issue(ProviderDevice, Order, Work with { CompletionTokens = 60 }), ProviderCertificate.ToBytes())!;
    }

    public AccountKey PayerAccount { get; }

    public DeviceKey PayerDevice { get; }

    public AccountKey ProviderAccount { get; }

    public DeviceKey ProviderDevice { get; }

    public DeviceCertificate PayerCertificate { get; }

    public DeviceCertificate ProviderCertificate { get; }

    public NetworkId Network { get; }

    public Order Order { get; }

    public Receipt Receipt { get; }

    public Countersignature Countersignature { get; }

    public SettledReceipt Settled { get; }

    public Appointment Appointment { get; }

    public Standing Standing { get; }

    public StandingProof Proof { get; }

    public EquivocationProof Fraud { get; }

    public static Delivered Work { get; } = new()
    {
        PromptTokens = 10,
        CompletionTokens = 50,
        ReplyHash = SHA256.HashData("answer"u8),
        ReplyBytes = 6,
        ModelHash = SHA256.HashData("model"u8),
        FinishReason = "stop",
        StartedAt = Now,
        FinishedAt = Now.AddSeconds(2),
    };

    public Order OrderWith(Func<OrderTerms, OrderTerms> change) => Order.Issue(PayerDevice, change(new OrderTerms
    {
        Nonce = Seed(9).AsMemory(0, 16),
        Network = Network,
        PayerAccountKey = PayerAccount.PublicKey.ToArray(),
        ProviderAccountKey = ProviderAccount.PublicKey.ToArray(),
        ProviderDeviceKey = ProviderDevice.PublicKey.ToArray(),
        ProviderInstance = Seed(8).AsMemory(0, 16),
        Model = "small",
        Prices = new Prices(1_000_000, 2_000_000),
        MaxAmount = 500,
        RequestHash = Order.HashRequest("/v1/chat/completions", "{}"u8),
        IssuedAt = Now,
        ExpiresAt = Now.AddHours(1),
    }));

    public Standing StandingWith(long balance, ulong sequence = 7, DeviceKey? signer = null) => Standing.Issue(
        signer ?? ProviderDevice, Network, PayerAccount.PublicKey, new AccountRecord(PayerAccount.AccountId, balance, sequence, false), 5000,
        new LedgerHead(Seed(7).AsMemory(0, 16), 3, Seed(6)), Now, TimeSpan.FromHours(6));

    public static byte[] Seed(byte number) => SHA256.HashData([number]);

    public void Dispose()
    {
        PayerAccount.Dispose();
        PayerDevice.Dispose();
        ProviderAccount.Dispose();
        ProviderDevice.Dispose();
    }
}
