using System.Threading.Tasks.Sources;
using Mycel.Transport.Buffers;

namespace Mycel.Transport.Tunnel;

/// <content>The receiving side.</content>
internal sealed partial class TunnelStream
{
    private readonly BlockQueue _received;
    private ManualResetValueTaskSourceCore<int> _read;
    private CancellationTokenRegistration _readCancellation;
    private Memory<byte> _readInto;
    private bool _readWaits;
    private bool _endReceived;
    private TransportException? _readError;
    private CreditLedger _ledger;
    private long _receiveLimit;
    private long _stopCode;
    private bool _wasStopped;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellation);
        int taken;
        short version = 0;
        bool pump;
        lock (_connection.Gate)
        {
            if (_readWaits)
                throw new InvalidOperationException("A read of this stream is under way already.");
            if (_readError is not null)
                return ValueTask.FromException<int>(_readError);
            taken = _received.Take(buffer.Span);
            if (taken > 0)
                Consume(taken);
            else if (_endReceived || buffer.IsEmpty)
                return new ValueTask<int>(0);
            else if (_connection.Failure is { } lost)
                return ValueTask.FromException<int>(lost);
            else
                version = BeginWaiting(buffer);
            pump = _connection.TryStartPump();
        }

        if (pump)
            _connection.Pump();
        if (taken > 0)
            return new ValueTask<int>(taken);
        if (cancellation.CanBeCanceled)
            _readCancellation = cancellation.UnsafeRegister(static (stream, token) => ((TunnelStream)stream!).CancelRead(token), this);
        return new ValueTask<int>(this, version);
    }

    public void AbortRead(long code)
    {
        RequireCode(code);
        bool pump;
        lock (_connection.Gate)
        {
            if (!_endReceived || _received.Length > 0)
                EndReading(code);
            pump = _connection.TryStartPump();
        }

        if (pump)
            _connection.Pump();
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        // Waits for a cancellation that runs at this moment, so that it cannot hit the next read.
        _readCancellation.Dispose();
        _readCancellation = default;
        return _read.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _read.OnCompleted(continuation, state, token, flags);

    /// <summary>Takes bytes of the peer, into the waiting reader's buffer where there is one. Returns what is wrong with them.</summary>
    public string? OnData(ReadOnlySpan<byte> data, bool end)
    {
        if (_endReceived)
            return "data after the end of a stream";
        if (_ledger.Received + data.Length > _receiveLimit)
            return "more data on a stream than was granted";
        _connection.GiveBack(_ledger.Receive(data.Length));
        _endReceived = end;
        if (end)
            Due(ref _doneDue);
        if (_readError is not null)
            return null;
        if (_readWaits)
        {
            int direct = Math.Min(data.Length, _readInto.Length);
            data[..direct].CopyTo(_readInto.Span);
            data = data[direct..];
            if (direct > 0)
                Consume(direct);
            if (direct > 0 || end)
                CompleteRead(direct);
        }

        _received.Append(data);
        return null;
    }

    /// <summary>The peer gave up writing. Returns what is wrong with that.</summary>
    public string? OnReset(long code)
    {
        if (_endReceived)
            return "a reset after the end of a stream";
        FailReading(new TransportException(TransportFailure.Application, code, $"The peer aborted the stream with code {code}."));
        _connection.GiveBack(_ledger.Drop());
        _endReceived = true;
        Due(ref _doneDue);
        return null;
    }

    /// <summary>Tells the reader; the connection does so for readers that go on at once.</summary>
    public void FinishRead(int count, bool inline)
    {
        _read.RunContinuationsAsynchronously = !inline;
        _read.SetResult(count);
    }

    private short BeginWaiting(Memory<byte> buffer)
    {
        _readWaits = true;
        _readInto = buffer;
        _read.Reset();
        return _read.Version;
    }

    private void CompleteRead(int count)
    {
        _readWaits = false;
        _readInto = default;
        if (!_connection.DeferRead(this, count))
            FinishRead(count, inline: false);
    }

    /// <summary>Notes bytes as read, and lets the peer send as many more once it is worth a frame.</summary>
    private void Consume(int bytes)
    {
        _connection.GiveBack(_ledger.Consume(bytes));
        int window = _connection.Options.StreamWindowBytes;
        if (!_endReceived && _ledger.Returned + window - _receiveLimit >= window / 4)
            Due(ref _windowDue);
    }

    private void CancelRead(CancellationToken cancellation)
    {
        lock (_connection.Gate)
        {
            if (!_readWaits)
                return;
            FailWaitingRead(new OperationCanceledException(cancellation));
        }
    }

    /// <summary>The program wants nothing more; the peer is told where it still writes.</summary>
    private void EndReading(long code)
    {
        bool tell = !_endReceived && !_wasStopped && _readError is null && (_id >= 0 || _hasEnd || !_isDisposed);
        FailReading(new TransportException(TransportFailure.Local, code, _isDisposed ? "The stream was disposed of." : "Reading was aborted."), evenWhole: true);
        _connection.GiveBack(_ledger.Drop());
        if (!tell)
            return;
        _wasStopped = true;
        _stopCode = code;
        Due(ref _stopDue);
    }

    private void FailReading(TransportException error, bool evenWhole = false)
    {
        if (_readError is not null || (_endReceived && !evenWhole))
            return;
        _readError = error;
        _received.Clear();
        if (_readWaits)
            FailWaitingRead(error);
    }

    private void FailWaitingRead(Exception error)
    {
        _readWaits = false;
        _readInto = default;
        _read.RunContinuationsAsynchronously = true;
        _read.SetException(error);
    }

    private void Due(ref bool flag)
    {
        flag = true;
        _connection.QueueControl(this);
    }
}
