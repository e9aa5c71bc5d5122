using System.Threading.Tasks.Sources;
using Mycel.Transport.Buffers;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <content>The receiving side. Its lock is the buffer.</content>
internal sealed partial class QuicStream
{
    private readonly BlockQueue _received;
    private ManualResetValueTaskSourceCore<int> _read;
    private CancellationTokenRegistration _readCancellation;
    private Memory<byte> _readInto;
    private int _readFilled;
    private bool _readWaits;
    private bool _endReceived;
    private TransportException? _readError;
    private TransportException? _readOutcome;
    private CreditLedger _ledger;
    private long _unpostedCredit;

    /// <summary>The code of an abort of reading.</summary>
    public long StopCode { get; private set; }

    /// <summary>Whether nothing more comes. Under the gate.</summary>
    public bool IsReadingOver { get; private set; }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellation);
        int taken;
        short version;
        lock (_received)
        {
            if (_readWaits)
                throw new InvalidOperationException("A read of this stream is under way already.");
            if (_readError is not null)
                return ValueTask.FromException<int>(_readError);
            taken = _received.Take(buffer.Span);
            bool waits = taken == 0 && !_endReceived && !buffer.IsEmpty;
            version = waits ? BeginWaiting(buffer) : (short)0;
            if (!waits && taken == 0)
                return new ValueTask<int>(0);
        }

        if (taken > 0)
        {
            ReturnCredit(taken);
            return new ValueTask<int>(taken);
        }

        if (cancellation.CanBeCanceled)
            _readCancellation = cancellation.UnsafeRegister(static (stream, token) => ((QuicStream)stream!).CancelRead(token), this);
        return new ValueTask<int>(this, version);
    }

    public void AbortRead(long code)
    {
        RequireCode(code);
        if (EndReading(code, dispose: false))
            Post(StreamWork.Stop, wake: true);
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

    /// <summary>
    /// Takes bytes from the protocol, into the waiting reader's buffer where there is one. Returns how many to give back to the
    /// connection at once because nobody wants them.
    /// </summary>
    public long OnData(ReadOnlySpan<byte> data, bool end)
    {
        long refused = _ledger.Receive(data.Length);
        lock (_received)
        {
            if (_readError is null && !_endReceived)
            {
                if (_readWaits && data.Length > 0)
                {
                    int direct = Math.Min(data.Length, _readInto.Length - _readFilled);
                    data[..direct].CopyTo(_readInto.Span[_readFilled..]);
                    _readFilled += direct;
                    data = data[direct..];
                }

                _received.Append(data);
                _endReceived = end;
            }
        }

        IsReadingOver |= end;
        return refused;
    }

    /// <summary>The peer aborted, or the connection is gone. What came before the end of a whole stream can still be read.</summary>
    public void OnReadFailed(TransportException error)
    {
        IsReadingOver = true;
        lock (_received)
        {
            if (_endReceived || _readError is not null)
                return;
            _readError = error;
            _received.Clear();
        }

        _connection.Endpoint.MarkForDelivery(this);
    }

    /// <summary>Settles the waiting read where it can go on, and notes its bytes as read. Then <see cref="CompleteRead"/> tells the reader.</summary>
    public bool SettleRead()
    {
        int filled;
        lock (_received)
        {
            if (!_readWaits || (_readFilled == 0 && !_endReceived && _readError is null))
                return false;
            _readWaits = false;
            filled = _readFilled;
            _readOutcome = filled > 0 ? null : _readError;
            _readInto = default;
        }

        if (filled > 0)
            _connection.GiveBack(this, _ledger.Consume(filled));
        return true;
    }

    public void CompleteRead(bool inline)
    {
        _read.RunContinuationsAsynchronously = !inline;
        if (_readOutcome is null)
            _read.SetResult(_readFilled);
        else
            _read.SetException(_readOutcome);
    }

    /// <summary>Bytes that the program has read since the last time; how many to give back.</summary>
    public long TakeReadCredit()
    {
        long bytes = Interlocked.Exchange(ref _unpostedCredit, 0);
        if (bytes == 0)
            return 0;
        _connection.ForgetCredit(bytes);
        return _ledger.Consume(bytes);
    }

    /// <summary>Nobody reads any more; how many bytes to give back.</summary>
    public long DropCredit() => _ledger.Drop();

    private short BeginWaiting(Memory<byte> buffer)
    {
        _readWaits = true;
        _readInto = buffer;
        _readFilled = 0;
        _read.Reset();
        return _read.Version;
    }

    private void ReturnCredit(int bytes)
    {
        long waiting = Interlocked.Add(ref _unpostedCredit, bytes);
        bool wake = waiting >= _connection.Endpoint.StreamCreditStep;
        Post(StreamWork.Credit, _connection.NoteCredit(bytes) || wake);
    }

    private void CancelRead(CancellationToken cancellation)
    {
        lock (_received)
        {
            // Bytes that are in the buffer already are delivered.
            if (!_readWaits || _readFilled > 0)
                return;
            _readWaits = false;
            _readInto = default;
        }

        _read.RunContinuationsAsynchronously = true;
        _read.SetException(new OperationCanceledException(cancellation));
    }

    /// <summary>Whether the peer is to be told.</summary>
    private bool EndReading(long code, bool dispose)
    {
        bool wake, tell;
        lock (_received)
        {
            tell = !_endReceived && _readError is null;
            if (tell)
                StopCode = code;
            if (tell || dispose)
            {
                _readError ??= new TransportException(TransportFailure.Local, code, dispose ? "The stream was disposed of." : "Reading was aborted.");
                _received.Clear();
            }

            wake = _readWaits && _readError is not null;
            if (wake)
            {
                _readWaits = false;
                _readInto = default;
                _readOutcome = _readError;
            }
        }

        if (wake)
        {
            _readFilled = 0;
            CompleteRead(inline: false);
        }

        return tell;
    }
}
