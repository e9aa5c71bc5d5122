using System.Diagnostics;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Execution;

/// <summary>How a request ended.</summary>
internal enum ExchangeEnd
{
    /// <summary>Answered whole.</summary>
    Completed,

    /// <summary>Not answered; the caller is still to be told why.</summary>
    Refused,

    /// <summary>Not answered, or broken off; the caller was told within the reply.</summary>
    Broken,

    /// <summary>The caller hung up.</summary>
    ClientGone,
}

/// <summary>What a request is doing.</summary>
internal enum ExchangeState
{
    Queued,
    Waiting,
    Streaming,
    Done,
}

/// <summary>One request on its way: a slot, a backend, the next one where that fails, and the reply.</summary>
internal sealed class Exchange : IAsyncDisposable
{
    private static readonly TimeSpan ProbeAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProbeAgainAfter = TimeSpan.FromSeconds(2);

    private readonly Dispatcher _dispatcher;
    private readonly BackendCall _call;
    private readonly MycelOptions _options;
    private readonly NodeMetrics _metrics;
    private readonly ReplyRelay _reply;
    private readonly ModelTarget _target;
    private readonly long _startedAt;
    private List<Backend>? _tried;
    private Waiter? _waiter;
    private Offer? _offer;
    private SessionKey _session;
    private long _queuedAt;
    private TimeSpan _queued;
    private long _probedAt;
    private long _keptAliveAt;
    private bool _queueTimedOut;

    /// <param name="target">What was asked for.</param>
    /// <param name="call">What backends are asked.</param>
    /// <param name="channel">The way back.</param>
    /// <param name="startedAt">When the request came, in <see cref="Stopwatch"/> ticks.</param>
    /// <param name="dispatcher">Hands out slots.</param>
    /// <param name="options">The settings at its start.</param>
    /// <param name="metrics">Where it is counted.</param>
    public Exchange(ModelTarget target, BackendCall call, IReplyChannel channel, long startedAt, Dispatcher dispatcher, MycelOptions options, NodeMetrics metrics)
    {
        _target = target;
        _call = call;
        _startedAt = startedAt;
        _dispatcher = dispatcher;
        _options = options;
        _metrics = metrics;
        _reply = new ReplyRelay(channel, takeOutUsage: !call.Document.AsksUsage) { StartedAt = startedAt };
    }

    /// <summary>Neighbours in the list of running exchanges; kept by <see cref="ExchangeWatch"/> under its lock.</summary>
    public Exchange? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public Exchange? Next { get; set; }

    public string RequestId => _call.RequestId;

    public string Model => _target.Name;

    public ExchangeState State { get; private set; } = ExchangeState.Waiting;

    public int Attempts { get; private set; }

    /// <summary>The backend asked last.</summary>
    public Offer? Offer => _offer;

    public ReplyRelay Reply => _reply;

    /// <summary>When the request came, in <see cref="Stopwatch"/> ticks.</summary>
    public long StartedAt => _startedAt;

    /// <summary>Time spent waiting for slots.</summary>
    public TimeSpan QueueTime => _queued;

    /// <summary>Why it was not answered whole.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>Asks one backend after the other until one answers.</summary>
    public async ValueTask<ExchangeEnd> RunAsync()
    {
        while (true)
        {
            if (!TryTakeSlot(out var waiter))
            {
                if (waiter is null || !await WaitAsync(waiter)) return EndUnanswered();
            }
            var outcome = await AttemptAsync(_offer!);
            switch (outcome.Kind)
            {
                case AttemptKind.Completed:
                    return ExchangeEnd.Completed;
                case AttemptKind.Broken:
                    return EndBroken(outcome.Refusal!);
                case AttemptKind.Rejected:
                    Refusal = outcome.Refusal;
                    return EndUnanswered();
                case AttemptKind.Ended:
                    return EndFromHere();
                default:
                    Refusal = outcome.Refusal;
                    (_tried ??= []).Add(_offer!.Backend);
                    break;
            }
        }
    }

    private bool TryTakeSlot(out Waiter? waiter)
    {
        if (_session.IsNone && _target.HasChoice) _session = SessionKey.Of(_call.Kind, _call.Document);
        var result = _dispatcher.Acquire(_target, _tried is null ? [] : [.. _tried], out var offer, out waiter, _session);
        if (result == SlotResult.Taken)
        {
            _offer = offer;
            return true;
        }
        if (result == SlotResult.QueueFull)
        {
            Refusal = new Refusal(429, "queue_full", $"All slots for '{Model}' are busy and the queue is full ({_options.Queue.Depth} waiting, queue.depth). Try again shortly.") { RetryAfter = "2" };
        }
        // Exhausted: the last refusal stands.
        return false;
    }

    private async ValueTask<bool> WaitAsync(Waiter waiter)
    {
        _queuedAt = Stopwatch.GetTimestamp();
        Volatile.Write(ref _waiter, waiter);
        State = ExchangeState.Queued;
        // The caller may have hung up before there was anything to leave.
        if (_call.EndReason != EndReason.None) LeaveQueue();
        _offer = await waiter.Slot ?? _offer;
        var isServed = waiter.Slot.Result is not null;
        var waited = Stopwatch.GetElapsedTime(_queuedAt);
        _queued += waited;
        Volatile.Write(ref _waiter, null);
        _metrics.QueueWait.Record(waited);
        State = ExchangeState.Waiting;
        if (isServed) return true;
        Refusal ??= _queueTimedOut
            ? new Refusal(503, "queue_timeout", $"No slot for '{Model}' became free within {_options.Queue.TimeoutSeconds:0.#} s (queue.timeout_s). Try again later.") { RetryAfter = "5" }
            : new Refusal(404, "model_not_found", $"The model '{Model}' does not exist here any more: the last place that had it is gone since, while the request waited.");
        return false;
    }

