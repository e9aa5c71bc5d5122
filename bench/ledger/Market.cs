using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Bench.Ledger;

/// <summary>Accounts that buy from each other, and the settled receipts of it, with every signature.</summary>
internal sealed class Market : IDisposable
{
    private const int Accounts = 32;

    private static readonly byte[] Hash = SHA256.HashData("reply"u8);

    private readonly (AccountKey Account, DeviceKey Device, DeviceCertificate Certificate)[] _members = [.. Enumerable.Range(0, Accounts).Select(static _ => Join())];

    /// <summary>The device that clears; its account is the network's root.</summary>
    public DeviceKey Clearer => _members[0].Device;

    public DeviceCertificate ClearerCertificate => _members[0].Certificate;

    public NetworkId Network => NetworkId.FromPublicKey(_members[0].Account.PublicKey);

    /// <summary>Settled receipts by the member who submits them, who is the provider of each; made on all cores.</summary>
    public IReadOnlyList<(DeviceCertificate Member, SettledReceipt[] Receipts)> Trade(int count)
        => [.. _members.AsParallel().AsOrdered().Select((member, i) => (member.Certificate, Enumerable.Range(0, (count + Accounts - 1) / Accounts).Select(_ => Settle(i)).ToArray()))];

    /// <summary>A receipt as a transfer, unchecked, in a network of choice.</summary>
    public static Transfer ToTransfer(SettledReceipt settled, NetworkId network)
        => new(network, settled.Id, settled.Order.Payer, settled.Order.Provider, settled.Countersignature!.Amount, MicroCredits.Max, settled.Bytes);

    public void Dispose()
    {
        foreach ((AccountKey account, DeviceKey device, _) in _members)
        {
            account.Dispose();
            device.Dispose();
        }
    }

    private SettledReceipt Settle(int provider)
    {
        var seller = _members[provider];
        var buyer = _members[(provider + 1 + Random.Shared.Next(Accounts - 1)) % Accounts];
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Order order = Order.Issue(buyer.Device, new OrderTerms
        {
            Nonce = RandomNumberGenerator.GetBytes(Order.NonceBytes),
            Network = Network,
            PayerAccountKey = buyer.Account.PublicKey.ToArray(),
            ProviderAccountKey = seller.Account.PublicKey.ToArray(),
            ProviderDeviceKey = seller.Device.PublicKey.ToArray(),
            ProviderInstance = new byte[Order.NonceBytes],
            Model = "smollm2-135m-instruct",
            Prices = new Prices(100_000, 400_000),
            MaxAmount = 10_000,
            RequestHash = Hash,
            IssuedAt = now,
            ExpiresAt = now.AddHours(1),
        });
        Receipt receipt = Receipt.Issue(seller.Device, order, new Delivered
        {
            PromptTokens = 100 + Random.Shared.Next(900),
            CompletionTokens = 100 + Random.Shared.Next(900),
            ReplyHash = Hash,
            ReplyBytes = 4_000,
            FinishReason = "stop",
            StartedAt = now,
            FinishedAt = now,
        });
        Countersignature agreed = Countersignature.Issue(buyer.Device, order, receipt, receipt.PromptTokens, receipt.CompletionTokens, now);
        return SettledReceipt.Create(order, receipt, agreed, buyer.Certificate.ToBytes(), seller.Certificate.ToBytes());
    }

    private static (AccountKey Account, DeviceKey Device, DeviceCertificate Certificate) Join()
    {
        AccountKey account = AccountKey.Create();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mycel-bench-");
        DeviceKey device = DeviceKey.LoadOrCreate(folder.FullName);
        folder.Delete(recursive: true);
        return (account, device, DeviceCertificate.Issue(account, device.PublicKey, "bench", DeviceRoles.All, 1, DateTimeOffset.UtcNow.AddDays(-1), TimeSpan.FromDays(30)));
    }
}
