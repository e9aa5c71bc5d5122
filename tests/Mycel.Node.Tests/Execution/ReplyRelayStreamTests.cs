using System.Diagnostics;
using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Execution;
using Mycel.Node.Observability;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Execution;

public sealed class ReplyRelayStreamTests : IDisposable
{
    private static readonly ReplyHead StreamHead = new(200, "text/event-stream", true, false, -1, []);
    private static readonly string Role = StreamSamples.Event(StreamSamples.Role, "\n");
    private static readonly string Hello = StreamSamples.Event(StreamSamples.Hello, "\n");
    private static readonly string Stop = StreamSamples.Event(StreamSamples.Stop, "\n");
    private static readonly string Usage = StreamSamples.Event(StreamSamples.Usage, "\n");
    private static readonly string Done = StreamSamples.Event("[DONE]", "\n");
    private static readonly string Error = StreamSamples.Event("""{"error":{"message":"out of memory"}}""", "\n");

    private readonly MemoryChannel _channel = new();
    private readonly RouteMetrics _metrics = new("relay:a", "m");
    private readonly ReplyRelay _relay;

    public ReplyRelayStreamTests()
    {
        _relay = new ReplyRelay(_channel, takeOutUsage: true) { StartedAt = Stopwatch.GetTimestamp() };
        Begin("relay:a", 1);
    }

    public void Dispose() => _relay.Dispose();

    [Fact]
    public async Task Nothing_is_shown_before_the_first_output_and_then_all_of_it()
    {
        _relay.Start(StreamHead);
        Write(": hello\n\n" + Role);
        await _relay.FlushAsync();
        Assert.Empty(_channel.Starts);
        Assert.Empty(_channel.Bytes);
        Assert.False(_relay.IsCommitted);
        Write(Hello);
        Assert.True(_relay.IsCommitted);
        Assert.Equal(": hello\n\n" + Role + Hello, _channel.Text);
        var (head, length, route) = Assert.Single(_channel.Starts);
        Assert.Equal((StreamHead, -1L, "relay:a", 1), (head, length, route!.Value.Route, route.Value.Attempts));
        Write(Stop + Usage + Done);
        _relay.End();
        Assert.Equal(": hello\n\n" + Role + Hello + Stop + Done, _channel.Text);
        Assert.Equal(new TokenUsage(12, 34), _relay.Usage);
        Assert.Equal(1, _metrics.TimeToFirstToken.Counts().Sum());
    }

    [Fact]
    public void Of_an_attempt_that_failed_before_its_first_output_nothing_is_left()
    {
        _relay.Start(StreamHead);
        Write(Role + "data: {\"half");
        Begin("relay:b", 2);
        _relay.Start(StreamHead);
        Write(Hello + Stop + Done);
        _relay.End();
        Assert.Equal(Hello + Stop + Done, _channel.Text);
        Assert.Equal(("relay:b", 2), (_channel.Starts[0].Route!.Value.Route, _channel.Starts[0].Route!.Value.Attempts));
    }

    [Fact]
    public void An_error_instead_of_output_is_no_answer()
    {
        _relay.Start(StreamHead);
        var fault = Assert.Throws<DeviceFaultException>(() => Write(Role + Error));
        Assert.Contains("out of memory", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_channel.Starts);
    }

    [Theory]
    [InlineData("data: <html>\n\n")]
    [InlineData("data: [1]\n\n")]
    [InlineData("data: {\"half\n\n")]
    public void Garbage_instead_of_output_is_no_answer(string garbage)
    {
        _relay.Start(StreamHead);
        Assert.Throws<DeviceFaultException>(() => Write(garbage));
        Assert.Empty(_channel.Starts);
    }

    [Theory]
    [InlineData("")]
    [InlineData(": nothing\n\n")]
    [InlineData("data: [DONE]\n\n")]
    public void A_stream_without_output_is_no_answer(string stream)
    {
        _relay.Start(StreamHead);
        Write(stream + Role);
        Assert.Throws<DeviceFaultException>(_relay.End);
        Assert.Empty(_channel.Starts);
    }

    [Fact]
    public void What_is_held_for_the_first_output_is_bounded()
    {
        _relay.Start(StreamHead);
        var comment = ": " + new string('x', 1000) + "\n\n";
        var sent = 0;
        while (!_relay.IsCommitted)
        {
            Write(comment);
            sent += comment.Length;
            Assert.True(sent <= ReplyRelay.MaxHeldStreamBytes + comment.Length);
        }
        Assert.Equal(sent, _channel.Bytes.Length);
    }

