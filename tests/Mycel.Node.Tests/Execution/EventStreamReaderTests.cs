using System.Buffers;
using System.Text;
using Mycel.Node.Execution;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Execution;

public class EventStreamReaderTests
{
    private const string Error = """{"error":{"message":"gone"}}""";

    public static TheoryData<string, string, string> Samples
    {
        get
        {
            var samples = new TheoryData<string, string, string>();
            foreach (var (name, stream, without) in StreamSamples.All()) samples.Add(name, stream, without);
            return samples;
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void What_the_caller_asked_for_passes_untouched_however_it_arrives(string name, string stream, string withoutUsage)
    {
        Assert.NotNull(withoutUsage);
        foreach (var (cut, parts) in Cuts.Of(Encoding.UTF8.GetBytes(stream), seed: 4))
        {
            var (_, output) = Read(parts, takeOutUsage: false);
            Assert.True(stream == output, $"{name}, {cut}: '{output}'");
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_usage_event_that_the_caller_did_not_ask_for_is_taken_out_however_it_arrives(string name, string stream, string withoutUsage)
    {
        foreach (var (cut, parts) in Cuts.Of(Encoding.UTF8.GetBytes(stream), seed: 5))
        {
            var (_, output) = Read(parts, takeOutUsage: true);
            Assert.True(withoutUsage == output, $"{name}, {cut}: '{output}'");
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void The_receipt_stands_in_the_block_that_ends_the_stream_however_it_arrives(string name, string stream, string withoutUsage)
    {
        const string Done = "data: [DONE]";
        var at = withoutUsage.IndexOf(Done, StringComparison.Ordinal);
        var expected = at < 0 ? withoutUsage : withoutUsage.Insert(at, ": mycel-receipt 00ff\n");
        foreach (var (cut, parts) in Cuts.Of(Encoding.UTF8.GetBytes(stream), seed: 7))
        {
            var reader = new EventStreamReader(takeOutUsage: true) { ReceiptId = "00ff" };
            var output = new ArrayBufferWriter<byte>();
            foreach (var part in parts) reader.Read(part, output);
            reader.End(output);
            Assert.True(expected == Encoding.UTF8.GetString(output.WrittenSpan), $"{name}, {cut}: '{Encoding.UTF8.GetString(output.WrittenSpan)}'");
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void What_is_learnt_of_a_stream_does_not_depend_on_how_it_arrives(string name, string stream, string withoutUsage)
    {
        Assert.NotNull(withoutUsage);
        foreach (var takeOut in new[] { false, true })
        {
            var expected = Learnt(Read([Encoding.UTF8.GetBytes(stream)], takeOut).Reader);
            Assert.Equal(stream.Contains("\"completion_tokens\":34", StringComparison.Ordinal), expected.Usage == new TokenUsage(12, 34));
            foreach (var (cut, parts) in Cuts.Of(Encoding.UTF8.GetBytes(stream), seed: 6))
            {
                var learnt = Learnt(Read(parts, takeOut).Reader);
                Assert.True(expected == learnt, $"{name}, {cut}: {learnt}");
            }
        }

        static (TokenUsage? Usage, bool Output, bool End, bool Done, bool Error, bool Garbage) Learnt(EventStreamReader reader) =>
            (reader.Usage, reader.SawOutput, reader.SawEnd, reader.SawDone, reader.SawError, reader.SawGarbage);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void An_error_put_behind_a_stream_cut_anywhere_stands_by_itself(string name, string stream, string withoutUsage)
    {
        Assert.NotNull(withoutUsage);
        var bytes = Encoding.UTF8.GetBytes(stream);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            foreach (var takeOut in new[] { false, true })
            {
                foreach (var ended in new[] { false, true })
                {
                    var reader = new EventStreamReader(takeOut);
                    var output = new ArrayBufferWriter<byte>();
                    reader.Read(bytes.AsSpan(0, cut), output);
                    if (ended) reader.End(output);
                    output.Write(reader.Separator);
                    output.Write(Encoding.UTF8.GetBytes(StreamSamples.Event(Error, "\n")));
                    Assert.True(SseParser.Parse(output.WrittenSpan)[^1] == new SseParser.SentEvent("", Error), $"{name}, cut at {cut}, take out {takeOut}, ended {ended}");
                }
            }
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(EventStreamReader.MaxHeldBytes - 20)]
    [InlineData(EventStreamReader.MaxHeldBytes + 20)]
    [InlineData(400_000)]
    public void Lines_of_any_length_pass_untouched_and_leave_the_rest_in_order(int length)
    {
        var line = $$$"""data: {"choices":[{"delta":{"content":"{{{new string('ä', length / 2)}}}"}}]}""" + "\n\n";
        var stream = line + StreamSamples.Event(StreamSamples.Stop, "\n") + StreamSamples.Event(StreamSamples.Usage, "\n") + line + StreamSamples.Event("[DONE]", "\n");
        var bytes = Encoding.UTF8.GetBytes(stream);
        var without = stream.Replace(StreamSamples.Event(StreamSamples.Usage, "\n"), "", StringComparison.Ordinal);
        foreach (var (cut, parts) in Cuts.Random(bytes, seed: 100, count: 60))
        {
            var (reader, output) = Read(parts, takeOutUsage: true);
            Assert.True(without == output, $"{cut}: changed");
            Assert.True(reader.SawDone && reader.SawOutput && reader.Usage == new TokenUsage(12, 34), cut);
        }
    }

    [Fact]
    public void An_error_put_behind_a_long_line_cut_anywhere_stands_by_itself()
    {
        var bytes = Encoding.UTF8.GetBytes($"data: {new string('x', 3 * EventStreamReader.MaxHeldBytes)}\n\n");
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var reader = new EventStreamReader(takeOutUsage: true);
            var output = new ArrayBufferWriter<byte>();
            foreach (var part in Cuts.Cut(bytes[..random.Next(bytes.Length + 1)], random)) reader.Read(part, output);
            output.Write(reader.Separator);
            output.Write(Encoding.UTF8.GetBytes(StreamSamples.Event(Error, "\n")));
            Assert.True(SseParser.Parse(output.WrittenSpan)[^1].Data == Error, $"seed {seed}");
        }
    }

    [Fact]
    public void What_is_held_of_a_line_without_end_is_bounded()
    {
        var reader = new EventStreamReader(takeOutUsage: true);
        var output = new ArrayBufferWriter<byte>();
        var part = new byte[1000];
        var sent = 0;
        for (var i = 0; i < 1000; i++)
        {
            reader.Read(part, output);
            sent += part.Length;
            Assert.True(sent - output.WrittenCount <= EventStreamReader.MaxHeldBytes);
        }
        Assert.True(reader.SawOutput);
    }

    [Theory]
    [InlineData(1, StreamSamples.Hello)]
    [InlineData(3, StreamSamples.Hello, StreamSamples.Hello, StreamSamples.Stop)]
    [InlineData(1, StreamSamples.Role, StreamSamples.Hello)]
    [InlineData(2, StreamSamples.Hello, StreamSamples.Stop, StreamSamples.Usage, "[DONE]")]
    public void Events_with_output_are_counted(int expected, params string[] events)
    {
        var reader = new EventStreamReader(takeOutUsage: true);
        var stream = string.Concat(events.Select(e => StreamSamples.Event(e, "\n")));
        Assert.Equal(expected, reader.Read(Encoding.UTF8.GetBytes(stream), new ArrayBufferWriter<byte>()));
    }

    [Theory]
    [InlineData("""{"choices":[{"finish_reason":"stop"}]}""", true)]
    [InlineData("""{"choices":[{"finish_reason" : "length"}]}""", true)]
    [InlineData("""{"choices":[{"finish_reason":null}]}""", false)]
    [InlineData("""{"choices":[{"delta":{"content":"\"finish_reason\":\"stop\""}}]}""", false)]
    [InlineData("[DONE]", true)]
    public void The_end_is_a_finish_reason_or_the_word_for_it(string data, bool isEnd)
    {
        var (reader, _) = Read([Encoding.UTF8.GetBytes(StreamSamples.Event(StreamSamples.Hello, "\n") + StreamSamples.Event(data, "\n"))], takeOutUsage: false);
        Assert.Equal(isEnd, reader.SawEnd);
    }

    [Fact]
    public void Of_two_answers_in_one_stream_both_must_end()
    {
        const string first = """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
        const string more = """{"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":null}]}""";
        const string second = """{"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}""";
        var reader = new EventStreamReader(takeOutUsage: false);
        foreach (var (data, isEnd) in new[] { (StreamSamples.Hello, false), (more, false), (first, true), (more, false), (more, false), (second, true), (StreamSamples.Usage, true) })
        {
            reader.Read(Encoding.UTF8.GetBytes(StreamSamples.Event(data, "\n")), new ArrayBufferWriter<byte>());
            Assert.Equal(isEnd, reader.SawEnd);
        }
    }

    [Fact]
    public void An_error_is_seen_before_and_after_output()
    {
        var (before, _) = Read([Encoding.UTF8.GetBytes(StreamSamples.Event(Error, "\n"))], takeOutUsage: false);
        Assert.Equal((true, "gone", false), (before.SawError, before.Error, before.SawOutput));
        var (after, _) = Read([Encoding.UTF8.GetBytes(StreamSamples.Event(StreamSamples.Hello, "\n") + StreamSamples.Event("{ \"error\": 1}", "\n"))], takeOutUsage: false);
        Assert.True(after is { SawError: true, SawOutput: true, SawEnd: false });
    }

    [Fact]
    public void Random_bytes_pass_untouched_and_never_make_it_fail()
    {
        string[] alphabet =
        [
            "data: ", "data:", "\n", "\r\n", "\r", "\n\n", ": comment", "event: x", "[DONE]", "{", "}", "\"usage\":", "{\"prompt_tokens\":1}", "null", "\"choices\":[", "]", ",", "\"error\":", "\"\\ud800\"",
            "\"finish_reason\":", "\"stop\"", "{\"delta\":{\"content\":\"x\"}}", "\"\\u0075sage\":{}", StreamSamples.Hello, StreamSamples.Usage, StreamSamples.Stop, "é🌍", "\0", "\"",
        ];
        for (var seed = 0; seed < 100_000; seed++)
        {
            var random = new Random(seed);
            var text = random.Next(8) == 0 ? RandomBytes(random) : Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => alphabet[random.Next(alphabet.Length)])));
            try
            {
                var (_, output) = ReadBytes(Cuts.Cut(text, random), takeOutUsage: false);
                Assert.True(text.AsSpan().SequenceEqual(output), "the bytes changed");
                var (_, shorter) = ReadBytes(Cuts.Cut(text, random), takeOutUsage: true);
                Assert.True(shorter.Length <= output.Length, "the bytes grew");
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}: {error}");
            }
        }
    }

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(1, 200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static (EventStreamReader Reader, string Output) Read(byte[][] parts, bool takeOutUsage)
    {
        var (reader, output) = ReadBytes(parts, takeOutUsage);
        return (reader, Encoding.UTF8.GetString(output));
    }

    private static (EventStreamReader Reader, byte[] Output) ReadBytes(byte[][] parts, bool takeOutUsage)
    {
        var reader = new EventStreamReader(takeOutUsage);
        var output = new ArrayBufferWriter<byte>();
        foreach (var part in parts) reader.Read(part, output);
        reader.End(output);
        return (reader, output.WrittenSpan.ToArray());
    }
}
