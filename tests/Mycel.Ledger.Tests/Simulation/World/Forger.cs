using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>Makes what honest books never make, signed with the cheat's own keys only.</summary>
internal static class Forger
{
    /// <summary>The same with one bit changed.</summary>
    public static byte[] Flip(ReadOnlySpan<byte> bytes, SimRandom random)
    {
        byte[] altered = bytes.ToArray();
        if (altered.Length > 0) altered[random.Below(altered.Length)] ^= (byte)(1 << random.Below(8));
        return altered;
    }

    /// <summary>An order as the payer signs it, at any price, for any instance, in anyone's name.</summary>
    public static Order Order(SimNode payer, SimNode provider, SimWorld world, byte[] nonce, ReadOnlySpan<byte> body, Prices prices, long maxAmount, SimAccount? inNameOf = null)
        => Ledger.Statements.Order.Issue(payer.Device.Key, new OrderTerms
        {
            Nonce = nonce,
            Network = world.NetworkId,
            PayerAccountKey = (inNameOf ?? payer.Account).Key.PublicKey.ToArray(),
            ProviderAccountKey = provider.Account.Key.PublicKey.ToArray(),
            ProviderDeviceKey = provider.Device.Key.PublicKey.ToArray(),
            ProviderInstance = provider.Instance,
            Model = SimNode.Model,
            Prices = prices,
            MaxAmount = maxAmount,
            RequestHash = Ledger.Statements.Order.HashRequest(SimNode.Path, body),
            IssuedAt = payer.Clock.GetUtcNow(),
            ExpiresAt = payer.Clock.GetUtcNow() + TimeSpan.FromMinutes(30),
        });

    /// <summary>A receipt with any numbers.</summary>
    public static byte[] Receipt(DeviceKey signer, Order order, ReadOnlySpan<byte> honest, long promptTokens, long completionTokens, long amount)
    {
        Wire.Receipt body = honest.IsEmpty
            ? new Wire.Receipt { ReplyHash = ByteString.CopyFrom(new byte[32]), StartedAt = order.IssuedAt.ToUnixTimeMilliseconds(), FinishedAt = order.IssuedAt.ToUnixTimeMilliseconds() }
            : Wire.Receipt.Parser.ParseFrom(DeviceStatement.Parse(honest, Ledger.Statements.Receipt.MaxBytes, "The receipt").Body.Span);
        body.OrderHash = ByteString.CopyFrom(order.Hash);
        body.PromptTokens = promptTokens;
        body.CompletionTokens = completionTokens;
        body.Amount = amount;
        return DeviceStatement.Sign(signer, Ledger.Statements.Receipt.Domain, body.ToByteArray());
    }

    /// <summary>A countersignature with any numbers.</summary>
    public static byte[] Countersignature(DeviceKey signer, Receipt receipt, long promptTokens, long completionTokens, long amount, DateTimeOffset at)
        => DeviceStatement.Sign(signer, Ledger.Statements.Countersignature.Domain, new Wire.Countersignature
        {
            ReceiptHash = ByteString.CopyFrom(receipt.Hash),
            PromptTokens = promptTokens,
            CompletionTokens = completionTokens,
            Amount = amount,
            SignedAt = at.ToUnixTimeMilliseconds(),
        }.ToByteArray());

    /// <summary>A settled receipt put together of any parts.</summary>
    public static byte[] Settled(ReadOnlySpan<byte> order, ReadOnlySpan<byte> receipt, ReadOnlySpan<byte> countersignature, SimNode payer, SimNode provider)
        => new Wire.SettledReceipt
        {
            Order = ByteString.CopyFrom(order),
            Receipt = ByteString.CopyFrom(receipt),
            Countersignature = ByteString.CopyFrom(countersignature),
            PayerCertificate = ByteString.CopyFrom(payer.Device.Certificate.ToBytes()),
            ProviderCertificate = ByteString.CopyFrom(provider.Device.Certificate.ToBytes()),
        }.ToByteArray();

    /// <summary>Another standing under the sequence of one before, with a credit more.</summary>
    public static StandingProof SecondStanding(SimNode clearing, SimAccount account, Standing first)
    {
        var record = new AccountRecord(first.Account, first.Balance + MicroCredits.PerCredit, first.Sequence, first.IsRefused);
        var head = new LedgerHead(first.LedgerId.ToArray(), first.Entries, first.Head.ToArray());
        Standing second = Standing.Issue(clearing.Device.Key, first.Network, account.Key.PublicKey, record, first.Line, head, clearing.Clock.GetUtcNow(), TimeSpan.FromHours(6));
        return StandingProof.Create(second, clearing.Device.Certificate);
    }
}