    [Fact]
    public void A_stream_that_ends_in_the_middle_is_told_to_the_caller()
    {
        _relay.Start(StreamHead);
        Write(Hello + "data: {\"choices\":[{\"del");
        var fault = Assert.Throws<DeviceFaultException>(_relay.End);
        Assert.Equal(DeviceFaultKind.Interrupted, fault.Kind);
        Assert.True(_relay.TryEndWithError(502, "stream_interrupted", "It broke."));
        Assert.Contains("stream_interrupted", SseParser.Parse(_channel.Bytes)[^1].Data, StringComparison.Ordinal);
        Assert.Contains("It broke.", SseParser.Parse(_channel.Bytes)[^1].Data, StringComparison.Ordinal);
        Assert.False(_channel.IsAborted);
    }

    [Fact]
    public void A_stream_of_one_line_without_its_end_is_an_answer()
    {
        _relay.Start(StreamHead);
        var line = """data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}""";
        Write(line);
        _relay.End();
        Assert.Equal(line, _channel.Text);
        Assert.True(_relay.IsCommitted);
    }

    [Fact]
    public void A_stream_of_one_line_that_did_not_end_may_still_be_answered_by_another()
    {
        _relay.Start(StreamHead);
        Write("data: " + StreamSamples.Hello);
        Assert.Throws<DeviceFaultException>(_relay.End);
        Assert.False(_relay.IsCommitted);
        Assert.Empty(_channel.Bytes);
    }

    [Fact]
    public void An_error_that_the_backend_reports_after_output_goes_to_the_caller_as_it_is()
    {
        _relay.Start(StreamHead);
        Write(Hello + Error);
        _relay.End();
        Assert.Equal(Hello + Error, _channel.Text);
        Assert.True(_relay.BackendReportedError);
    }

    [Fact]
    public void Before_anything_was_sent_an_error_can_still_have_a_status()
    {
        _relay.Start(StreamHead);
        Write(Role);
        Assert.False(_relay.TryEndWithError(502, "x", "y"));
        Assert.Empty(_channel.Starts);
    }

    [Fact]
    public void After_a_keep_alive_another_backend_may_answer()
    {
        _relay.Start(StreamHead);
        Write(Role);
        _relay.KeepAlive();
        Begin("relay:b", 2);
        _relay.KeepAlive();
        _relay.Start(StreamHead);
        Write(Hello);
        _relay.KeepAlive();
        Write(Stop + Done);
        _relay.End();
        Assert.Single(_channel.Starts);
        Assert.Equal(": keep-alive\n\n: keep-alive\n\n" + Hello + Stop + Done, _channel.Text);
        Assert.Equal([StreamSamples.Hello, StreamSamples.Stop, "[DONE]"], SseParser.Parse(_channel.Bytes).Select(e => e.Data));
    }

    [Fact]
    public void After_a_keep_alive_an_error_is_told_within_the_stream()
    {
        _relay.KeepAlive();
        Assert.True(_relay.TryEndWithError(429, "queue_timeout", "Too late."));
        Assert.Contains("queue_timeout", Assert.Single(SseParser.Parse(_channel.Bytes)).Data, StringComparison.Ordinal);
        Assert.Equal(200, Assert.Single(_channel.Starts).Head.Status);
        var length = _channel.Bytes.Length;
        _relay.KeepAlive();
        Assert.Equal(length, _channel.Bytes.Length);
    }

    [Fact]
    public void After_a_keep_alive_a_document_is_no_answer()
    {
        _relay.KeepAlive();
        Assert.Throws<DeviceFaultException>(() => _relay.Start(new ReplyHead(200, "application/json", false, false, 2, [])));
    }

    [Fact]
    public async Task Output_waits_for_a_keep_alive_on_its_way_and_no_second_one_is_sent_meanwhile()
    {
        _channel.Stall();
        _relay.KeepAlive();
        _relay.KeepAlive();
        Assert.Equal(1, _channel.Flushes);
        _relay.Start(StreamHead);
        Write(Hello);
        var flush = _relay.FlushAsync().AsTask();
        Assert.False(flush.IsCompleted);
        Assert.Equal(1, _channel.Flushes);
        _channel.Resume();
        await flush;
        Assert.Equal(2, _channel.Flushes);
    }

    [Fact]
    public async Task While_the_caller_is_slower_the_backend_waits()
    {
        _relay.Start(StreamHead);
        Write(Hello);
        await _relay.FlushAsync();
        _channel.Stall();
        Write(Hello);
        var flush = _relay.FlushAsync().AsTask();
        Assert.True(_relay.IsFlushing);
        Assert.False(flush.IsCompleted);
        _channel.Resume();
        await flush;
        Assert.False(_relay.IsFlushing);
    }

    [Fact]
    public void After_the_end_no_keep_alive_is_sent()
    {
        _relay.Dispose();
        _relay.KeepAlive();
        Assert.Empty(_channel.Bytes);
    }

    private void Begin(string route, int attempt) => _relay.BeginAttempt(new RouteTaken(route, attempt, default, default), _metrics);

    private void Write(string text) => _relay.Write(Encoding.UTF8.GetBytes(text));
}
