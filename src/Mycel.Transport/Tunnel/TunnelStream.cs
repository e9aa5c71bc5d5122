using System.Threading.Tasks.Sources;
using Mycel.Transport.Buffers;

namespace Mycel.Transport.Tunnel;

/// <summary>
/// One stream. Everything of it happens under the gate of its connection; what others wait for is completed there too, but goes on
/// elsewhere. This part is its life, the others are its two directions.
/// </summary>
internal sealed partial class TunnelStream : ITransportStream, IValueTaskSource<int>, IValueTaskSource
{
    /// <summary>What peers see when a stream is disposed of before its time.</summary>
    private const long DisposedCode = 0;

    private readonly TunnelConnection _connection;
    private long _id;
    private bool _isDisposed;

    // Frames about this stream that are to be sent.
    private bool _stopDue;
    private bool _resetDue;
    private bool _doneDue;
    private bool _windowDue;
    private bool _doneSent;

    /// <param name="connection">Whose it is.</param>
    /// <param name="id">Its number, or -1 for one opened here of which nothing was sent yet.</param>
    /// <param name="blocks">Where buffers come from.</param>
    public TunnelStream(TunnelConnection connection, long id, PinnedBlockPool blocks)
    {
        _connection = connection;
        _id = id;
        IsLocal = id < 0;
        _received = new BlockQueue(blocks);
        _unsent = new BlockQueue(blocks);
        _receiveLimit = connection.Options.StreamWindowBytes;
        _sendLimit = connection.Peer.StreamWindow;
    }

    public long Id => Volatile.Read(ref _id);

    /// <summary>Whether it was opened at this end.</summary>
    public bool IsLocal { get; }

    /// <summary>It is among those with frames to send that are not data.</summary>
    public bool IsControlQueued { get; set; }

    /// <summary>It is among those with data to send.</summary>
    public bool IsDataQueued { get; set; }

    /// <summary>Its writer is among those that wait for room.</summary>
    public bool IsWaitingForRoom { get; set; }

    /// <summary>Neither side says anything about it any more.</summary>
    public bool IsOver { get; set; }

    /// <summary>It was over and disposed of, and its place was given back.</summary>
    public bool IsReleased { get; set; }

    /// <summary>Whether the program is done with it.</summary>
    public bool IsDisposed => _isDisposed;

    /// <summary>Whether each side has said its last about each direction.</summary>
    public bool HasSaidAll => _endReceived && _doneSent && _acknowledged;

    public ValueTask DisposeAsync()
    {
        bool pump;
        lock (_connection.Gate)
        {
            if (_isDisposed)
                return default;
            _isDisposed = true;
            EndReading(DisposedCode);
            // What was written to its end still arrives.
            if (!_hasEnd)
                EndWriting(DisposedCode);
            if (_id < 0 && !_hasEnd)
            {
                _stopDue = _resetDue = false;
                _connection.Withdraw(this);
            }
            else
            {
                _connection.ReleaseIfOver(this);
            }

            pump = _connection.TryStartPump();
        }

        if (pump)
            _connection.Pump();
        return default;
    }

    /// <summary>Gives it its number, as its first frame goes out.</summary>
    public void SetId(long id) => Volatile.Write(ref _id, id);

    /// <summary>Writes the frames that are due and not data; the room must be for <see cref="MaxControlBytes"/>.</summary>
    public int WriteControl(Span<byte> destination)
    {
        IsControlQueued = false;
        int used = 0;
        if (_id < 0 && (_stopDue || _resetDue))
            _connection.Announce(this);
        if (_stopDue && !_endReceived)
            used += TunnelFrame.WriteNumber(destination, TunnelFrameType.Stop, _id, _stopCode);
        if (_windowDue && !_endReceived)
        {
            _receiveLimit = _ledger.Returned + _connection.Options.StreamWindowBytes;
            used += TunnelFrame.WriteNumber(destination[used..], TunnelFrameType.StreamWindow, _id, _receiveLimit);
        }

        if (_doneDue)
        {
            TunnelFrame.WriteHeader(destination[used..], TunnelFrameType.Done, _id, 0);
            used += TunnelFrame.HeaderBytes;
            _doneSent = true;
        }

        if (_resetDue)
        {
            used += TunnelFrame.WriteNumber(destination[used..], TunnelFrameType.Reset, _id, _resetCode);
            _lastSent = true;
        }

        _stopDue = _windowDue = _doneDue = _resetDue = false;
        _connection.ReleaseIfOver(this);
        return used;
    }

    /// <summary>The most that <see cref="WriteControl"/> writes, in bytes.</summary>
    public const int MaxControlBytes = 4 * (TunnelFrame.HeaderBytes + TunnelFrame.NumberBytes);

    /// <summary>The connection ended.</summary>
    public void OnConnectionLost(TransportException error)
    {
        _stopDue = _windowDue = _doneDue = _resetDue = false;
        FailReading(error);
        FailWriting(error);
    }

    private static void RequireCode(long code)
    {
        if (code is < 0 or > TunnelFrame.MaxNumber)
            throw new ArgumentOutOfRangeException(nameof(code), code, "Give 0 to 2^62-1.");
    }
}
