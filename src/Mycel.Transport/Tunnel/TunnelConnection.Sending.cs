using System.Buffers;

namespace Mycel.Transport.Tunnel;

/// <content>
/// Sending. Whoever has something to send and finds nobody sending does it: all that is due, of all streams, in one write after the
/// other, the streams in turn. The first write happens at once on the thread that asked for it, the others elsewhere.
/// </content>
public sealed partial class TunnelConnection
{
    /// <summary>Most bytes in one write to the carrier: two records of TLS.</summary>
    private const int PumpBytes = 32 << 10;

    /// <summary>Bytes that a stream sends before it is another's turn, where several have some.</summary>
    private const int TurnBytes = 4 << 10;

    private readonly Stream _secured;
    private readonly Queue<TunnelStream> _controls = new();
    private readonly Queue<TunnelStream> _writers = new();
    private readonly List<TunnelStream> _blocked = [];
    private readonly List<TunnelStream> _waitingForRoom = [];
    private readonly TaskCompletionSource _sendingOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isPumping;
    private bool _helloDue;
    private bool _pingDue;
    private bool _pongDue;
    private bool _connectionWindowDue;
    private bool _streamsDue;
    private bool _goodbyeSent;
    private Goodbye? _goodbye;
    private long _pong;
    private long _pingNumber;
    private long _nextId;
    private long _connectionSent;
    private long _connectionSendLimit;

    /// <summary>Whether the caller, once it has left the gate, must call <see cref="Pump"/>. Under the gate.</summary>
    internal bool TryStartPump()
    {
        if (_isPumping || !HasDue())
            return false;
        _isPumping = true;
        return true;
    }

    /// <summary>Sends what is due. Outside the gate.</summary>
    internal void Pump() => _ = PumpAsync();

    /// <summary>Notes that a stream has a frame to send that is not data. Under the gate.</summary>
    internal void QueueControl(TunnelStream stream)
    {
        if (stream.IsControlQueued || Failure is not null)
            return;
        stream.IsControlQueued = true;
        _controls.Enqueue(stream);
    }

    /// <summary>Notes that a stream has data to send. Under the gate.</summary>
    internal void QueueData(TunnelStream stream)
    {
        if (stream.IsDataQueued || Failure is not null)
            return;
        stream.IsDataQueued = true;
        _writers.Enqueue(stream);
    }

    /// <summary>Notes that the writer of a stream waits for room. Under the gate.</summary>
    internal void AwaitRoom(TunnelStream stream)
    {
        if (stream.IsWaitingForRoom)
            return;
        stream.IsWaitingForRoom = true;
        _waitingForRoom.Add(stream);
    }

    /// <summary>Gives a stream its number; its first frame follows. Under the gate.</summary>
    internal void Announce(TunnelStream stream)
    {
        stream.SetId(_nextId);
        _nextId += 2;
        _unannounced.Remove(stream);
        AddStream(stream);
    }

    /// <summary>Notes bytes of data that go out. Under the gate.</summary>
    internal void NoteSent(int bytes)
    {
        _connectionSent += bytes;
        Budget.Add(-bytes);
    }

    private bool HasDue()
    {
        if (Failure is not null)
            return _goodbye is not null && !_goodbyeSent;
        return _controls.Count > 0 || _writers.Count > 0 || _helloDue || _pingDue || _pongDue || _connectionWindowDue || _streamsDue;
    }

    private async Task PumpAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PumpBytes);
        try
        {
            for (int round = 0; ; round++)
            {
                int count;
                lock (Gate)
                {
                    count = Fill(buffer.AsSpan(0, PumpBytes));
                    _isPumping = count > 0;
                    if (count == 0 && Failure is not null)
                        _sendingOver.TrySetResult();
                }

                if (count == 0)
                    return;
                // The thread is the program's: it sends once for others, not for as long as they have something.
                if (round == 1)
                    await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                await _secured.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                await _secured.FlushAsync().ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // The carrier may be anything and fail with anything; the connection is over in any case.
        catch (Exception error)
#pragma warning restore CA1031
        {
            OnCarrierLost(error);
            _sendingOver.TrySetResult();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Takes what is due, as much as there is room for; returns how many bytes. Under the gate.</summary>
    private int Fill(Span<byte> buffer)
    {
        if (Failure is not null)
        {
            if (_goodbye is not { } goodbye || _goodbyeSent)
                return 0;
            _goodbyeSent = true;
            return goodbye.Write(buffer);
        }

        int used = FillOwn(buffer);
        while (_controls.Count > 0 && buffer.Length - used >= TunnelStream.MaxControlBytes)
            used += _controls.Dequeue().WriteControl(buffer[used..]);
        used += FillData(buffer[used..]);
        if (used > 0)
            ServeWaitingForRoom();
        return used;
    }

    private int FillOwn(Span<byte> buffer)
    {
        int used = 0;
        if (_helloDue)
        {
            used += new TunnelHello(Options.StreamWindowBytes, Options.ConnectionWindowBytes, Options.MaxStreams).Write(buffer);
            _helloDue = false;
        }

        if (_pongDue)
            used += TunnelFrame.WriteNumber(buffer[used..], TunnelFrameType.Pong, 0, _pong);
        if (_pingDue)
        {
            _lastPing = _time.GetTimestamp();
            used += TunnelFrame.WriteNumber(buffer[used..], TunnelFrameType.Ping, 0, ++_pingNumber);
        }

        if (_connectionWindowDue)
        {
            _connectionLimit = _connectionReturned + Options.ConnectionWindowBytes;
            used += TunnelFrame.WriteNumber(buffer[used..], TunnelFrameType.ConnectionWindow, 0, _connectionLimit);
        }

        if (_streamsDue)
        {
            _peerAllowed = Options.MaxStreams + _peerReleased;
            used += TunnelFrame.WriteNumber(buffer[used..], TunnelFrameType.Streams, 0, _peerAllowed);
        }

        _pongDue = _pingDue = _connectionWindowDue = _streamsDue = false;
        return used;
    }

    private int FillData(Span<byte> buffer)
    {
        int used = 0;
        while (_writers.Count > 0)
        {
            int room = buffer.Length - used - TunnelFrame.HeaderBytes;
            int most = Math.Min(room, _writers.Count > 1 ? TurnBytes : TunnelFrame.MaxDataBytes);
            // A piece of what a stream has only where it is worth a frame.
            if (room < TurnBytes)
                break;
            TunnelStream stream = _writers.Dequeue();
            long granted = _connectionSendLimit - _connectionSent;
            if (granted <= 0 && !stream.HasOnlyEndToSend)
            {
                // It stays noted as one that has data until the window grows.
                _blocked.Add(stream);
                continue;
            }

            stream.IsDataQueued = false;
            used += stream.WriteData(buffer[used..], (int)Math.Min(most, Math.Max(0, granted)));
            if (stream.CanSend)
                QueueData(stream);
        }

        return used;
    }

    private void ServeWaitingForRoom()
    {
        for (int i = _waitingForRoom.Count - 1; i >= 0; i--)
        {
            TunnelStream stream = _waitingForRoom[i];
            if (!stream.TryGiveRoom())
                continue;
            stream.IsWaitingForRoom = false;
            _waitingForRoom[i] = _waitingForRoom[^1];
            _waitingForRoom.RemoveAt(_waitingForRoom.Count - 1);
        }
    }
}
