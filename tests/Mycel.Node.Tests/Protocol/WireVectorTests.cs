using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Mycel.Identity.Wire;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;
using static Mycel.Node.Tests.Protocol.VectorFile;
using static Mycel.Node.Tests.Protocol.WireVectors;

namespace Mycel.Node.Tests.Protocol;

/// <summary>The examples of frames, messages and whole exchanges that other programs are tested with.</summary>
public sealed class WireVectorTests
{
    private const string Messages = "messages.json";
    private const string Frames = "frames.json";
    private const string Exchanges = "exchanges.json";

    [Fact]
    public void The_messages_are_what_this_program_makes()
    {
        using var keys = new VectorKeys();
        var signed = Signed.Parser.ParseFrom(SignedRecord(keys));
        Check(Messages, new JsonObject
        {
            ["about"] = "Messages of docs/protocol/peer.proto, serialized, in hexadecimal digits; `says` is the same in the JSON mapping of Protocol Buffers. The keys are those of identity.json.",
            ["stream_header"] = Vector(InferenceHeader(keys)),
            ["greeting"] = Vector(GreetingOf(keys)),
            ["redeemed"] = Vector(RedeemedOf(keys)),
            ["update"] = Vector(UpdateOf(keys)),
            ["response_head"] = Vector(Head),
            ["trailer"] = Vector(TrailerOf(Encoding.UTF8.GetByteCount(AnswerBody))),
            ["countersigned"] = Vector(CountersignedOf()),
            ["settle"] = Vector(SettleOf()),
            ["settle_answer"] = Vector(SettleAnswerOf()),
            ["clear"] = Vector(ClearOf(keys)),
            ["cleared"] = Vector(ClearedOf()),
            ["refusal"] = Vector(WireVectors.Refusal),
            ["node_record"] = new JsonObject
            {
                ["domain"] = "mycel/node-record/1",
                ["signer"] = Hex(keys.GuestDevice.PublicKey),
                ["says"] = JsonNode.Parse(JsonFormatter.Default.Format(Record(keys))),
                ["body"] = Hex(signed.Body.Span),
                ["signature"] = Hex(signed.Signature.Span),
                ["signed"] = Hex(SignedRecord(keys)),
            },
        });

        static JsonObject Vector(IMessage message) => new() { ["says"] = JsonNode.Parse(JsonFormatter.Default.Format(message)), ["bytes"] = Hex(message.ToByteArray()) };
    }

