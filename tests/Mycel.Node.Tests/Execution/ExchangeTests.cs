using System.Diagnostics;
using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Execution;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Tests.Routing;

namespace Mycel.Node.Tests.Execution;

public sealed class ExchangeTests
{
    private static readonly AttemptOutcome Busy = new(AttemptKind.Refused, new Refusal(429, "upstream_busy", "Busy.") { RetryAfter = "9" });
    private static readonly AttemptOutcome Down = new(AttemptKind.Refused, new Refusal(502, "upstream_unreachable", "Down."));

    private readonly FakeBackend _a = new("a", 1, TimeProvider.System);
    private readonly FakeBackend _b = new("b", 1, TimeProvider.System);
    private readonly NodeMetrics _metrics = new();
    private readonly MemoryChannel _channel = new();
    private readonly Dispatcher _dispatcher;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly MycelOptions _options = new() { Queue = new QueueOptions { Depth = 1, TimeoutSeconds = 60 } };

    private readonly Offer _offerA;
    private readonly Offer _offerB;

    public ExchangeTests()
    {
        _offerA = new Offer(_a, "m", new RouteMetrics("a", "m"));
        _offerB = new Offer(_b, "m", new RouteMetrics("b", "m"));
        _dispatcher = new Dispatcher(new ModelCatalog(_metrics, TimeProvider.System), () => _options.Queue.Depth);
    }

    [Fact]
    public async Task One_that_refuses_is_left_for_another()
    {
        _a.Answer = _b.Answer = (_, _) => ValueTask.FromResult(_a.Asked + _b.Asked == 1 ? Down : AttemptOutcome.Completed);
        await using var exchange = Exchange();
        Assert.Equal(ExchangeEnd.Completed, await exchange.RunAsync());
        Assert.Equal((2, 1, 1), (exchange.Attempts, _a.Asked, _b.Asked));
        AssertNothingHeld();
    }

    [Fact]
    public async Task What_an_answer_took_is_measured_for_the_one_that_gave_it()
    {
        _a.Answer = (_, _) => ValueTask.FromResult(Down);
        _b.Answer = (_, sink) =>
        {
            Stream(sink, StreamSamples.Event(StreamSamples.Hello, "\n"));
            sink.Write(Encoding.UTF8.GetBytes("data: [DONE]\n\n"));
            sink.End();
            return ValueTask.FromResult(AttemptOutcome.Completed);
        };
        for (var i = 0; i < 2 * OfferFigures.MinSamples; i++)
        {
            await using var exchange = Exchange();
            Assert.Equal(ExchangeEnd.Completed, await exchange.RunAsync());
        }
        Assert.True(_offerB.Figures.FirstTokenSeconds > 0);
        Assert.Equal(1, _offerB.Figures.SuccessShare);
        Assert.True(double.IsNaN(_offerA.Figures.FirstTokenSeconds));
        Assert.True(_offerA.Figures.SuccessShare < 1);
        AssertNothingHeld();
    }

    [Fact]
    public async Task When_none_is_left_the_last_refusal_stands()
    {
        _a.Answer = _b.Answer = (_, _) => ValueTask.FromResult(_a.Asked + _b.Asked == 1 ? Down : Busy);
        await using var exchange = Exchange();
        Assert.Equal(ExchangeEnd.Refused, await exchange.RunAsync());
        Assert.Same(Busy.Refusal, exchange.Refusal);
        Assert.Empty(_channel.Starts);
        AssertNothingHeld();
    }

    [Fact]
    public async Task A_rejection_is_not_taken_to_another()
    {
        _a.Answer = _b.Answer = (_, _) => ValueTask.FromResult(new AttemptOutcome(AttemptKind.Rejected, new Refusal(400, "bad", "Bad.")));
        await using var exchange = Exchange();
        Assert.Equal(ExchangeEnd.Refused, await exchange.RunAsync());
        Assert.Equal(1, _a.Asked + _b.Asked);
        AssertNothingHeld();
    }

    [Fact]
    public async Task After_output_no_other_is_asked_and_the_caller_is_told()
    {
        _a.Answer = _b.Answer = (_, sink) =>
        {
            Stream(sink, StreamSamples.Event(StreamSamples.Hello, "\n"));
            return ValueTask.FromResult(new AttemptOutcome(AttemptKind.Broken, new Refusal(502, "upstream_interrupted", "Broke.")));
        };
        await using var exchange = Exchange();
        Assert.Equal(ExchangeEnd.Broken, await exchange.RunAsync());
        Assert.Equal(1, _a.Asked + _b.Asked);
        Assert.Contains("stream_interrupted", SseParser.Parse(_channel.Bytes)[^1].Data, StringComparison.Ordinal);
        AssertNothingHeld();
    }

    [Fact]
    public async Task A_defect_in_a_backend_gives_its_slot_back()
    {
        _a.Answer = _b.Answer = (_, _) => throw new InvalidCastException();
        await using var exchange = Exchange();
        await Assert.ThrowsAsync<InvalidCastException>(async () => await exchange.RunAsync());
        AssertNothingHeld();
    }

