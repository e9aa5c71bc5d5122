using System.Text;
using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Backends;

public class BodyDecoderTests
{
    private const string Chunked = "Transfer-Encoding: chunked";

    public static TheoryData<string, string, string, int> Samples => new()
    {
        { "Content-Length: 5", "hello", "hello", 0 },
        { "Content-Length: 5", "helloHTTP/1.1 200 OK", "hello", 15 },
        { "Content-Length: 0", "", "", 0 },
        { "Content-Length: 0", "more", "", 4 },
        { "X-None: 1", "everything\r\n0\r\n\r\n", "everything\r\n0\r\n\r\n", 0 },
        { Chunked, "5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
        { Chunked, "5\nhello\n0\n\n", "hello", 0 },
        { Chunked, "5\r\nhello\n0\r\n\n", "hello", 0 },
        { Chunked, "5;name=value;q=\"a b\"\r\nhello\r\n0;last\r\n\r\n", "hello", 0 },
        { Chunked, "5 ;name\r\nhello\r\n0 \t\r\n\r\n", "hello", 0 },
        { Chunked, "0005\r\nhello\r\n000\r\n\r\n", "hello", 0 },
        { Chunked, "A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n", "0123456789abcdefghij", 0 },
        { Chunked, "1\r\n\r\r\n1\r\n\n\r\n2\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", 0 },
        { Chunked, "2\r\nhi\r\n0\r\nTrailer: one\r\nAnother: two\r\n\r\n", "hi", 0 },
        { Chunked, "2\r\nhi\r\n0\r\nTrailer: one\nAnother: two\n\n", "hi", 0 },
        { Chunked, "2\r\nhi\r\n0\r\n\r\nHTTP/1.1", "hi", 8 },
        { Chunked, "0\r\n\r\n", "", 0 },
        { Chunked, "0\r\n\r\n0\r\n\r\n", "", 5 },
    };

    public static TheoryData<string> Malformed =>
    [
        "\r\n", "\n", ";a=b\r\n", " 5\r\nhello\r\n", "g\r\n", "-5\r\n", "+5\r\n", "0x5\r\n", "5h\r\n", "5 5\r\nhello\r\n", "5,\r\n", "5\r5\r\n", "5\r\r\nhello\r\n",
        "5\r\nhelloworld\r\n", "5\r\nhello5\r\nhello\r\n", "5\r\nhello\r\r\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhello\r\n\r\n", "3\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n", "7fffffffffffffff\r\n", "10000000000000000\r\n", "fffffffffffffffffffffffffffffffff\r\n", "{\"error\":1}", "<html>\r\n", "\0\r\n",
    ];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_body_decodes_the_same_however_it_arrives(string framing, string wire, string body, int surplus)
    {
        foreach (var (cut, parts) in Cuts.Of(Bytes(wire), seed: 1))
        {
            var decoder = DecoderFor(framing);
            var (decoded, left) = Decode(ref decoder, parts);
            Assert.True(body == Encoding.Latin1.GetString(decoded), $"{cut}: got '{Encoding.Latin1.GetString(decoded)}'");
            Assert.True(surplus == left, $"{cut}: {left} bytes of surplus");
            Assert.True(decoder.IsComplete != decoder.EndsWithConnection, $"{cut}: not complete");
        }
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Broken_chunks_are_refused_however_they_arrive(string wire)
    {
        foreach (var (cut, parts) in Cuts.Of(Bytes(wire), seed: 2))
        {
            var decoder = DecoderFor(Chunked);
            var fault = Record(() => Decode(ref decoder, parts));
            Assert.True(fault is { Kind: DeviceFaultKind.Invalid }, $"{cut}: accepted");
        }

        static DeviceFaultException? Record(Action decode)
        {
            try
            {
                decode();
                return null;
            }
            catch (DeviceFaultException fault)
            {
                return fault;
            }
        }
    }

    [Fact]
    public void A_body_that_ends_early_is_not_complete()
    {
        const string wire = "5;ext\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        for (var length = 0; length < wire.Length; length++)
        {
            var decoder = DecoderFor(Chunked);
            Decode(ref decoder, [Bytes(wire[..length])]);
            Assert.False(decoder.IsComplete, $"complete after {length} bytes");
            Assert.False(decoder.EndsWithConnection);
        }
        var counted = DecoderFor("Content-Length: 6");
        Decode(ref counted, ["hello"u8.ToArray()]);
        Assert.False(counted.IsComplete);
    }

    [Fact]
    public void Large_chunks_decode_the_same_however_they_arrive()
    {
        var random = new Random(7);
        var body = new byte[300_000];
        random.NextBytes(body);
        using var wire = new MemoryStream();
        foreach (var chunk in Cuts.Cut(body, random))
        {
            wire.Write(Bytes($"{chunk.Length:x}\r\n"));
            wire.Write(chunk);
            wire.Write("\r\n"u8);
        }
        wire.Write("0\r\n\r\n"u8);
        foreach (var (cut, parts) in Cuts.Random(wire.ToArray(), seed: 70, count: 30))
        {
            var decoder = DecoderFor(Chunked);
            var (decoded, surplus) = Decode(ref decoder, parts);
            Assert.True(body.AsSpan().SequenceEqual(decoded) && surplus == 0 && decoder.IsComplete, cut);
        }
    }

    [Fact]
    public void The_largest_size_is_taken_without_overflow()
    {
        var decoder = DecoderFor(Chunked);
        var (decoded, _) = Decode(ref decoder, ["7fffffffffffff0\r\nabc"u8.ToArray()]);
        Assert.Equal("abc"u8, decoded);
        Assert.False(decoder.IsComplete);
    }

    [Fact]
    public void Lines_and_trailers_are_bounded()
    {
        foreach (var wire in new[] { "5;" + new string('x', 20_000), new string('0', 20_000), "0\r\n" + string.Concat(Enumerable.Repeat("a: b\r\n", 20_000)), "0\r\nx: " + new string('y', 70_000) })
        {
            Assert.Throws<DeviceFaultException>(() =>
            {
                var decoder = DecoderFor(Chunked);
                Decode(ref decoder, [Bytes(wire)]);
            });
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n")]
    public void Some_replies_have_no_body(string text)
    {
        var head = new ResponseHead();
        head.TryParse(Bytes(text));
        Assert.True(BodyDecoder.For(head).IsComplete);
    }

    [Fact]
    public void Random_chunks_never_decode_differently_by_the_way_they_arrive()
    {
        string[] alphabet = ["0", "1", "5", "a", "F", "\r", "\n", "\r\n", ";", " ", "x", "hello", "\r\n0\r\n\r\n", "5\r\nhello\r\n", ":"];
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var wire = Bytes(string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => alphabet[random.Next(alphabet.Length)])));
            var whole = Outcome([wire]);
            Assert.True(whole == Outcome([.. wire.Select(b => new[] { b })]), $"seed {seed}, byte by byte");
            Assert.True(whole == Outcome(Cuts.Cut(wire, random)), $"seed {seed}");
        }

        static string Outcome(byte[][] parts)
        {
            var decoder = DecoderFor(Chunked);
            try
            {
                var (decoded, surplus) = Decode(ref decoder, parts);
                return $"{Encoding.Latin1.GetString(decoded)}|{surplus}|{decoder.IsComplete}";
            }
            catch (DeviceFaultException)
            {
                return "refused";
            }
        }
    }

    private static BodyDecoder DecoderFor(string framing)
    {
        var head = new ResponseHead();
        head.TryParse(Bytes($"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n"));
        return BodyDecoder.For(head);
    }

    private static (byte[] Body, int Surplus) Decode(ref BodyDecoder decoder, byte[][] parts)
    {
        var body = new List<byte>();
        var surplus = 0;
        foreach (var part in parts)
        {
            var buffer = part.ToArray();
            var decoded = decoder.Decode(buffer, out var left);
            body.AddRange(buffer[..decoded]);
            surplus += left;
        }
        return ([.. body], surplus);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
