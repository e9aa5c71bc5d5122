using System.Buffers;
using System.Threading.Channels;

namespace Mycel.Node.Observability.Logs;

/// <summary>
/// Writes entries to a stream on a thread of its own, so that a reader of standard output who stops reading holds up nobody.
/// What does not fit into the queue meanwhile is dropped and counted.
/// </summary>
internal sealed class LogOutput : IDisposable
{
    /// <summary>Entries that may wait to be written.</summary>
    public const int MaxQueued = 8_192;

    /// <summary>Longest wait for the queue to empty at the end, in milliseconds.</summary>
    public const int DrainMilliseconds = 2_000;

    private const int FlushBytes = 64 * 1024;

    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly Channel<LogEntry> _queue = Channel.CreateBounded<LogEntry>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly Thread _writer;
    private long _dropped;
    private volatile LogFormat _format;

    /// <summary>Begins to write.</summary>
    /// <param name="stream">Where to; stays open.</param>
    /// <param name="format">Form of the lines.</param>
    /// <param name="time">Clock for notes of loss.</param>
    public LogOutput(Stream stream, LogFormat format, TimeProvider time)
    {
        (_stream, _format, _time) = (stream, format, time);
        _writer = new Thread(WriteAll) { IsBackground = true, Name = "log output" };
        _writer.Start();
    }

    /// <summary>Form of the lines; may be changed at any time.</summary>
    public LogFormat Format
    {
        get => _format;
        set => _format = value;
    }

    /// <summary>Queues an entry. Never waits.</summary>
    public void Add(LogEntry entry)
    {
        if (!_queue.Writer.TryWrite(entry)) Interlocked.Increment(ref _dropped);
    }

    /// <summary>Writes what is queued, within <see cref="DrainMilliseconds"/>, and stops.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _writer.Join(DrainMilliseconds);
    }

    private void WriteAll()
    {
        var lines = new ArrayBufferWriter<byte>(FlushBytes);
        // A thread made for waiting may wait.
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_queue.Reader.TryRead(out var entry))
            {
                LogEntryWriter.WriteLine(entry, _format, lines);
                if (lines.WrittenCount >= FlushBytes && !TryFlush(lines)) return;
            }
            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                LogEntryWriter.WriteLine(LogNotes.Lost(dropped, "standard output was not read fast enough", _time), _format, lines);
            if (!TryFlush(lines)) return;
        }
    }

    /// <summary>False when nobody will ever read: the pipe is closed. The node goes on without lines; the ring still has them.</summary>
    private bool TryFlush(ArrayBufferWriter<byte> lines)
    {
        try
        {
            _stream.Write(lines.WrittenSpan);
            _stream.Flush();
            lines.ResetWrittenCount();
            return true;
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException)
        {
            _queue.Writer.TryComplete();
            return false;
        }
    }
}
