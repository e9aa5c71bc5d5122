using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Mycel.Transport.Tunnel;

/// <content>Receiving: one task reads frames and does what they say.</content>
public sealed partial class TunnelConnection
{
    /// <summary>Bytes read at once; at least the largest frame.</summary>
    private const int ReceiveBytes = 2 * TunnelFrame.MaxBytes;

    /// <summary>Pings that may come in a row, and how many more each second: an honest peer sends 40 a second at most.</summary>
    private const int PingBurst = 1000, PingsPerSecond = 100;

    private readonly Dictionary<long, TunnelStream> _streams = [];
    private readonly List<TunnelStream> _arrived = [];
    private readonly List<(TunnelStream Stream, int Count)> _deferredReads = [];
    private readonly TaskCompletionSource _receivingOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hasPeerHello;
    private long _nextPeerId;
    private long _peerOpened;
    private long _peerAllowed;
    private long _peerReleased;
    private long _localOver;
    private long _connectionReceived;
    private long _connectionReturned;
    private long _connectionLimit;
    private double _pingsLeft = PingBurst;
    private long _pingsCounted;

    /// <summary>Bytes of this connection's window that nobody holds any more. Under the gate.</summary>
    internal void GiveBack(long bytes)
    {
        _connectionReturned += bytes;
        _connectionWindowDue |= _connectionReturned + Options.ConnectionWindowBytes - _connectionLimit >= Options.ConnectionWindowBytes / 4;
    }

    /// <summary>Remembers a reader to go on on this thread, once the gate is left; false where readers go on elsewhere. Under the gate.</summary>
    internal bool DeferRead(TunnelStream stream, int count)
    {
        if (Options.InlineCompletions)
            _deferredReads.Add((stream, count));
        return Options.InlineCompletions;
    }

    /// <summary>Does what the whole frames say; returns how many bytes they have.</summary>
    internal int Feed(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        bool pump;
        lock (Gate)
        {
            _lastReceived = _time.GetTimestamp();
            while (Failure is null)
            {
                int length = TunnelFrame.Read(bytes[used..], out TunnelFrame frame, out string? problem);
                if (length == 0 && problem is null)
                    break;
                used += length;
                if ((problem ?? Handle(frame)) is { } broken)
                    FailProtocol(broken);
            }

            // What comes after the end is of no interest.
            if (Failure is not null)
                used = bytes.Length;
            pump = TryStartPump();
        }

        if (pump)
            Pump();
        TellPrograms();
        return used;
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveBytes);
        int held = 0;
        try
        {
            while (true)
            {
                int count = await _secured.ReadAsync(buffer.AsMemory(held, ReceiveBytes - held)).ConfigureAwait(false);
                if (count == 0)
                    break;
                held += count;
                int used = Feed(buffer.AsSpan(0, held));
                held -= used;
                if (held > 0 && used > 0)
                    buffer.AsSpan(used, held).CopyTo(buffer);
            }

            OnCarrierLost(null);
        }
#pragma warning disable CA1031 // The carrier may be anything and fail with anything; the connection is over in any case.
        catch (Exception error)
#pragma warning restore CA1031
        {
            OnCarrierLost(error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _receivingOver.TrySetResult();
        }
    }

    /// <summary>Hands out new streams, and lets readers go on that do so on this thread. Outside the gate; only the receiving task.</summary>
    private void TellPrograms()
    {
        foreach (TunnelStream stream in _arrived)
        {
            if (!_incoming.Writer.TryWrite(stream))
                _ = stream.DisposeAsync().AsTask();
        }

        _arrived.Clear();
        foreach ((TunnelStream stream, int count) in _deferredReads)
            stream.FinishRead(count, inline: true);
        _deferredReads.Clear();
    }

    /// <summary>Does what a frame says; returns what is wrong with it.</summary>
    private string? Handle(in TunnelFrame frame)
    {
        if (frame.Type == TunnelFrameType.Hello)
            return OnHello(frame.Payload);
        if (!_hasPeerHello && frame.Type is not (TunnelFrameType.Close or TunnelFrameType.Fail))
            return $"a frame {frame.Type} before the first";
        switch (frame.Type)
        {
            case TunnelFrameType.ConnectionWindow:
                return OnConnectionWindow(frame.Number);
            case TunnelFrameType.Streams:
                return OnStreams(frame.Number);
            case TunnelFrameType.Ping:
                return OnPing(BinaryPrimitives.ReadInt64BigEndian(frame.Payload));
            case TunnelFrameType.Pong:
                OnPong(BinaryPrimitives.ReadInt64BigEndian(frame.Payload));
                return null;
            case TunnelFrameType.Close or TunnelFrameType.Fail:
                OnGoodbye(frame);
                return null;
            default:
                return HandleOfStream(frame);
        }
    }

