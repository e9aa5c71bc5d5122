using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Links.Tunnel;

/// <summary>The bytes in the DATA frames of a stream through a third node. One read and one write at a time, which may overlap.</summary>
internal sealed class RelayStream : CarrierStream
{
    /// <summary>Time for the end to go out before the stream is aborted.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly Action<StreamError> _abort;
    private readonly OutboundStream? _owned;
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private ReadOnlyMemory<byte> _rest;
    private int _disposed;

    /// <param name="exchange">The stream, its request and answer being over; it is disposed of with this.</param>
    public RelayStream(OutboundStream exchange)
        : this(exchange.Reader, exchange.Writer, exchange.Abort) => _owned = exchange;

    /// <param name="exchange">The stream, its answer being on its way; it stays the caller's.</param>
    public RelayStream(InboundStream exchange)
        : this(exchange.Reader, exchange.Writer, exchange.Abort)
    {
    }

    private RelayStream(FrameReader reader, FrameWriter writer, Action<StreamError> abort)
    {
        _reader = reader;
        _writer = writer;
        _abort = abort;
    }

    /// <summary>Completes when nobody uses the stream any more.</summary>
    public Task Completed => _completed.Task;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            while (_rest.IsEmpty)
            {
                if (await _reader.ReadAsync(cancellationToken) is not { } frame) return 0;
                if (frame.Kind != FrameKind.Data) throw new IOException($"a frame of the kind {frame.Kind} came through the third node, where bytes were due");
                _rest = frame.Payload;
            }
            var count = Math.Min(buffer.Length, _rest.Length);
            _rest[..count].CopyTo(buffer);
            _rest = _rest[count..];
            return count;
        }
        finally
        {
            _reading.Release();
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            _writer.Write(FrameKind.Data, buffer.Span);
            await _writer.FlushAsync(end: false, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Aborts the stream.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _abort(StreamError.Cancelled);
            _ = LetGoAsync();
        }
        base.Dispose(disposing);
    }

    /// <summary>Ends the stream, and lets go of it.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await EndAsync();
            await LetGoAsync();
        }
        await base.DisposeAsync();
    }

    private async Task EndAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(CloseTimeout);
            await _writing.WaitAsync(limit.Token);
            try
            {
                await _writer.FlushAsync(end: true, limit.Token);
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception error) when (error is TransportException or OperationCanceledException or InvalidOperationException)
        {
            // The other end is gone, or takes nothing any more.
        }
        // Where the end went out this stops the reading alone.
        _abort(StreamError.Cancelled);
    }

    /// <summary>Waits for what is under way, which an abort has ended: its buffers are not free before.</summary>
    private async Task LetGoAsync()
    {
        await _reading.WaitAsync();
        await _writing.WaitAsync();
        if (_owned is not null) await _owned.DisposeAsync();
        _completed.TrySetResult();
    }
}
