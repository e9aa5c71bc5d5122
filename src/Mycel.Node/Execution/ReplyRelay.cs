using System.Buffers;
using System.Diagnostics;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Observability;
using Mycel.Node.Settlement;

namespace Mycel.Node.Execution;

/// <summary>
/// Takes a backend's reply and hands it to the caller by one rule: nothing is shown before the first real output (of a
/// stream) or the end (of a document), so that until then another backend can be asked instead.
/// </summary>
internal sealed class ReplyRelay(IReplyChannel channel, bool takeOutUsage) : IReplySink, IDisposable
{
    /// <summary>Documents up to this size are held until they are whole, in bytes.</summary>
    public const int MaxHeldDocumentBytes = 1024 * 1024;

    /// <summary>Most bytes of a stream that are held for its first output.</summary>
    public const int MaxHeldStreamBytes = 256 * 1024;

    private const int TailBytes = 4096;

    private readonly Lock _gate = new();
    private readonly PooledBuffer _held = new();
    private EventStreamReader? _events;
    private ReplyHead _head;
    private byte[]? _tail;
    private int _tailLength;
    private long _lastOutputAt;
    private long _committedAt;
    private long _outputEvents;
    private Task? _keepAlive;
    private bool _isClosed;

    /// <summary>When the request came, in <see cref="Stopwatch"/> ticks.</summary>
    public required long StartedAt { get; init; }

    /// <summary>The attempt now under way.</summary>
    public RouteTaken Route { get; set; }

    /// <summary>When it began, in <see cref="Stopwatch"/> ticks.</summary>
    public long AttemptStartedAt { get; set; }

    /// <summary>What is counted for it.</summary>
    public RouteMetrics? Metrics { get; set; }

    public bool IsCommitted { get; private set; }

    /// <summary>Whether the caller has been sent a head, be it only to keep the connection alive.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>When the last bytes came, in <see cref="Stopwatch"/> ticks; 0 before the first.</summary>
    public long LastReceivedAt { get; private set; }

    /// <summary>Whether the caller is slower than the backend at the moment.</summary>
    public bool IsFlushing { get; private set; }

    /// <summary>From the request's arrival to its first output; zero before.</summary>
    public TimeSpan TimeToFirstOutput { get; private set; }

    public TokenUsage? Usage { get; private set; }

    /// <summary>Whether the backend itself reported an error in the stream, after output.</summary>
    public bool BackendReportedError => _events is { SawError: true };

    public bool IsEventStream => _head.IsEventStream;

    public string? ReceiptId { get; set; }

    public SeenOutput Seen => new(Usage ?? _events?.Usage, _events?.Events);

    public ReplyPace Pace => !IsCommitted || !_head.IsEventStream ? default : new ReplyPace(FirstToken, OfferFigures.RateOf(Tokens, Generating));

    private TimeSpan FirstToken => Stopwatch.GetElapsedTime(AttemptStartedAt, _committedAt);

    private TimeSpan Generating => Stopwatch.GetElapsedTime(_committedAt, _lastOutputAt);

    /// <summary>Tokens of a stream: each event is about one where the backend counts none.</summary>
    private long Tokens => Usage?.CompletionTokens ?? _outputEvents + 1;

    /// <summary>Forgets the last attempt; what it left unshown is dropped.</summary>
    public void BeginAttempt(RouteTaken route, RouteMetrics metrics)
    {
        _held.Clear();
        _events = null;
        _head = default;
        ReceiptId = null;
        LastReceivedAt = 0;
        Route = route;
        Metrics = metrics;
        AttemptStartedAt = Stopwatch.GetTimestamp();
    }

    public void Start(ReplyHead head)
    {
        _head = head;
        LastReceivedAt = Stopwatch.GetTimestamp();
        if (head.IsEventStream) _events = new EventStreamReader(takeOutUsage) { ReceiptId = ReceiptId };
        else if (HasStarted) throw new DeviceFaultException(DeviceFaultKind.Invalid, "it answered a stream with a document");
        else if (head.ContentLength is > 0 and <= MaxHeldDocumentBytes) _held.Reserve((int)head.ContentLength);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        LastReceivedAt = Stopwatch.GetTimestamp();
        if (_events is not null) WriteEvents(bytes);
        else WriteDocument(bytes);
    }

