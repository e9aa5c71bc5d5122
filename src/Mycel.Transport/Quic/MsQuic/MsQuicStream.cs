using System.Net.Quic;

namespace Mycel.Transport.Quic.MsQuic;

/// <summary>A stream of System.Net.Quic.</summary>
internal sealed class MsQuicStream : ITransportStream
{
    /// <summary>What a read that can be cancelled is made with, in bytes.</summary>
    private const int OwnBufferBytes = 16 << 10;

    /// <summary>What is written at once, in bytes.</summary>
    private const int PieceBytes = 64 << 10;

    private readonly MsQuicConnection _connection;
    private readonly QuicStream _inner;
    private readonly Lazy<Task> _writesClosed;
    private byte[]? _own;
    private Task<int>? _pending;
    private int _ownStart;
    private int _ownEnd;
    private volatile bool _endWritten;
    private volatile bool _endRead;
    private volatile TransportException? _readAborted;
    private volatile TransportException? _writeAborted;
    private int _disposed;

    public MsQuicStream(MsQuicConnection connection, QuicStream inner)
    {
        _connection = connection;
        _inner = inner;
        _writesClosed = new Lazy<Task>(TranslateWritesClosedAsync);
    }

    public long Id => _inner.Id;

    public Task WritesClosed => _writesClosed.Value;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_readAborted is not null)
            throw _readAborted;
        if (_endRead || buffer.IsEmpty)
            return 0;
        try
        {
            int count = !cancellation.CanBeCanceled && _pending is null && _ownStart == _ownEnd
                ? await _inner.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false)
                : await ReadOwnAsync(buffer, cancellation).ConfigureAwait(false);
            _endRead = count == 0;
            return count;
        }
        catch (Exception error) when (QuicCodes.IsFailure(error))
        {
            throw _readAborted ?? _connection.Fail(error);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool end = false, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_writeAborted is not null)
            throw _writeAborted;
        if (_endWritten)
            throw new InvalidOperationException("The end of this stream was written before.");
        _endWritten = end;
        try
        {
            if (data.IsEmpty && end)
                _inner.CompleteWrites();
            while (!data.IsEmpty)
            {
                // The library takes over a piece however large, and only then looks at whether there is room.
                int count = Math.Min(data.Length, PieceBytes);
                await _inner.WriteAsync(data[..count], end && count == data.Length, cancellation).ConfigureAwait(false);
                data = data[count..];
            }
        }
        catch (Exception error) when (QuicCodes.IsFailure(error))
        {
            throw _writeAborted ?? _connection.Fail(error);
        }
    }

    public void AbortRead(long code)
    {
        if (_endRead || _readAborted is not null)
            return;
        _readAborted = new TransportException(TransportFailure.Local, code, "Reading was aborted.");
        Abort(QuicAbortDirection.Read, code);
    }

    public void AbortWrite(long code)
    {
        if (_writeAborted is not null || _inner.WritesClosed.IsCompleted)
            return;
        _writeAborted = new TransportException(TransportFailure.Local, code, "Writing was aborted.");
        Abort(QuicAbortDirection.Write, code);
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return default;
        AbortRead(QuicCodes.Disposed);
        if (!_endWritten)
            AbortWrite(QuicCodes.Disposed);
        // It waits for the peer's acknowledgement, which is nothing to wait for here.
        _ = DisposeInnerAsync();
        return default;
    }

    private async Task DisposeInnerAsync()
    {
        try
        {
            await _inner.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (QuicCodes.IsFailure(error))
        {
            // It is over in any case.
        }
        finally
        {
            _connection.NoteStreamOver();
        }
    }

    /// <summary>To cancel a read of System.Net.Quic is to abort the stream: it goes on by itself, and the next read finds it.</summary>
    private async Task<int> ReadOwnAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_ownStart == _ownEnd)
        {
            _own ??= new byte[OwnBufferBytes];
            _pending ??= _inner.ReadAsync(_own, CancellationToken.None).AsTask();
            int count = await _pending.WaitAsync(cancellation).ConfigureAwait(false);
            _pending = null;
            (_ownStart, _ownEnd) = (0, count);
        }

        int taken = Math.Min(buffer.Length, _ownEnd - _ownStart);
        _own.AsSpan(_ownStart, taken).CopyTo(buffer.Span);
        _ownStart += taken;
        return taken;
    }

    private async Task TranslateWritesClosedAsync()
    {
        try
        {
            await _inner.WritesClosed.ConfigureAwait(false);
        }
        catch (Exception error) when (QuicCodes.IsFailure(error))
        {
            throw _writeAborted ?? _connection.Fail(error);
        }
    }

    private void Abort(QuicAbortDirection direction, long code)
    {
        try
        {
            _inner.Abort(direction, code);
        }
        catch (ObjectDisposedException)
        {
            // It is over already.
        }
    }
}
