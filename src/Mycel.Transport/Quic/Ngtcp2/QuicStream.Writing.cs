using System.Threading.Tasks.Sources;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <content>The sending side. Its lock is the buffer.</content>
internal sealed partial class QuicStream
{
    private readonly SendBuffer _sending;
    private ManualResetValueTaskSourceCore<bool> _room;
    private CancellationTokenRegistration _roomCancellation;
    private bool _writerWaits;
    private bool _writesDelivered;
    private TransportException? _writeError;
    private TaskCompletionSource? _writesClosed;

    /// <summary>The code of an abort of writing.</summary>
    public long ResetCode { get; private set; }

    /// <summary>Held while it is read or changed.</summary>
    public SendBuffer Sending => _sending;

    /// <summary>Whether what is unsent is not to be sent any more. Under the lock of <see cref="Sending"/>.</summary>
    public bool IsWritingOver => _writeError is not null;

    public Task WritesClosed
    {
        get
        {
            lock (_sending)
            {
                if (_writesClosed is null)
                {
                    _writesClosed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    // Whoever only watches whether it is completed need not look at how.
                    _ = _writesClosed.Task.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                    if (_writeError is not null)
                        _writesClosed.SetException(_writeError);
                    else if (_writesDelivered)
                        _writesClosed.SetResult();
                }

                return _writesClosed.Task;
            }
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool end = false, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellation);
        int taken;
        lock (_sending)
        {
            if (_writerWaits)
                throw new InvalidOperationException("A write of this stream is under way already.");
            if (_writeError is not null)
                return ValueTask.FromException(_writeError);
            if (_sending.HasEnd)
                throw new InvalidOperationException("The end of this stream was written before.");
            taken = Fill(data.Span, end);
        }

        bool whole = taken == data.Length;
        if (taken > 0 || (whole && end))
            Post(StreamWork.Write, wake: true);
        return whole ? default : WriteRestAsync(data[taken..], end, cancellation);
    }

    public void AbortWrite(long code)
    {
        RequireCode(code);
        if (EndWriting(code))
            Post(StreamWork.Reset, wake: true);
    }

    void IValueTaskSource.GetResult(short token)
    {
        _roomCancellation.Dispose();
        _roomCancellation = default;
        _room.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _room.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _room.OnCompleted(continuation, state, token, flags);

    /// <summary>The peer has everything before this offset.</summary>
    public void OnAcknowledged(long upTo)
    {
        TaskCompletionSource? delivered = null;
        lock (_sending)
        {
            long freed = _sending.Acknowledge(upTo);
            if (freed > 0)
                _connection.Budget.Add(-freed);
            if (_sending.EndSent && _sending.Acknowledged == _sending.End && _writeError is null && !_writesDelivered)
            {
                _writesDelivered = true;
                delivered = _writesClosed;
            }
        }

        delivered?.TrySetResult();
    }

    /// <summary>The peer stopped reading, or the connection is gone.</summary>
    public void OnWriteFailed(TransportException error)
    {
        TaskCompletionSource? closed;
        lock (_sending)
        {
            if (_writesDelivered)
                return;
            _writeError ??= error;
            closed = _writesClosed;
        }

        closed?.TrySetException(error);
        WakeWriter();
    }

    /// <summary>Nothing of what was written is needed any more.</summary>
    public void FreeSendBuffer()
    {
        lock (_sending)
        {
            long held = _sending.Clear();
            if (held > 0)
                _connection.Budget.Add(-held);
        }
    }

    /// <summary>Lets a waiting writer go on where there is room, or nothing to wait for; whether none waits any more.</summary>
    public bool TryGiveRoom()
    {
        lock (_sending)
        {
            if (_writerWaits && _writeError is null && !HasRoomToGoOn())
                return false;
        }

        WakeWriter();
        return true;
    }

    private void OnWritesEnded(TransportException error)
    {
        bool delivered;
        lock (_sending)
            delivered = _sending.EndSent && _writeError is null && (_writesDelivered || _sending.Acknowledged == _sending.End);
        if (delivered)
            OnAcknowledged(_sending.End);
        else
            OnWriteFailed(error);
        FreeSendBuffer();
    }

    private int Fill(ReadOnlySpan<byte> data, bool end)
    {
        int taken = 0;
        if (data.Length > 0)
        {
            long room = Math.Max(0, _connection.Endpoint.Options.StreamSendBytes - _sending.HeldBytes);
            taken = _connection.Budget.Grant((int)Math.Min(room, data.Length), _sending.HeldBytes);
            _sending.Append(data[..taken]);
            _connection.Budget.Add(taken);
        }

        if (taken == data.Length && end)
            _sending.HasEnd = true;
        return taken;
    }

    private bool HasRoomToGoOn()
    {
        long room = _connection.Endpoint.Options.StreamSendBytes / 2 - _sending.HeldBytes;
        return room > 0 && _connection.Budget.Grant((int)room, _sending.HeldBytes) > 0;
    }

    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancellation)
    {
        while (true)
        {
            await WaitForRoomAsync(cancellation).ConfigureAwait(false);
            int taken;
            lock (_sending)
            {
                if (_writeError is not null)
                    throw _writeError;
                taken = Fill(data.Span, end);
            }

            data = data[taken..];
            if (taken > 0)
                Post(StreamWork.Write, wake: true);
            if (data.IsEmpty)
                return;
        }
    }

    private ValueTask WaitForRoomAsync(CancellationToken cancellation)
    {
        short version;
        lock (_sending)
        {
            if (_writeError is not null)
                return default;
            _writerWaits = true;
            _room.Reset();
            version = _room.Version;
        }

        if (cancellation.CanBeCanceled)
            _roomCancellation = cancellation.UnsafeRegister(static (stream, token) => ((QuicStream)stream!).WakeWriter(token), this);
        Post(StreamWork.AwaitRoom, wake: true);
        return new ValueTask(this, version);
    }

    private void WakeWriter(CancellationToken cancellation = default)
    {
        lock (_sending)
        {
            if (!_writerWaits)
                return;
            _writerWaits = false;
        }

        _room.RunContinuationsAsynchronously = true;
        if (cancellation.IsCancellationRequested)
            _room.SetException(new OperationCanceledException(cancellation));
        else
            _room.SetResult(true);
    }

    /// <summary>Whether the peer is to be told.</summary>
    private bool EndWriting(long code)
    {
        TaskCompletionSource? closed;
        TransportException error;
        lock (_sending)
        {
            // Disposing of a stream whose end was written lets it arrive; aborting after that is for what has not.
            if (_writeError is not null || _writesDelivered || (_sending.HasEnd && _disposed != 0))
                return false;
            error = _writeError = new TransportException(TransportFailure.Local, code, "Writing was aborted.");
            ResetCode = code;
            closed = _writesClosed;
        }

        closed?.TrySetException(error);
        WakeWriter();
        return true;
    }
}
