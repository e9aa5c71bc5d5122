using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Mycel.Node.Observability.Logs;

/// <summary>One reader of entries as they come. A reader too slow loses entries and is told how many.</summary>
internal sealed class LogSubscription : IDisposable
{
    /// <summary>Entries kept for a reader that is behind.</summary>
    public const int MaxPending = 256;

    private readonly LogBuffer _buffer;
    private readonly TimeProvider _time;
    private readonly LogLevel _level;
    private readonly Channel<LogEntry> _pending = Channel.CreateBounded<LogEntry>(new BoundedChannelOptions(MaxPending) { SingleReader = true });
    private long _lost;

    internal LogSubscription(LogBuffer buffer, LogLevel level, TimeProvider time)
    {
        _buffer = buffer;
        _level = level;
        _time = time;
    }

    /// <summary>Waits for an entry; false when none will come any more.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancel) => _pending.Reader.WaitToReadAsync(cancel);

    /// <summary>Takes the next entry, or a note of those lost before it; false when there is none now.</summary>
    public bool TryRead([NotNullWhen(true)] out LogEntry? entry)
    {
        if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
        {
            entry = LogNotes.Lost(lost, "this reader was too slow", _time);
            return true;
        }
        return _pending.Reader.TryRead(out entry);
    }

    /// <summary>Ends the subscription.</summary>
    public void Dispose() => _buffer.Unsubscribe(this);

    internal void Offer(LogEntry entry)
    {
        if (entry.Level >= _level && !_pending.Writer.TryWrite(entry)) Interlocked.Increment(ref _lost);
    }

    internal void Complete() => _pending.Writer.TryComplete();
}