    private void WriteEvents(ReadOnlySpan<byte> bytes)
    {
        if (IsCommitted)
        {
            var events = _events!.Read(bytes, channel.Body);
            if (events > 0) RecordGap(events);
            return;
        }
        _events!.Read(bytes, _held);
        if (_events.SawOutput || _held.Length > MaxHeldStreamBytes) Commit(-1);
        else if (_events.SawError) throw new DeviceFaultException(DeviceFaultKind.Invalid, $"it reported an error: {_events.Error}");
        else if (_events.SawGarbage) throw new DeviceFaultException(DeviceFaultKind.Invalid, "its stream is not made of JSON events");
    }

    private void RecordGap(int events)
    {
        Metrics!.InterTokenGap.Record(Stopwatch.GetElapsedTime(_lastOutputAt, LastReceivedAt));
        _outputEvents += events;
        if (events > 1) Metrics.InterTokenGap.RecordZero(events - 1);
        _lastOutputAt = LastReceivedAt;
    }

    private void WriteDocument(ReadOnlySpan<byte> bytes)
    {
        if (!IsCommitted)
        {
            _held.Write(bytes);
            if (_held.Length <= MaxHeldDocumentBytes) return;
            RememberTail(_held.Written);
            Commit(_head.ContentLength);
            return;
        }
        RememberTail(bytes);
        channel.Body.Write(bytes);
    }

    /// <summary>Keeps the end of a document too large to be held, where its usage is.</summary>
    private void RememberTail(ReadOnlySpan<byte> bytes)
    {
        _tail ??= new byte[2 * TailBytes];
        if (bytes.Length > TailBytes) bytes = bytes[^TailBytes..];
        if (_tailLength + bytes.Length > _tail.Length)
        {
            var keep = TailBytes;
            _tail.AsSpan(_tailLength - keep, keep).CopyTo(_tail);
            _tailLength = keep;
        }
        bytes.CopyTo(_tail.AsSpan(_tailLength));
        _tailLength += bytes.Length;
    }

    public ValueTask FlushAsync()
    {
        if (!IsCommitted) return default;
        if (_keepAlive is { IsCompleted: false }) return FlushAfterKeepAliveAsync();
        var flush = channel.FlushAsync();
        return flush.IsCompletedSuccessfully ? default : WaitForCallerAsync(flush);
    }

    private async ValueTask FlushAfterKeepAliveAsync()
    {
        await _keepAlive!;
        await WaitForCallerAsync(channel.FlushAsync());
    }

    private async ValueTask WaitForCallerAsync(ValueTask flush)
    {
        IsFlushing = true;
        try
        {
            await flush;
        }
        finally
        {
            LastReceivedAt = Stopwatch.GetTimestamp();
            IsFlushing = false;
        }
    }

    public void End()
    {
        if (_events is not null) EndEvents();
        else EndDocument();
    }

    private void EndEvents()
    {
        IBufferWriter<byte> target = IsCommitted ? channel.Body : _held;
        _events!.End(target);
        if (!IsCommitted && !_events.SawOutput) throw new DeviceFaultException(DeviceFaultKind.Invalid, "its stream held no output");
        Usage = _events.Usage;
        if (!_events.SawEnd && !_events.SawError) throw new DeviceFaultException(DeviceFaultKind.Interrupted, "its stream ended in the middle of the answer");
        if (!IsCommitted) Commit(-1);
    }

