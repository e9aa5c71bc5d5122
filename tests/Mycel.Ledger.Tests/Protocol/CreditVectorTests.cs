using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;
using Mycel.Node.Tests.Protocol;
using static Mycel.Node.Tests.Protocol.VectorFile;

namespace Mycel.Ledger.Tests.Protocol;

/// <summary>The examples of statements of credit that other programs are tested with: ours makes the very same bytes, and reads them.</summary>
public sealed class CreditVectorTests
{
    private const string Name = "credit.json";

    private const string Path = "/v1/chat/completions";

    private const string Body = """{"model":"small","messages":[{"role":"user","content":"Grüße 🍄"}],"max_tokens":100}""";

    private const string Reply = """{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":2}}""";

    private static readonly Prices Price = new(150_000, 600_000);

    private static readonly RequestBounds Bounds = new(Encoding.UTF8.GetByteCount(Body), MaxTokens: 100, Context: 8192);

    [Fact]
    public void The_file_is_what_this_program_makes()
    {
        using var keys = new VectorKeys();
        var some = new Vectors(keys);
        Check(Name, new JsonObject
        {
            ["about"] = "Statements of credit (docs/protocol/credit.md). Bytes are in hexadecimal digits, times in milliseconds since 1970, amounts in micro-credits; `signed` is a serialized Signed, `hash` the SHA-256 of its body. The keys are those of identity.json; the guest orders of the root, whose node clears.",
            ["now"] = VectorKeys.Now.ToUnixTimeMilliseconds(),
            ["amounts"] = Amounts(),
            ["reserve"] = new JsonObject { ["body_bytes"] = Bounds.BodyBytes, ["max_tokens"] = 100, ["context"] = 8192, ["choices"] = 1, ["prompt_tokens"] = Bounds.PromptTokens, ["completion_tokens"] = Bounds.CompletionTokens, ["amount"] = Price.ReserveFor(Bounds) },
            ["request"] = new JsonObject { ["path"] = Path, ["body"] = Body, ["hash"] = Hex(Order.HashRequest(Path, Encoding.UTF8.GetBytes(Body))) },
            ["reply"] = new JsonObject { ["body"] = Reply, ["hash"] = Hex(SHA256.HashData(Encoding.UTF8.GetBytes(Reply))) },
            ["order"] = Statement(some.Order.Bytes, Order.Domain, some.Order.Hash, "guest_device", new JsonObject { ["order_id"] = some.Order.Id.ToString(), ["nonce"] = Hex(Vectors.Nonce), ["max_amount"] = some.Order.MaxAmount, ["prompt_price"] = Price.Prompt, ["completion_price"] = Price.Completion }),
            ["receipt"] = Statement(some.Receipt.Bytes, Receipt.Domain, some.Receipt.Hash, "root_device", new JsonObject { ["prompt_tokens"] = some.Receipt.PromptTokens, ["completion_tokens"] = some.Receipt.CompletionTokens, ["amount"] = some.Receipt.Amount }),
            ["countersignature"] = Statement(some.Countersignature.Bytes, Countersignature.Domain, some.Countersignature.Hash, "guest_device", new JsonObject { ["prompt_tokens"] = some.Countersignature.PromptTokens, ["completion_tokens"] = some.Countersignature.CompletionTokens, ["amount"] = some.Countersignature.Amount }),
            ["settled_receipt"] = new JsonObject { ["bytes"] = Hex(some.Settled.Bytes.Span) },
            ["appointment"] = Statement(some.Appointment.Bytes, Appointment.Domain, SHA256.HashData(DeviceStatement.Parse(some.Appointment.Bytes.Span, 512, "It").Body.Span), "root_device", new JsonObject { ["network_id"] = some.Appointment.Network.ToString(), ["device"] = some.Appointment.Device.ToString() }),
            ["standing"] = Statement(some.Standing.Bytes, Standing.Domain, some.Standing.Hash, "guest_device", new JsonObject { ["balance"] = some.Standing.Balance, ["line"] = some.Standing.Line, ["sequence"] = some.Standing.Sequence, ["entries"] = some.Standing.Entries }),
            ["standing_proof"] = new JsonObject { ["bytes"] = Hex(some.Proof.Bytes.Span), ["network_id"] = keys.Charter.Id.ToString() },
            ["equivocation_proof"] = new JsonObject { ["bytes"] = Hex(some.Fraud.Bytes.Span), ["account_id"] = keys.RootAccount.AccountId.ToString() },
            ["refused"] = Refused(keys, some),
        });
    }