    private async ValueTask<AttemptOutcome> AttemptAsync(Offer offer)
    {
        Attempts++;
        _reply.BeginAttempt(new RouteTaken(offer.Backend.Route, Attempts, _queued, default), offer.Metrics);
        _call.BeginAttempt(Attempts);
        State = ExchangeState.Streaming;
        try
        {
            var outcome = await offer.Backend.AttemptAsync(_call, offer, _reply);
            _reply.Measure(outcome, offer.Figures, _call.Kind);
            return outcome;
        }
        finally
        {
            State = ExchangeState.Waiting;
            _call.FinishAttempt();
            _dispatcher.Release(offer);
        }
    }

    private ExchangeEnd EndFromHere()
    {
        switch (_call.EndReason)
        {
            case EndReason.Deadline:
                return EndBroken(DeadlineRefusal());
            case EndReason.Shutdown:
                return EndBroken(new Refusal(503, "draining", "The node is shutting down. Try again shortly.") { RetryAfter = "5" });
            case EndReason.Cancelled:
                return EndBroken(new Refusal(503, "request_cancelled", "The node's owner ended this request."));
            default:
                return ExchangeEnd.ClientGone;
        }
    }

    private ExchangeEnd EndUnanswered()
    {
        if (_call.EndReason != EndReason.None) return EndFromHere();
        return EndBroken(Refusal!);
    }

    private ExchangeEnd EndBroken(Refusal refusal)
    {
        Refusal = refusal;
        var code = _reply.IsCommitted ? "stream_interrupted" : refusal.Code;
        return _reply.TryEndWithError(refusal.Status, code, refusal.Message) ? ExchangeEnd.Broken : ExchangeEnd.Refused;
    }

    private Refusal DeadlineRefusal() =>
        new(504, "deadline_exceeded", $"The request was not answered within the deadline that it set ({Stopwatch.GetElapsedTime(_startedAt, _call.DeadlineAt).TotalMilliseconds:0} ms, X-Mycel-Deadline-Ms).");

    /// <summary>Ends it from outside, queued or running.</summary>
    public void End(EndReason reason)
    {
        _call.End(reason);
        LeaveQueue();
    }

    private void LeaveQueue()
    {
        if (Volatile.Read(ref _waiter) is { } waiter) _dispatcher.Leave(waiter);
    }

    /// <summary>Looks whether any time is over; called a few times a second, from one thread.</summary>
    public void Check(long now)
    {
        if (now >= _call.DeadlineAt) End(EndReason.Deadline);
        var relay = _options.Relay;
        if (_call.Document.IsStream && relay.KeepAliveSeconds > 0 && !_reply.IsCommitted) CheckKeepAlive(now, relay.KeepAliveSeconds);
        var attempt = Attempts;
        if (Volatile.Read(ref _waiter) is { } waiter) CheckQueue(waiter, now);
        else if (State == ExchangeState.Streaming) CheckSilence(now, attempt);
    }

    private void CheckKeepAlive(long now, double seconds)
    {
        // In line nothing is sent, so that a refusal still has a status of its own: it is slow backends that are bridged, not full ones.
        if (Volatile.Read(ref _waiter) is not null && !_reply.HasStarted) return;
        var since = Math.Max(_startedAt + (long)(_queued.TotalSeconds * Stopwatch.Frequency), _keptAliveAt);
        if (Stopwatch.GetElapsedTime(since, now).TotalSeconds < seconds) return;
        _keptAliveAt = now;
        _reply.KeepAlive();
    }

    private void CheckQueue(Waiter waiter, long now)
    {
        if (Stopwatch.GetElapsedTime(_queuedAt, now).TotalSeconds < _options.Queue.TimeoutSeconds) return;
        _queueTimedOut = true;
        _dispatcher.Leave(waiter);
    }

    private void CheckSilence(long now, int attempt)
    {
        if (_reply.IsFlushing) return;
        var lastSign = Math.Max(_reply.AttemptStartedAt, _reply.LastReceivedAt);
        var silence = Stopwatch.GetElapsedTime(lastSign, now);
        var limit = _reply.IsCommitted ? _options.Relay.IdleSeconds : _options.Relay.FirstOutputSeconds;
        var waited = _reply.IsCommitted ? silence : Stopwatch.GetElapsedTime(_reply.AttemptStartedAt, now);
        if (waited.TotalSeconds >= limit && _offer is not { Backend.MayBeSilent: true }) _call.EndAttempt(attempt, EndReason.Silent);
        else if (silence >= ProbeAfter && Stopwatch.GetElapsedTime(Math.Max(_probedAt, 1), now) >= ProbeAgainAfter) Probe(now, lastSign, attempt);
    }

    /// <summary>A machine that is slow still takes connections; one that is gone does not, and is not waited for.</summary>
    private void Probe(long now, long lastSign, int attempt)
    {
        _probedAt = now;
        _ = EndIfGoneAsync();

        async Task EndIfGoneAsync()
        {
            if (_offer is not { } offer || await offer.Backend.IsReachableAsync()) return;
            if (Math.Max(_reply.AttemptStartedAt, _reply.LastReceivedAt) == lastSign) _call.EndAttempt(attempt, EndReason.Vanished);
        }
    }

    /// <summary>Lets go of what it borrowed. A keep-alive on its way is waited for first.</summary>
    public ValueTask DisposeAsync()
    {
        State = ExchangeState.Done;
        _reply.Dispose();
        return new ValueTask(_reply.KeepAliveSettledAsync());
    }
}
