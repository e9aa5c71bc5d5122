using Mycel.Node.Settlement;

namespace Mycel.Node.Backends;

/// <summary>Why a call was ended from this side.</summary>
internal enum EndReason
{
    None,

    /// <summary>The caller hung up.</summary>
    ClientGone,

    /// <summary>The backend was silent past its time.</summary>
    Silent,

    /// <summary>The backend's machine is gone without a word.</summary>
    Vanished,

    /// <summary>The caller's deadline passed.</summary>
    Deadline,

    /// <summary>The node stops, and the time to finish is over.</summary>
    Shutdown,
}

/// <summary>What a backend is asked, and the handle by which the asking is ended from any thread.</summary>
internal sealed class BackendCall
{
    private readonly Lock _lock = new();
    private IDisposable? _carrier;
    private EndReason _callReason;
    private EndReason _attemptReason;
    private int _attempt;

    public required InferenceKind Kind { get; init; }

    public required string RequestId { get; init; }

    /// <summary>End-to-end request headers, as they go on the wire: lines ending in CR LF. Owned by the caller.</summary>
    public required ReadOnlyMemory<byte> Headers { get; init; }

    /// <summary>The caller's request body and what is to be changed in it.</summary>
    public required RequestDocument Document { get; init; }

    /// <summary>Out of what the request is paid, where it goes to another account; null for the account's own means.</summary>
    public Purse? Purse { get; init; }

    /// <summary>When the caller wants no answer any more, in <see cref="System.Diagnostics.Stopwatch"/> ticks.</summary>
    public long DeadlineAt { get; init; } = long.MaxValue;

    /// <summary>The deadline of a request that has so much time in all.</summary>
    /// <param name="startedAt">When it came, in <see cref="System.Diagnostics.Stopwatch"/> ticks.</param>
    /// <param name="time">The time, or null for no deadline.</param>
    public static long DeadlineFrom(long startedAt, TimeSpan? time) =>
        time is { } limit ? startedAt + (long)(limit.TotalSeconds * System.Diagnostics.Stopwatch.Frequency) : long.MaxValue;

    /// <summary>Most time a connection may take to open.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    /// <summary>Why the call, or else the attempt under way, was ended.</summary>
    public EndReason EndReason
    {
        get
        {
            lock (_lock) return Reason;
        }
    }

    private EndReason Reason => _callReason != EndReason.None ? _callReason : _attemptReason;

    /// <summary>Names what carries the call now, to be disposed of when the call is ended.</summary>
    /// <returns>False when the call was ended already.</returns>
    public bool TryAttach(IDisposable carrier)
    {
        lock (_lock)
        {
            if (Reason != EndReason.None) return false;
            _carrier = carrier;
            return true;
        }
    }

    /// <summary>From here on ending the call touches the carrier no more.</summary>
    /// <returns>False when the call was ended before: the carrier is being disposed of, and must not be used for another.</returns>
    public bool Detach()
    {
        lock (_lock)
        {
            _carrier = null;
            return Reason == EndReason.None;
        }
    }

    /// <summary>Ends the call; the first reason stays.</summary>
    public void End(EndReason reason)
    {
        IDisposable? carrier;
        lock (_lock)
        {
            if (_callReason != EndReason.None) return;
            _callReason = reason;
            carrier = _carrier;
        }
        carrier?.Dispose();
    }

    /// <summary>Begins to ask a backend.</summary>
    /// <param name="attempt">Its number, from 1 on.</param>
    public void BeginAttempt(int attempt)
    {
        lock (_lock) _attempt = attempt;
    }

    /// <summary>Ends one attempt for a reason that speaks of its backend only; does nothing when that attempt is over.</summary>
    public void EndAttempt(int attempt, EndReason reason)
    {
        IDisposable? carrier;
        lock (_lock)
        {
            if (_attempt != attempt || Reason != EndReason.None) return;
            _attemptReason = reason;
            carrier = _carrier;
        }
        carrier?.Dispose();
    }

    /// <summary>The attempt is over, and another backend may be asked: what ended it is forgotten.</summary>
    public void FinishAttempt()
    {
        lock (_lock)
        {
            _attempt = 0;
            _attemptReason = EndReason.None;
            _carrier = null;
        }
    }
}