    [Fact]
    public void What_the_file_holds_is_read_as_it_says()
    {
        JsonObject file = Read(Name)!;
        Order order = Order.Parse(Bytes(file["order"]!["signed"]));
        order.Verify();
        Assert.Equal((string)file["order"]!["says"]!["order_id"]!, order.Id.ToString());
        SettledReceipt settled = SettledReceipt.Parse(Bytes(file["settled_receipt"]!["bytes"]));
        settled.Verify();
        Assert.Equal((long)file["countersignature"]!["says"]!["amount"]!, settled.Countersignature!.Amount);
        Assert.True(NetworkId.TryParse((string)file["standing_proof"]!["network_id"]!, out NetworkId network));
        StandingProof.Parse(Bytes(file["standing_proof"]!["bytes"])).Verify(network);
        Assert.Equal((string)file["equivocation_proof"]!["account_id"]!, EquivocationProof.Parse(Bytes(file["equivocation_proof"]!["bytes"])).Verify().ToString());
    }

    [Fact]
    public void What_the_file_says_is_refused_is_refused()
    {
        JsonArray refused = Read(Name)!["refused"]!.AsArray();
        Assert.NotEmpty(refused);
        foreach (JsonNode? vector in refused)
        {
            byte[] bytes = Bytes(vector!["bytes"]);
            Assert.Throws<StatementException>(() => Use((string)vector["kind"]!, bytes));
        }
    }

    private static void Use(string kind, byte[] bytes)
    {
        switch (kind)
        {
            case "order":
                Order.Parse(bytes).Verify();
                break;
            case "settled_receipt":
                SettledReceipt.Parse(bytes).Verify();
                break;
            case "standing_proof":
                StandingProof.Parse(bytes).Verify(NetworkId.FromPublicKey(Bytes(Read("identity.json")!["keys"]!["root_account"]!["public_key"])));
                break;
            case "equivocation_proof":
                EquivocationProof.Parse(bytes).Verify();
                break;
            default:
                throw new InvalidOperationException(kind);
        }
    }

    private static JsonObject Statement(ReadOnlyMemory<byte> signed, string domain, ReadOnlySpan<byte> hash, string signer, JsonObject says)
        => new() { ["says"] = says, ["domain"] = domain, ["signer"] = signer, ["hash"] = Hex(hash), ["signed"] = Hex(signed.Span) };

    private static JsonArray Amounts()
    {
        var amounts = new JsonArray();
        foreach ((long prompt, long completion, long read, long written) in new[] { (150_000L, 600_000L, 12L, 2L), (1L, 0L, 1L, 0L), (1L, 1L, 500_000L, 500_000L), (1L, 1L, 500_000L, 500_001L), (Prices.Max, Prices.Max, Prices.MaxTokens, Prices.MaxTokens) })
        {
            amounts.Add(new JsonObject { ["prompt_price"] = prompt, ["completion_price"] = completion, ["prompt_tokens"] = read, ["completion_tokens"] = written, ["amount"] = new Prices(prompt, completion).AmountFor(read, written) });
        }

        return amounts;
    }