    [Fact]
    public async Task A_caller_that_hangs_up_in_line_leaves_it()
    {
        var held = Hold();
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        Assert.Equal((1, ExchangeState.Queued), (_dispatcher.Waiting, exchange.State));
        exchange.End(EndReason.ClientGone);
        Assert.Equal(ExchangeEnd.ClientGone, await run);
        Assert.Equal(0, _a.Asked + _b.Asked);
        held();
        AssertNothingHeld();
    }

    [Fact]
    public async Task A_full_line_refuses_at_once()
    {
        var held = Hold();
        await using var first = Exchange();
        var waiting = first.RunAsync().AsTask();
        await using var second = Exchange();
        Assert.Equal(ExchangeEnd.Refused, await second.RunAsync());
        Assert.Equal((429, "queue_full"), (second.Refusal!.Status, second.Refusal.Code));
        Assert.NotNull(second.Refusal.RetryAfter);
        first.End(EndReason.ClientGone);
        await waiting;
        held();
        AssertNothingHeld();
    }

    [Fact]
    public async Task A_wait_too_long_ends_with_a_refusal()
    {
        var held = Hold();
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(_options.Relay.KeepAliveSeconds + 5));
        Assert.False(run.IsCompleted);
        Assert.Empty(_channel.Bytes);
        exchange.Check(After(61));
        Assert.Equal(ExchangeEnd.Refused, await run);
        Assert.Equal((503, "queue_timeout"), (exchange.Refusal!.Status, exchange.Refusal.Code));
        held();
        AssertNothingHeld();
    }

    [Fact]
    public async Task A_deadline_passed_in_line_is_told_as_that()
    {
        var held = Hold();
        await using var exchange = Exchange(deadline: TimeSpan.FromSeconds(5));
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(5.1));
        Assert.Equal(ExchangeEnd.Refused, await run);
        Assert.Equal((504, "deadline_exceeded"), (exchange.Refusal!.Status, exchange.Refusal.Code));
        held();
        AssertNothingHeld();
    }

    [Fact]
    public async Task One_that_is_silent_past_its_time_is_left_for_another()
    {
        _a.Answer = _b.Answer = (call, _) => _a.Asked + _b.Asked == 1 ? UntilEndedAsync(call) : ValueTask.FromResult(AttemptOutcome.Completed);
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(_options.Relay.FirstOutputSeconds / 2));
        Assert.False(run.IsCompleted);
        exchange.Check(After(_options.Relay.FirstOutputSeconds + 1));
        Assert.Equal(ExchangeEnd.Completed, await run);
        Assert.Equal(2, exchange.Attempts);
        AssertNothingHeld();
    }

    [Fact]
    public async Task One_that_others_watch_over_may_be_silent_as_long_as_it_is_there()
    {
        _a.IsWatched = _b.IsWatched = true;
        _a.Answer = _b.Answer = (call, _) => _a.Asked + _b.Asked == 1 ? UntilEndedAsync(call) : ValueTask.FromResult(AttemptOutcome.Completed);
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(_options.Relay.FirstOutputSeconds + 1));
        Assert.False(run.IsCompleted);
        _a.IsThere = _b.IsThere = false;
        exchange.Check(After(_options.Relay.FirstOutputSeconds + 5));
        Assert.Equal(ExchangeEnd.Completed, await run);
        Assert.Equal(2, exchange.Attempts);
    }

    [Fact]
    public async Task A_machine_that_is_gone_is_left_for_another()
    {
        _a.IsThere = _b.IsThere = false;
        _a.Answer = _b.Answer = (call, _) => _a.Asked + _b.Asked == 1 ? UntilEndedAsync(call) : ValueTask.FromResult(AttemptOutcome.Completed);
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(1.5));
        Assert.Equal(ExchangeEnd.Completed, await run);
        Assert.Equal(2, exchange.Attempts);
    }

    [Fact]
    public async Task A_caller_that_hangs_up_while_a_silent_backend_is_given_up_is_not_answered_by_another()
    {
        _a.Answer = _b.Answer = (call, _) =>
        {
            call.EndAttempt(1, EndReason.Silent);
            call.End(EndReason.ClientGone);
            return ValueTask.FromResult(call.EndReason == EndReason.ClientGone ? AttemptOutcome.Ended : Down);
        };
        await using var exchange = Exchange();
        Assert.Equal(ExchangeEnd.ClientGone, await exchange.RunAsync());
        Assert.Equal(1, _a.Asked + _b.Asked);
        AssertNothingHeld();
    }

    [Fact]
    public async Task Silence_after_output_ends_within_the_stream()
    {
        _a.Answer = _b.Answer = (call, sink) =>
        {
            Stream(sink, StreamSamples.Event(StreamSamples.Hello, "\n"));
            return UntilEndedAsync(call, AttemptKind.Broken);
        };
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(_options.Relay.IdleSeconds / 2));
        Assert.False(run.IsCompleted);
        exchange.Check(After(_options.Relay.IdleSeconds + 1));
        Assert.Equal(ExchangeEnd.Broken, await run);
        Assert.Contains("stream_interrupted", SseParser.Parse(_channel.Bytes)[^1].Data, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EndReason.Shutdown, 503, "draining")]
    [InlineData(EndReason.Deadline, 504, "deadline_exceeded")]
    internal async Task Ending_a_running_request_tells_the_caller_why(EndReason reason, int status, string code)
    {
        _a.Answer = _b.Answer = (call, _) => UntilEndedAsync(call);
        await using var exchange = Exchange(deadline: TimeSpan.FromSeconds(50));
        var run = exchange.RunAsync().AsTask();
        exchange.End(reason);
        Assert.Equal(ExchangeEnd.Refused, await run);
        Assert.Equal((status, code), (exchange.Refusal!.Status, exchange.Refusal.Code));
        AssertNothingHeld();
    }

    [Fact]
    public async Task Keep_alives_are_sent_to_a_stream_that_waits_and_to_nothing_else()
    {
        _a.Answer = _b.Answer = (call, _) => UntilEndedAsync(call);
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(1));
        Assert.Empty(_channel.Bytes);
        exchange.Check(After(_options.Relay.KeepAliveSeconds + 1));
        exchange.Check(After(_options.Relay.KeepAliveSeconds + 2));
        Assert.Equal(": keep-alive\n\n", _channel.Text);
        exchange.Check(After(2 * _options.Relay.KeepAliveSeconds + 2));
        Assert.Equal(": keep-alive\n\n: keep-alive\n\n", _channel.Text);
        exchange.End(EndReason.ClientGone);
        Assert.Equal(ExchangeEnd.ClientGone, await run);
    }

    [Fact]
    public async Task A_backend_that_is_slow_once_more_after_a_keep_alive_is_bridged_in_line_too()
    {
        Assert.Equal(SlotResult.Taken, _dispatcher.Acquire(Target(), [_a], out _, out _));
        _a.Answer = (call, _) => UntilEndedAsync(call);
        await using var exchange = Exchange();
        var run = exchange.RunAsync().AsTask();
        exchange.Check(After(_options.Relay.KeepAliveSeconds + 1));
        Assert.Equal(": keep-alive\n\n", _channel.Text);
        exchange.Check(After(_options.Relay.FirstOutputSeconds + 1));
        Assert.Equal(ExchangeState.Queued, exchange.State);
        exchange.Check(After(_options.Relay.FirstOutputSeconds + _options.Relay.KeepAliveSeconds + 2));
        Assert.Equal(3, _channel.Text.Split(": keep-alive").Length - 1);
        exchange.End(EndReason.ClientGone);
        await run;
        _dispatcher.Release(_offerB);
        AssertNothingHeld();
    }

    private static void Stream(IReplySink sink, string text)
    {
        sink.Start(new ReplyHead(200, "text/event-stream", true, false, -1, []));
        sink.Write(Encoding.UTF8.GetBytes(text));
    }

    private static async ValueTask<AttemptOutcome> UntilEndedAsync(BackendCall call, AttemptKind kind = AttemptKind.Refused)
    {
        var ended = new TaskCompletionSource();
        Assert.True(call.TryAttach(new OnDispose(ended)));
        await ended.Task;
        call.Detach();
        return call.EndReason is EndReason.Silent or EndReason.Vanished ? new AttemptOutcome(kind, Down.Refusal) : AttemptOutcome.Ended;
    }

    private sealed class OnDispose(TaskCompletionSource ended) : IDisposable
    {
        public void Dispose() => ended.TrySetResult();
    }

    private Exchange Exchange(TimeSpan? deadline = null)
    {
        var document = RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes("""{"model":"m","stream":true,"messages":[]}"""), out _)!;
        var call = new BackendCall { Kind = InferenceKind.Chat, RequestId = "r", Headers = default, Document = document, ConnectTimeout = TimeSpan.FromSeconds(1), DeadlineAt = BackendCall.DeadlineFrom(_started, deadline) };
        return new Exchange(Target(), call, _channel, _started, _dispatcher, _options, _metrics);
    }

    private ModelTarget Target() => new("m", [_offerA, _offerB]);

    /// <summary>Takes every slot; what comes back gives them back.</summary>
    private Action Hold()
    {
        for (var i = 0; i < 2; i++) Assert.Equal(SlotResult.Taken, _dispatcher.Acquire(Target(), [], out _, out _));
        return () =>
        {
            _dispatcher.Release(_offerA);
            _dispatcher.Release(_offerB);
        };
    }

    private static long After(double seconds) => Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);

    private void AssertNothingHeld() => Assert.Equal((0, 0, 0, 0), (_a.InFlight, _b.InFlight, _dispatcher.InFlight, _dispatcher.Waiting));
}
