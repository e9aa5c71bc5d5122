using System.Text;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Protocol;

/// <summary>One message of each kind that peers send each other, with every field in use.</summary>
internal static class WireVectors
{
    public const string RequestBody = """{"model":"small","messages":[{"role":"user","content":"Grüße 🍄"}],"stream":true,"seed":7}""";

    public const string AnswerBody = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n";

    public static ByteString Raw(PeerId id)
    {
        var bytes = new byte[PeerId.SizeBytes];
        id.CopyTo(bytes);
        return ByteString.CopyFrom(bytes);
    }

    public static StreamHeader InferenceHeader(VectorKeys keys) => new()
    {
        Version = 1,
        Kind = Kind.Inference,
        DeadlineMs = 30_000,
        RequestId = "req-1",
        Inference = new Inference
        {
            NetworkId = Raw(keys.Charter.Id.Hash),
            Path = "/v1/chat/completions",
            Headers = ByteString.CopyFromUtf8($"Content-Type: application/json\r\nX-Mycel-Via: {keys.GuestDevice.PeerId}\r\n"),
            Order = ByteString.CopyFromUtf8("an order"),
            Standing = ByteString.CopyFromUtf8("a standing"),
        },
    };

    public static StreamHeader RedeemHeader(VectorKeys keys) => new()
    {
        Version = 1,
        Kind = Kind.Redeem,
        Redeem = new Redeem { InviteId = ByteString.CopyFrom(VectorKeys.InviteId), NetworkId = Raw(keys.Charter.Id.Hash), Proof = ByteString.CopyFrom(Redemption.ProofOf(IdentityVectorTests.Invite(keys))) },
    };

    public static Countersigned CountersignedOf() => new() { Countersignature = ByteString.CopyFromUtf8("a countersignature") };

    public static Settle SettleOf() => new() { Receipts = { ByteString.CopyFromUtf8("a receipt") }, Countersigned = { ByteString.CopyFromUtf8("a settled receipt") } };

    public static SettleAnswer SettleAnswerOf() => new()
    {
        Results = { new SettleResult { Countersignature = ByteString.CopyFromUtf8("a countersignature") }, new SettleResult { IsTaken = true }, new SettleResult { Reason = "It is for another." } },
    };

    public static Clear ClearOf(VectorKeys keys) => new()
    {
        NetworkId = Raw(keys.Charter.Id.Hash),
        Receipts = { ByteString.CopyFromUtf8("a settled receipt") },
        Memberships = { ByteString.CopyFrom(keys.Membership.ToBytes()) },
        KnownProofs = 3,
        KnownEntries = 41,
    };

    public static Cleared ClearedOf() => new()
    {
        Results =
        {
            new ClearResult { Outcome = ClearResult.Types.Outcome.Posted, Entry = 42 },
            new ClearResult { Outcome = ClearResult.Types.Outcome.Waiting, Reason = "The payer would owe more than it may." },
        },
        Standing = ByteString.CopyFromUtf8("a standing"),
        Proofs = { ByteString.CopyFromUtf8("a proof") },
        ProofCount = 4,
        KnownHead = ByteString.CopyFrom(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()),
    };

    public static StreamHeader AdminHeader { get; } = new() { Version = 1, Kind = Kind.Admin, Admin = new AdminCall { Method = "GET", Path = "/v1/node/relay?all=true" } };

    public static StreamHeader Plain(Kind kind) => new() { Version = 1, Kind = kind };

    public static Greeting GreetingOf(VectorKeys keys) => new()
    {
        Instance = ByteString.CopyFrom([.. Enumerable.Range(1, 16).Select(value => (byte)value)]),
        Networks = { new MemberProof { Charter = ByteString.CopyFrom(keys.Charter.ToBytes()), Membership = ByteString.CopyFrom(keys.Membership.ToBytes()) } },
        Record = ByteString.CopyFrom(SignedRecord(keys)),
        ObservedAddress = "192.0.2.7:50123",
    };

    public static Redeemed RedeemedOf(VectorKeys keys) => new() { Charter = ByteString.CopyFrom(keys.Charter.ToBytes()), Membership = ByteString.CopyFrom(keys.Membership.ToBytes()) };

    public static Update UpdateOf(VectorKeys keys) => new() { Records = { ByteString.CopyFrom(SignedRecord(keys)) } };

    public static ResponseHead Head { get; } = new() { Status = 200, ContentType = "text/event-stream", ContentLength = -1, Headers = { new Header { Name = "x-backend", Value = "one" } } };

    public static Trailer TrailerOf(long bodyBytes) => new() { BodyBytes = bodyBytes, PromptTokens = 7, CompletionTokens = 1, Receipt = ByteString.CopyFromUtf8("a receipt") };

    public static Refusal Refusal { get; } = new()
    {
        Status = 429,
        Code = "too_many_requests",
        Message = "All slots are taken.",
        RetryAfterS = 2,
        Body = ByteString.CopyFromUtf8("""{"error":{"message":"busy","type":"x","param":null,"code":null}}"""),
        ContentType = "application/json",
        MayTryOthers = true,
    };

    public static NodeRecord Record(VectorKeys keys) => new()
    {
        DeviceKey = ByteString.CopyFrom(keys.GuestDevice.PublicKey),
        Sequence = 1_767_323_045_000,
        IssuedAt = VectorKeys.Now.ToUnixTimeSeconds(),
        Name = "guest's laptop",
        Addresses = { "192.0.2.7:8421", "[2001:db8::7]:8421", "https://mycel.example" },
        AccountKey = ByteString.CopyFrom(keys.GuestAccount.PublicKey),
        Networks = { Raw(keys.Charter.Id.Hash) },
        Models =
        {
            new ModelOffer
            {
                Name = "small",
                Networks = { Raw(keys.Charter.Id.Hash) },
                Slots = 4,
                FreeSlots = 3,
                ContextLength = 8192,
                Tags = { "135M", "Q4_1", "chat" },
                Tier = "small",
                TokensPerSecond = 41.5,
                FirstTokenMs = 180.25,
                PromptPrice = 10,
                CompletionPrice = 30,
            },
            new ModelOffer { Name = "notes", Slots = 1, FreeSlots = 1, IsEmbedding = true },
        },
        Version = "0.1.0",
        Relays = true,
        Clears = { Raw(keys.Charter.Id.Hash) },
    };

    public static byte[] SignedRecord(VectorKeys keys) => Sign(keys.GuestDevice, Record(keys));

    public static byte[] Sign(DeviceKey device, NodeRecord record, string domain = "mycel/node-record/1") =>
        Statement.Sign(message => device.Sign(message), domain, record).ToByteArray();

    /// <summary>A frame as it lies in a stream.</summary>
    public static byte[] Frame(int kind, ReadOnlySpan<byte> payload) => [(byte)kind, (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, .. payload];

    public static byte[] Frame(int kind, IMessage message) => Frame(kind, message.ToByteArray());

    public static byte[] Data(string text) => Frame(2, Encoding.UTF8.GetBytes(text));
}