    private static JsonArray Refused(VectorKeys keys, Vectors some)
    {
        byte[] guest = keys.GuestCertificate.ToBytes(), root = keys.RootCertificate.ToBytes();
        var refused = new JsonArray();
        Add("order", "another's id", Stolen(keys, some));
        Add("order", "payer and provider are one account", Resigned(keys.GuestDevice, some.Order, body => body.ProviderAccountKey = body.PayerAccountKey));
        Add("order", "valid for more than 25 hours", Resigned(keys.GuestDevice, some.Order, body => body.ExpiresAt += 25 * 3_600_000));
        Add("order", "signed by another device", DeviceStatement.Sign(keys.RootDevice, Order.Domain, DeviceStatement.Parse(some.Order.Bytes.Span, Order.MaxBytes, "It").Body.Span));
        const long year9000 = 221_845_392_000_000;
        Add("order", "of the year 9000", Resigned(keys.GuestDevice, some.Order, body => (body.IssuedAt, body.ExpiresAt) = (year9000 - 1000, year9000)));
        Add("settled_receipt", "without a countersignature", SettledReceipt.Create(some.Order, some.Receipt, null, guest, root).Bytes);
        Add("settled_receipt", "the provider signed for the payer", SettledReceipt.Create(some.Order, some.Receipt, Countersignature.Issue(keys.RootDevice, some.Order, some.Receipt, 12, 2, VectorKeys.Now), guest, root).Bytes);
        Add("settled_receipt", "certificates changed places", SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, root, guest).Bytes);
        DeviceCertificate over = DeviceCertificate.Issue(keys.GuestAccount, keys.GuestDevice.PublicKey, "guest's laptop", DeviceRoles.All, 1, VectorKeys.Now.AddDays(-9), TimeSpan.FromDays(8));
        Add("settled_receipt", "the payer's certificate was over", SettledReceipt.Create(some.Order, some.Receipt, some.Countersignature, over.ToBytes(), root).Bytes);
        Add("standing_proof", "no appointment", StandingProof.Create(some.Standing, keys.GuestCertificate).Bytes);
        Add("equivocation_proof", "the same twice", Same(some, root));
        return refused;
        void Add(string kind, string why, ReadOnlyMemory<byte> bytes) => refused.Add(new JsonObject { ["kind"] = kind, ["why"] = why, ["bytes"] = Hex(bytes.Span) });
    }

    private static byte[] Same(Vectors some, byte[] certificate) => new Wire.EquivocationProof
    {
        First = ByteString.CopyFrom(some.Receipt.Bytes.Span),
        Second = ByteString.CopyFrom(some.Receipt.Bytes.Span),
        Domain = Receipt.Domain,
        Certificate = ByteString.CopyFrom(certificate),
    }.ToByteArray();

    private static byte[] Stolen(VectorKeys keys, Vectors some) => Resigned(keys.RootDevice, some.Order, body =>
    {
        body.PayerAccountKey = ByteString.CopyFrom(keys.RootAccount.PublicKey);
        body.PayerDeviceKey = ByteString.CopyFrom(keys.RootDevice.PublicKey);
        body.ProviderAccountKey = ByteString.CopyFrom(keys.GuestAccount.PublicKey);
        body.ProviderDeviceKey = ByteString.CopyFrom(keys.GuestDevice.PublicKey);
    });

    private static byte[] Resigned(DeviceKey device, Order order, Action<Wire.Order> change)
    {
        Wire.Order body = Wire.Order.Parser.ParseFrom(DeviceStatement.Parse(order.Bytes.Span, Order.MaxBytes, "It").Body.Span);
        change(body);
        return DeviceStatement.Sign(device, Order.Domain, body.ToByteArray());
    }

    /// <summary>One of each statement.</summary>
    private sealed class Vectors
    {
        public static readonly byte[] Nonce = [.. Enumerable.Range(0xC0, 16).Select(value => (byte)value)];

        public Vectors(VectorKeys keys)
        {
            Order = Order.Issue(keys.GuestDevice, new OrderTerms
            {
                Nonce = Nonce,
                Network = keys.Charter.Id,
                PayerAccountKey = keys.GuestAccount.PublicKey.ToArray(),
                ProviderAccountKey = keys.RootAccount.PublicKey.ToArray(),
                ProviderDeviceKey = keys.RootDevice.PublicKey.ToArray(),
                ProviderInstance = Enumerable.Range(1, 16).Select(value => (byte)value).ToArray(),
                Model = "small",
                Prices = Price,
                MaxAmount = Price.ReserveFor(Bounds),
                RequestHash = Order.HashRequest(Path, Encoding.UTF8.GetBytes(Body)),
                IssuedAt = VectorKeys.Now,
                ExpiresAt = VectorKeys.Now.AddHours(1),
            });
            Receipt = Receipt.Issue(keys.RootDevice, Order, Work);
            Countersignature = Countersignature.Issue(keys.GuestDevice, Order, Receipt, 12, 2, VectorKeys.Now.AddSeconds(3));
            Settled = SettledReceipt.Create(Order, Receipt, Countersignature, keys.GuestCertificate.ToBytes(), keys.RootCertificate.ToBytes());
            Appointment = Appointment.Issue(keys.RootDevice, keys.RootAccount.PublicKey, keys.GuestDevice.PublicKey, VectorKeys.Now, TimeSpan.FromDays(90));
            Standing = Standing.Issue(
                keys.GuestDevice, keys.Charter.Id, keys.GuestAccount.PublicKey, new AccountRecord(keys.GuestAccount.AccountId, -3, 1_767_323_045_000_000, false), 5_000_000,
                new LedgerHead(Enumerable.Range(0x20, 16).Select(value => (byte)value).ToArray(), 1, SHA256.HashData([1])), VectorKeys.Now, TimeSpan.FromHours(6));
            Proof = StandingProof.Create(Standing, keys.GuestCertificate, Appointment, keys.RootCertificate);
            Fraud = EquivocationProof.Of(Receipt, Receipt.Issue(keys.RootDevice, Order, Work with { CompletionTokens = 3 }), keys.RootCertificate.ToBytes())!;
        }

        public Order Order { get; }

        public Receipt Receipt { get; }

        public Countersignature Countersignature { get; }

        public SettledReceipt Settled { get; }

        public Appointment Appointment { get; }

        public Standing Standing { get; }

        public StandingProof Proof { get; }

        public EquivocationProof Fraud { get; }

        private static Delivered Work { get; } = new()
        {
            PromptTokens = 12,
            CompletionTokens = 2,
            ReplyHash = SHA256.HashData(Encoding.UTF8.GetBytes(Reply)),
            ReplyBytes = Encoding.UTF8.GetByteCount(Reply),
            ModelHash = SHA256.HashData("a model's file"u8),
            FinishReason = "stop",
            StartedAt = VectorKeys.Now,
            FinishedAt = VectorKeys.Now.AddSeconds(2),
        };
    }
}