    private string? HandleOfStream(in TunnelFrame frame)
    {
        if (FindStream(frame, out TunnelStream? stream) is { } problem)
            return problem;
        if (stream is null)
            return "a frame for a stream that is not open";
        switch (frame.Type)
        {
            case TunnelFrameType.Data or TunnelFrameType.Last:
                _connectionReceived += frame.Payload.Length;
                return _connectionReceived > _connectionLimit
                    ? "more data on the connection than was granted"
                    : stream.OnData(frame.Payload, frame.Type == TunnelFrameType.Last);
            case TunnelFrameType.Reset:
                return stream.OnReset(frame.Number);
            case TunnelFrameType.Stop:
                return stream.OnStop(frame.Number);
            case TunnelFrameType.Done:
                return stream.OnDone();
            default:
                return stream.OnWindow(frame.Number);
        }
    }

    /// <summary>The stream of a frame, a new one where the frame may begin one. Returns what is wrong.</summary>
    private string? FindStream(in TunnelFrame frame, [NotNullWhen(true)] out TunnelStream? stream)
    {
        if (_streams.TryGetValue(frame.Stream, out stream))
            return null;
        if (frame.Stream != _nextPeerId || frame.Type is TunnelFrameType.Done or TunnelFrameType.StreamWindow)
            return $"a frame {frame.Type} for a stream that is not open";
        if (_peerOpened == _peerAllowed)
            return "more streams than were granted";
        _peerOpened++;
        _nextPeerId += 2;
        stream = new TunnelStream(this, frame.Stream, _blocks);
        _openStreams++;
        AddStream(stream);
        _arrived.Add(stream);
        return null;
    }

    private void AddStream(TunnelStream stream)
    {
        _streams.Add(stream.Id, stream);
        if (_streams.Count == 1)
            NoteBusy();
    }

    private string? OnHello(ReadOnlySpan<byte> payload)
    {
        if (_hasPeerHello)
            return "a second frame Hello";
        if (TunnelHello.Read(payload, out TunnelHello hello) is { } problem)
            return problem;
        _hasPeerHello = true;
        Peer = hello;
        _allowed = hello.MaxStreams;
        _connectionSendLimit = hello.ConnectionWindow;
        _ready.TrySetResult();
        return null;
    }

    private string? OnConnectionWindow(long limit)
    {
        if (limit <= _connectionSendLimit)
            return "a window of the connection that does not grow";
        _connectionSendLimit = limit;
        foreach (TunnelStream stream in _blocked)
            _writers.Enqueue(stream);
        _blocked.Clear();
        return null;
    }

    private string? OnStreams(long allowed)
    {
        // A place is given back only for a stream of which both sides have said all: so what this side remembers is bounded.
        if (allowed <= _allowed || allowed > Peer.MaxStreams + _localOver)
            return $"{allowed} streams granted, where {_allowed} were and {_localOver} are over";
        _allowed = allowed;
        ServeOpenWaiters();
        return null;
    }

    private string? OnPing(long content)
    {
        _pingsLeft = Math.Min(PingBurst, _pingsLeft + (_time.GetElapsedTime(_pingsCounted, _lastReceived).TotalSeconds * PingsPerSecond));
        _pingsCounted = _lastReceived;
        if (--_pingsLeft < 0)
            return "too many pings";
        // Only the latest is answered, however many come while the answer cannot go out.
        _pong = content;
        _pongDue = true;
        return null;
    }

    private void OnPong(long content)
    {
        // Another number is that of an earlier ping, or made up.
        if (content != _pingNumber)
            return;
        TimeSpan sample = _time.GetElapsedTime(_lastPing, _lastReceived);
        _roundTrip = _roundTrip == TimeSpan.Zero ? sample : ((7 * _roundTrip) + sample) / 8;
    }
}
