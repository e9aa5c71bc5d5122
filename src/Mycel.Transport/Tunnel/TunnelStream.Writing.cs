using System.Threading.Tasks.Sources;
using Mycel.Transport.Buffers;

namespace Mycel.Transport.Tunnel;

/// <content>The sending side.</content>
internal sealed partial class TunnelStream
{
    private readonly BlockQueue _unsent;
    private ManualResetValueTaskSourceCore<bool> _room;
    private CancellationTokenRegistration _roomCancellation;
    private TaskCompletionSource? _writesClosed;
    private TransportException? _writeError;
    private bool _writerWaits;
    private bool _hasEnd;
    private bool _lastSent;
    private bool _acknowledged;
    private bool _stopReceived;
    private long _sent;
    private long _sendLimit;
    private long _resetCode;

    /// <summary>Whether there is something that the window of the stream lets it send.</summary>
    public bool CanSend => _writeError is null && !_lastSent && (_unsent.Length > 0 ? _sent < _sendLimit : _hasEnd);

    /// <summary>Whether it needs nothing of the window of the connection.</summary>
    public bool HasOnlyEndToSend => _unsent.Length == 0;

    public Task WritesClosed
    {
        get
        {
            lock (_connection.Gate)
            {
                if (_writesClosed is null)
                {
                    _writesClosed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    // Whoever only watches whether it is completed need not look at how.
                    _ = _writesClosed.Task.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                    if (_writeError is not null)
                        _writesClosed.SetException(_writeError);
                    else if (_acknowledged)
                        _writesClosed.SetResult();
                    else if (_connection.Failure is { } lost)
                        _writesClosed.SetException(lost);
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
        bool pump;
        lock (_connection.Gate)
        {
            if (_writerWaits)
                throw new InvalidOperationException("A write of this stream is under way already.");
            if ((_writeError ?? (_hasEnd ? null : _connection.Failure)) is { } error)
                return ValueTask.FromException(error);
            if (_hasEnd)
                throw new InvalidOperationException("The end of this stream was written before.");
            taken = Take(data.Span, end);
            pump = _connection.TryStartPump();
        }

        if (pump)
            _connection.Pump();
        return taken == data.Length ? default : WriteRestAsync(data[taken..], end, cancellation);
    }

    public void AbortWrite(long code)
    {
        RequireCode(code);
        bool pump;
        lock (_connection.Gate)
        {
            EndWriting(code);
            pump = _connection.TryStartPump();
        }

        if (pump)
            _connection.Pump();
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

    /// <summary>Writes one frame of data, of at most so many bytes of payload; returns its length, 0 where nothing can be sent.</summary>
    public int WriteData(Span<byte> destination, int most)
    {
        if (!CanSend)
            return 0;
        int count = (int)Math.Min(Math.Min(_unsent.Length, _sendLimit - _sent), most);
        bool last = _hasEnd && count == _unsent.Length;
        if (count == 0 && !last)
            return 0;
        if (_id < 0)
            _connection.Announce(this);
        TunnelFrame.WriteHeader(destination, last ? TunnelFrameType.Last : TunnelFrameType.Data, _id, count);
        _unsent.Take(destination.Slice(TunnelFrame.HeaderBytes, count));
        _sent += count;
        _lastSent = last;
        _connection.NoteSent(count);
        return TunnelFrame.HeaderBytes + count;
    }

    /// <summary>The peer grants more. Returns what is wrong with that.</summary>
    public string? OnWindow(long limit)
    {
        if (limit <= _sendLimit || _acknowledged)
            return "a window of a stream that does not grow";
        _sendLimit = limit;
        if (CanSend)
            _connection.QueueData(this);
        return null;
    }

    /// <summary>The peer wants nothing more. Returns what is wrong with that.</summary>
    public string? OnStop(long code)
    {
        if (_stopReceived || _acknowledged)
            return "a stop of a stream that was stopped or is over";
        _stopReceived = true;
        if (_writeError is not null)
            return null;
        FailWriting(new TransportException(TransportFailure.Application, code, $"The peer aborted the stream with code {code}."));
        Reset(code);
        return null;
    }

    /// <summary>The peer has all, or knows that no more comes. Returns what is wrong with that.</summary>
    public string? OnDone()
    {
        if (!_lastSent || _acknowledged)
            return "an acknowledgement of what was not sent";
        _acknowledged = true;
        if (_writeError is null)
            _writesClosed?.TrySetResult();
        _connection.ReleaseIfOver(this);
        return null;
    }

    /// <summary>Lets the waiting writer go on where there is room; whether none waits any more.</summary>
    public bool TryGiveRoom()
    {
        if (_writerWaits && !HasRoomToGoOn())
            return false;
        WakeWriter();
        return true;
    }

    private void EndWriting(long code)
    {
        // What has gone out to its end cannot be called back, and will arrive.
        if (_writeError is not null || _lastSent)
            return;
        FailWriting(new TransportException(TransportFailure.Local, code, "Writing was aborted."));
        if (_id >= 0 || !_isDisposed)
            Reset(code);
    }

    private void Reset(long code)
    {
        if (_lastSent)
            return;
        _resetCode = code;
        Due(ref _resetDue);
    }

    private void FailWriting(TransportException error)
    {
        if (_writeError is not null || _acknowledged)
            return;
        _writeError = error;
        _connection.Budget.Add(-_unsent.Length);
        _unsent.Clear();
        _writesClosed?.TrySetException(error);
        WakeWriter();
    }

    private int Take(ReadOnlySpan<byte> data, bool end)
    {
        int taken = 0;
        if (data.Length > 0)
        {
            long room = Math.Max(0, _connection.Options.StreamSendBytes - _unsent.Length);
            taken = _connection.Budget.Grant((int)Math.Min(room, data.Length), _unsent.Length);
            _unsent.Append(data[..taken]);
            _connection.Budget.Add(taken);
        }

        if (taken == data.Length && end)
            _hasEnd = true;
        if (CanSend)
            _connection.QueueData(this);
        return taken;
    }

    private bool HasRoomToGoOn()
    {
        long room = (_connection.Options.StreamSendBytes / 2) - _unsent.Length;
        return room > 0 && _connection.Budget.Grant((int)room, _unsent.Length) > 0;
    }

    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancellation)
    {
        while (true)
        {
            await WaitForRoomAsync(cancellation).ConfigureAwait(false);
            bool pump;
            lock (_connection.Gate)
            {
                if (_writeError is not null)
                    throw _writeError;
                data = data[Take(data.Span, end)..];
                pump = _connection.TryStartPump();
            }

            if (pump)
                _connection.Pump();
            if (data.IsEmpty)
                return;
        }
    }

    private ValueTask WaitForRoomAsync(CancellationToken cancellation)
    {
        short version;
        lock (_connection.Gate)
        {
            if (_writeError is not null || HasRoomToGoOn())
                return default;
            _writerWaits = true;
            _room.Reset();
            version = _room.Version;
            _connection.AwaitRoom(this);
        }

        if (cancellation.CanBeCanceled)
            _roomCancellation = cancellation.UnsafeRegister(static (stream, token) => ((TunnelStream)stream!).CancelWrite(token), this);
        return new ValueTask(this, version);
    }

    private void CancelWrite(CancellationToken cancellation)
    {
        lock (_connection.Gate)
        {
            if (!_writerWaits)
                return;
            _writerWaits = false;
            _room.RunContinuationsAsynchronously = true;
            _room.SetException(new OperationCanceledException(cancellation));
        }
    }

    private void WakeWriter()
    {
        if (!_writerWaits)
            return;
        _writerWaits = false;
        _room.RunContinuationsAsynchronously = true;
        _room.SetResult(true);
    }
}