    [Fact]
    public void The_frames_and_exchanges_are_what_this_program_makes()
    {
        using var keys = new VectorKeys();
        Check(Frames, new JsonObject
        {
            ["about"] = "Bytes of a stream, whole, in hexadecimal digits: the frames in them, or, of those refused, why.",
            ["read"] = new JsonArray(
                new JsonObject { ["bytes"] = Hex([.. Frame(1, Plain(Kind.Ping))]), ["frames"] = new JsonArray(FrameNode(1, Plain(Kind.Ping).ToByteArray())) },
                new JsonObject { ["bytes"] = Hex([.. Frame(2, "one"u8), .. Frame(2, []), .. Frame(2, "two"u8), .. Frame(4, [])]), ["frames"] = new JsonArray(FrameNode(2, "one"u8), FrameNode(2, []), FrameNode(2, "two"u8), FrameNode(4, [])) },
                new JsonObject { ["bytes"] = "", ["frames"] = new JsonArray() }),
            ["refused"] = new JsonArray(
                Bad("a kind that is none", [0, 0, 0, 0]),
                Bad("a kind that is not known", [7, 0, 0, 0]),
                Bad("a message that is too large", [1, 4, 0, 1]),
                Bad("the end within a frame's head", [6, 0]),
                Bad("the end within a payload", [6, 0, 0, 3, 0x41]),
                Bad("the end within data", [2, 0, 0, 3, 0x41])),
        });
        Check(Exchanges, new JsonObject
        {
            ["about"] = "Whole exchanges: all bytes that the opening node sends on the stream, and all that it gets; each direction then ends.",
            ["ping"] = Exchange(Frame(1, Plain(Kind.Ping)), []),
            ["greeting"] = Exchange([.. Frame(1, Plain(Kind.Greeting)), .. Frame(6, GreetingOf(keys))], Frame(6, new Greeting { Instance = ByteString.CopyFrom(new byte[16]) })),
            ["redeem"] = Exchange(Frame(1, RedeemHeader(keys)), Frame(6, RedeemedOf(keys))),
            ["inference"] = Exchange(Ask(keys), [.. Frame(3, Head), .. Data(AnswerBody[..20]), .. Data(AnswerBody[20..]), .. Frame(4, TrailerOf(Encoding.UTF8.GetByteCount(AnswerBody)))]),
            ["inference_paid"] = Exchange([.. Ask(keys), .. Frame(6, CountersignedOf())], [.. Frame(3, Head), .. Data(AnswerBody), .. Frame(4, TrailerOf(Encoding.UTF8.GetByteCount(AnswerBody))), .. Frame(6, new Settled())]),
            ["settle"] = Exchange([.. Frame(1, Plain(Kind.Settle)), .. Frame(6, SettleOf())], Frame(6, SettleAnswerOf())),
            ["clear"] = Exchange([.. Frame(1, Plain(Kind.Clear)), .. Frame(6, ClearOf(keys))], Frame(6, ClearedOf())),
            ["inference_refused"] = Exchange(Ask(keys), Frame(5, WireVectors.Refusal)),
            ["admin"] = Exchange([.. Frame(1, AdminHeader), .. Frame(4, [])], [.. Frame(3, new ResponseHead { Status = 200, ContentType = "application/json", ContentLength = 13 }), .. Data("""{"relays":[]}"""), .. Frame(4, new Trailer { BodyBytes = 13, PromptTokens = -1, CompletionTokens = -1 })]),
            ["kind_not_known"] = Exchange(Frame(1, new StreamHeader { Version = 1, Kind = (Kind)99 }), Frame(5, new Refusal { Status = 501, Code = "not_understood", Message = "This node does not know exchanges of this kind.", MayTryOthers = true })),
        });

        static byte[] Ask(VectorKeys keys) => [.. Frame(1, InferenceHeader(keys)), .. Data(RequestBody[..10]), .. Data(RequestBody[10..]), .. Frame(4, [])];
        static JsonObject Exchange(byte[] sent, byte[] got) => new() { ["sent"] = Hex(sent), ["got"] = Hex(got) };
        static JsonNode FrameNode(int kind, ReadOnlySpan<byte> payload) => new JsonObject { ["kind"] = kind, ["payload"] = Hex(payload) };
        static JsonNode Bad(string why, byte[] bytes) => new JsonObject { ["why"] = why, ["bytes"] = Hex(bytes) };
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task The_frames_of_the_file_are_read_and_refused_as_it_says(int pieceBytes)
    {
        var file = Read(Frames)!;
        foreach (var vector in file["read"]!.AsArray())
        {
            var expected = vector!["frames"]!.AsArray().Select(frame => ((int)frame!["kind"]!, (string)frame["payload"]!));
            Assert.Equal(Join(expected), Join(await FramesOf(Bytes(vector["bytes"]), pieceBytes)));
        }

        foreach (var vector in file["refused"]!.AsArray())
            await Assert.ThrowsAsync<FrameException>(() => FramesOf(Bytes(vector!["bytes"]), pieceBytes));

        // The borders of data mean nothing, so neighbours are one.
        static string Join(IEnumerable<(int Kind, string Payload)> frames)
        {
            var all = "";
            foreach (var (kind, payload) in frames) all += kind == 2 ? payload : $"[{kind}:{payload}]";
            return all;
        }
    }

    [Fact]
    public async Task An_exchange_of_the_file_is_read_as_it_says()
    {
        var exchange = Read(Exchanges)!["inference"]!;
        using var keys = new VectorKeys();
        await using var sent = new BytesStream(Bytes(exchange["sent"]));
        using var request = new FrameReader(sent);
        var header = WireMessages.Parse(StreamHeader.Parser, (await request.ReadAsync(TestContext.Current.CancellationToken))!.Value.Payload);
        Assert.Equal(InferenceHeader(keys), header);
        Assert.Equal(RequestBody, await RestAsync(request, payload => Assert.Empty(payload.ToArray())));

        await using var got = new BytesStream(Bytes(exchange["got"]));
        using var answer = new FrameReader(got);
        Assert.Equal(Head, WireMessages.Parse(ResponseHead.Parser, (await answer.ReadAsync(TestContext.Current.CancellationToken))!.Value.Payload));
        Trailer? trailer = null;
        Assert.Equal(AnswerBody, await RestAsync(answer, payload => trailer = WireMessages.Parse(Trailer.Parser, payload)));
        Assert.Equal(Encoding.UTF8.GetByteCount(AnswerBody), trailer!.BodyBytes);
    }

    private static async Task<string> RestAsync(FrameReader reader, Action<ReadOnlyMemory<byte>> other)
    {
        using var body = new MemoryStream();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken) is { } frame)
        {
            if (frame.Kind == FrameKind.Data) body.Write(frame.Payload.Span);
            else other(frame.Payload);
        }

        return Encoding.UTF8.GetString(body.ToArray());
    }

    private static async Task<List<(int Kind, string Payload)>> FramesOf(byte[] bytes, int pieceBytes)
    {
        await using var stream = new BytesStream(bytes, pieceBytes);
        using var reader = new FrameReader(stream);
        var frames = new List<(int, string)>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken) is { } frame) frames.Add(((int)frame.Kind, Hex(frame.Payload.Span)));
        return frames;
    }
}
