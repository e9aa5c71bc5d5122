using System.Diagnostics;
using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Execution;
using Mycel.Node.Observability;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Execution;

public sealed class ReplyRelayDocumentTests : IDisposable
{
    private const string Answer = """{"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}}""";

    private readonly MemoryChannel _channel = new();
    private readonly ReplyRelay _relay;

    public ReplyRelayDocumentTests()
    {
        _relay = new ReplyRelay(_channel, takeOutUsage: true) { StartedAt = Stopwatch.GetTimestamp() };
        _relay.BeginAttempt(new RouteTaken("relay:a", 1, default, default), new RouteMetrics("relay:a", "m"));
    }

    public void Dispose() => _relay.Dispose();

    [Fact]
    public async Task A_document_is_shown_when_it_is_whole()
    {
        _relay.Start(Head(Answer.Length));
        Write(Answer[..20]);
        await _relay.FlushAsync();
        Write(Answer[20..]);
        Assert.Empty(_channel.Starts);
        Assert.False(_relay.IsCommitted);
        _relay.End();
        Assert.Equal(Answer, _channel.Text);
        Assert.Equal(Answer.Length, Assert.Single(_channel.Starts).ContentLength);
        Assert.Equal(new TokenUsage(3, 4), _relay.Usage);
        Assert.False(_relay.IsEventStream);
    }

    [Fact]
    public void Of_an_attempt_that_broke_off_nothing_is_left()
    {
        _relay.Start(Head(Answer.Length));
        Write(Answer[..50]);
        _relay.BeginAttempt(new RouteTaken("relay:b", 2, default, default), new RouteMetrics("relay:b", "m"));
        _relay.Start(Head(-1));
        Write(Answer);
        _relay.End();
        Assert.Equal(Answer, _channel.Text);
        Assert.Equal(Answer.Length, Assert.Single(_channel.Starts).ContentLength);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \r\n")]
    [InlineData("OK")]
    [InlineData("<html></html>")]
    [InlineData("{\"choices\":[{\"message\":")]
    [InlineData("{\"a\":\"b")]
    [InlineData("\"text\"")]
    public void What_is_no_whole_json_is_no_answer(string text)
    {
        _relay.Start(Head(-1));
        Write(text);
        Assert.Throws<DeviceFaultException>(_relay.End);
        Assert.Empty(_channel.Starts);
    }

    [Fact]
    public void Where_only_the_end_of_the_connection_ends_it_a_document_cut_anywhere_is_no_answer()
    {
        for (var cut = 0; cut < Answer.Length; cut++)
        {
            _relay.BeginAttempt(new RouteTaken("relay:a", 1, default, default), new RouteMetrics("relay:a", "m"));
            _relay.Start(Head(-1) with { EndsWithConnection = true });
            Write(Answer[..cut]);
            Assert.Throws<DeviceFaultException>(_relay.End);
            Assert.False(_relay.IsCommitted);
        }
        _relay.BeginAttempt(new RouteTaken("relay:a", 1, default, default), new RouteMetrics("relay:a", "m"));
        _relay.Start(Head(-1) with { EndsWithConnection = true });
        Write(Answer + "\n");
        _relay.End();
        Assert.Equal(Answer + "\n", _channel.Text);
    }

    [Theory]
    [InlineData("""{"error":{"message":"model crashed"}}""")]
    [InlineData(""" {"error":"model crashed"} """)]
    public void An_error_sent_as_success_is_no_answer(string text)
    {
        _relay.Start(Head(-1));
        Write(text);
        Assert.Contains("model crashed", Assert.Throws<DeviceFaultException>(_relay.End).Message, StringComparison.Ordinal);
        Assert.Empty(_channel.Starts);
    }

    [Fact]
    public void An_encoded_document_passes_unread()
    {
        _relay.Start(new ReplyHead(200, "application/json", false, IsEncoded: true, 4, []));
        _relay.Write([0x1f, 0x8b, 8, 0]);
        _relay.End();
        Assert.Equal([0x1f, 0x8b, 8, 0], _channel.Bytes);
        Assert.Null(_relay.Usage);
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(4_000)]
    [InlineData(100_000)]
    [InlineData(5_000_000)]
    public void A_document_too_large_to_be_held_passes_as_it_comes_and_keeps_its_usage(int piece)
    {
        var text = $$$"""{"data":"{{{new string('x', 3 * ReplyRelay.MaxHeldDocumentBytes)}}}","usage":{"prompt_tokens":7,"total_tokens":7}}""";
        var bytes = Encoding.UTF8.GetBytes(text);
        _relay.Start(Head(bytes.Length));
        for (var from = 0; from < bytes.Length; from += piece) _relay.Write(bytes.AsSpan(from, Math.Min(piece, bytes.Length - from)));
        Assert.True(_relay.IsCommitted);
        _relay.End();
        Assert.True(bytes.AsSpan().SequenceEqual(_channel.Bytes), "the document changed");
        Assert.Equal(bytes.Length, Assert.Single(_channel.Starts).ContentLength);
        Assert.Equal(new TokenUsage(7, null), _relay.Usage);
    }

    [Fact]
    public void The_usage_of_a_large_document_is_found_however_it_arrives()
    {
        var bytes = Encoding.UTF8.GetBytes($$$"""{"data":"{{{new string('x', ReplyRelay.MaxHeldDocumentBytes)}}}","usage":{"prompt_tokens":7,"completion_tokens":8}}""");
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            using var relay = new ReplyRelay(new MemoryChannel(), takeOutUsage: false) { StartedAt = Stopwatch.GetTimestamp() };
            relay.BeginAttempt(new RouteTaken("relay:a", 1, default, default), new RouteMetrics("relay:a", "m"));
            relay.Start(Head(-1));
            relay.Write(bytes.AsSpan(0, bytes.Length - 20_000));
            foreach (var part in Cuts.Cut(bytes[^20_000..], random)) relay.Write(part);
            relay.End();
            Assert.True(relay.Usage == new TokenUsage(7, 8), $"seed {seed}");
        }
    }

    [Fact]
    public void A_document_that_breaks_off_after_its_beginning_was_sent_ends_with_a_cut_connection()
    {
        _relay.Start(Head(10_000_000));
        _relay.Write(new byte[ReplyRelay.MaxHeldDocumentBytes + 1]);
        Assert.True(_relay.TryEndWithError(502, "x", "y"));
        Assert.True(_channel.IsAborted);
    }

    private static ReplyHead Head(long length) => new(200, "application/json", false, false, length, []);

    private void Write(string text) => _relay.Write(Encoding.UTF8.GetBytes(text));
}