    private void EndDocument()
    {
        if (IsCommitted)
        {
            if (!_head.IsEncoded) Usage = TokenUsage.FindLast(_tail.AsSpan(0, _tailLength));
            return;
        }
        if (!_head.IsEncoded)
        {
            var text = _held.Written.Trim(" \t\r\n"u8);
            if (text.IsEmpty || text[0] is not ((byte)'{' or (byte)'[') || text[^1] is not ((byte)'}' or (byte)']'))
                throw new DeviceFaultException(DeviceFaultKind.Invalid, "its answer is not whole JSON");
            // Where the end of the connection is the end of the answer, a server that died looks like one that is done.
            if (_head.EndsWithConnection && !EventInspector.IsWhole(text)) throw new DeviceFaultException(DeviceFaultKind.Interrupted, "its answer ended in the middle");
            if (EventInspector.IsErrorDocument(text, out var message))
                throw new DeviceFaultException(DeviceFaultKind.Invalid, $"it reported an error: {message}");
            Usage = TokenUsage.FindLast(text);
        }
        Commit(_held.Length);
    }

    /// <summary>Shows the caller what was held. From here on this backend's answer is the answer.</summary>
    private void Commit(long contentLength)
    {
        var now = Stopwatch.GetTimestamp();
        TimeToFirstOutput = Stopwatch.GetElapsedTime(StartedAt, now);
        _lastOutputAt = _committedAt = now;
        lock (_gate)
        {
            IsCommitted = true;
            if (!HasStarted)
            {
                HasStarted = true;
                channel.Start(_head, contentLength, Route with { Backend = Stopwatch.GetElapsedTime(AttemptStartedAt, now), Receipt = ReceiptId });
            }
            channel.Body.Write(_held.Written);
        }
        _held.Clear();
        if (_head.IsEventStream) Metrics!.TimeToFirstToken.Record(TimeToFirstOutput);
    }

    /// <summary>Takes the figures of the attempt that has ended, for the choice of backends.</summary>
    public void Measure(AttemptOutcome outcome, OfferFigures figures, InferenceKind kind)
    {
        switch (outcome.Kind)
        {
            case AttemptKind.Completed when BackendReportedError:
            case AttemptKind.Refused when outcome.Refusal! is { IsFromHere: false, Status: not (402 or 404 or 409 or 429) }:
            case AttemptKind.Broken:
                figures.RecordFailure();
                break;
            case AttemptKind.Completed when _head.IsEventStream:
                figures.RecordStream(FirstToken, Tokens, Generating);
                break;
            case AttemptKind.Completed:
                figures.RecordDocument(Stopwatch.GetElapsedTime(AttemptStartedAt), kind == InferenceKind.Embedding ? 0 : Usage?.CompletionTokens);
                break;
            case AttemptKind.Ended when IsCommitted && _head.IsEventStream:
                figures.RecordFirstToken(FirstToken);
                break;
        }
    }

    /// <summary>Sends a comment to a caller whose stream has not begun, so that nobody between takes the silence for a dead connection.</summary>
    public void KeepAlive()
    {
        lock (_gate)
        {
            if (IsCommitted || _isClosed || _keepAlive is { IsCompleted: false }) return;
            if (!HasStarted)
            {
                HasStarted = true;
                channel.Start(new ReplyHead(200, "text/event-stream; charset=utf-8", true, false, -1, [new("Cache-Control", "no-cache")]), -1, null);
            }
            channel.Body.Write(": keep-alive\n\n"u8);
            _keepAlive = channel.FlushAsync().AsTask();
        }
    }

    /// <summary>Ends the reply with an error where the caller sees it.</summary>
    /// <returns>False when nothing was sent yet, so that the error can still have a status of its own.</returns>
    public bool TryEndWithError(int status, string code, string message)
    {
        lock (_gate)
        {
            _isClosed = true;
            if (!HasStarted) return false;
            if (IsCommitted && !_head.IsEventStream)
            {
                // A document cannot say that it is broken: only a cut connection does.
                channel.Abort();
                return true;
            }
            channel.Body.Write(_events is null ? "\n"u8 : _events.Separator);
            ErrorDocument.WriteEvent(channel.Body, status, code, message);
            return true;
        }
    }

    /// <summary>Lets go of borrowed memory; a keep-alive under way is waited for first.</summary>
    public void Dispose()
    {
        lock (_gate) _isClosed = true;
        _held.Dispose();
    }

    /// <summary>Waits for a keep-alive that is still on its way.</summary>
    public Task KeepAliveSettledAsync() => _keepAlive ?? Task.CompletedTask;
}
