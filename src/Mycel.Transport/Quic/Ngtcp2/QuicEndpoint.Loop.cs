using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <content>The endpoint's thread, and what happens under the gate.</content>
internal sealed unsafe partial class QuicEndpoint
{
    /// <summary>A sleep as short as this costs more than it waits for: the thread looks again instead.</summary>
    private const ulong ShortestSleep = 30_000;

    /// <summary>While the system takes no datagrams, timers are looked at no more often than this.</summary>
    private const ulong BlockedSleep = 1_000_000;

    /// <summary>Reads of the socket in one go, before what came is dealt with.</summary>
    private const int MaxReceives = 8;

    private readonly ReceiveBatch _receiving = new();
    private readonly List<QuicStream> _deliveries = [];
    private readonly List<QuicStream> _settled = [];
    private readonly List<QuicStream> _acceptances = [];
    private readonly List<QuicStream> _roomWaiters = [];
    private List<QuicConnection> _dirty = [];
    private List<QuicConnection> _flushing = [];
    private ulong _plannedWake;

    /// <summary>Whether writers that wait for room should be looked at. Under the gate.</summary>
    public bool RoomMayHaveChanged { get; set; }

    /// <summary>The connection may have something to send.</summary>
    public void MarkDirty(QuicConnection connection)
    {
        if (connection.IsDirty)
            return;
        connection.IsDirty = true;
        _dirty.Add(connection);
    }

    /// <summary>The stream's reader may go on. Told after the native calls are over.</summary>
    public void MarkForDelivery(QuicStream stream)
    {
        if (stream.IsMarkedForDelivery)
            return;
        stream.IsMarkedForDelivery = true;
        _deliveries.Add(stream);
    }

    /// <summary>The peer opened the stream. Told after the native calls are over.</summary>
    public void MarkForAcceptance(QuicStream stream) => _acceptances.Add(stream);

    /// <summary>The stream's writer waits for room.</summary>
    public void AwaitRoom(QuicStream stream)
    {
        RoomMayHaveChanged = true;
        if (stream.IsWaitingForRoom)
            return;
        stream.IsWaitingForRoom = true;
        _roomWaiters.Add(stream);
    }

    private void Run()
    {
        try
        {
            Loop();
        }
#pragma warning disable CA1031 // The thread must end in order whatever happened: connections tell their programs, and native memory is freed.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _accepted.Writer.TryComplete(error);
        }

        _stopping = true;
        Shutdown();
        _ended.TrySetResult();
    }

    private void Loop()
    {
        Libc.PollDescriptor* descriptors = stackalloc Libc.PollDescriptor[2];
        // The usual slack of 50 us is many times the gaps between packets.
        _ = Libc.prctl(Libc.SetTimerSlack, 1000, 0, 0, 0);
        while (!_stopping)
        {
            ulong wait = PlanSleep();
            descriptors[0] = new Libc.PollDescriptor { Descriptor = _socket.Descriptor, Events = (short)(Sending.IsBlocked ? Libc.PollIn | Libc.PollOut : Libc.PollIn) };
            descriptors[1] = new Libc.PollDescriptor { Descriptor = _event, Events = Libc.PollIn };
            var time = new Libc.TimeSpecification { Seconds = (long)(wait / MonotonicClock.Second), Nanoseconds = (long)(wait % MonotonicClock.Second) };
            _ = Libc.ppoll(descriptors, 2, &time, null);
            Volatile.Write(ref _sleeping, 0);
            ulong ignored;
            if (descriptors[1].Returned != 0)
                _ = Libc.read(_event, &ignored, sizeof(ulong));
            Turn(descriptors[0].Returned);
        }
    }

    /// <summary>How long to sleep, in nanoseconds. From here on those who post see to it that the thread wakes.</summary>
    private ulong PlanSleep()
    {
        lock (_gate)
        {
            ulong next = Deadlines.Earliest;
            _plannedWake = next;
            Volatile.Write(ref _sleeping, 1);
            Interlocked.MemoryBarrier();
            ulong now = MonotonicClock.Now;
            ulong wait = next <= now ? 0 : Math.Min(next - now, 3600 * MonotonicClock.Second);
            if (Sending.IsBlocked)
                wait = Math.Max(wait, BlockedSleep);
            else if (wait < ShortestSleep || _dirty.Count > 0)
                wait = 0;
            if (!_posted.IsEmpty)
                wait = 0;
            if (wait == 0)
                Volatile.Write(ref _sleeping, 0);
            return wait;
        }
    }

    private void Turn(short socketEvents)
    {
        lock (_gate)
        {
            Advance();
            if (Sending.IsBlocked && (socketEvents & Libc.PollOut) != 0)
                Sending.Retry();
            if ((socketEvents & Libc.PollIn) != 0)
                ReceiveAll();
            DrainPosted();
            if (!Options.InlineCompletions)
            {
                Finish(timers: true);
                return;
            }

            SettleDeliveries();
        }

        // The program's code runs with the gate open, and before anything is sent: what it answers leaves with the acknowledgement.
        Tell(inline: true);
        lock (_gate)
        {
            Advance();
            DrainPosted();
            Finish(timers: true);
        }
    }

    private void Advance() => Now = Math.Max(Now, MonotonicClock.Now);

    private void DrainPosted()
    {
        while (_posted.TryDequeue(out object? work))
        {
            if (work is QuicStream stream)
                stream.Connection.OnWork(stream, stream.TakePosted());
            else
                ((Action)work)();
        }
    }

    /// <summary>Timers, readers, writers, then all that is to be sent.</summary>
    private void Finish(bool timers)
    {
        while (timers && Deadlines.Earliest <= Now)
        {
            QuicConnection due = Deadlines.First;
            Deadlines.Remove(due);
            due.OnDeadline(Now);
        }

        SettleDeliveries();
        Tell(inline: false);
        GiveRoom();
        FlushDirty();
        // Sending may end a connection, whose readers are told now; that is rare.
        if (_deliveries.Count > 0)
        {
            SettleDeliveries();
            Tell(inline: false);
        }
    }

    private void SettleDeliveries()
    {
        for (int i = 0; i < _deliveries.Count; i++)
        {
            QuicStream stream = _deliveries[i];
            stream.IsMarkedForDelivery = false;
            if (stream.SettleRead())
                _settled.Add(stream);
        }

        _deliveries.Clear();
    }

    private void Tell(bool inline)
    {
        for (int i = 0; i < _acceptances.Count; i++)
            _acceptances[i].Connection.OfferStream(_acceptances[i]);
        _acceptances.Clear();
        for (int i = 0; i < _settled.Count; i++)
            _settled[i].CompleteRead(inline);
        _settled.Clear();
    }

    private void GiveRoom()
    {
        if (!RoomMayHaveChanged)
            return;
        RoomMayHaveChanged = false;
        for (int i = _roomWaiters.Count - 1; i >= 0; i--)
        {
            QuicStream stream = _roomWaiters[i];
            if (!stream.TryGiveRoom())
                continue;
            stream.IsWaitingForRoom = false;
            _roomWaiters[i] = _roomWaiters[^1];
            _roomWaiters.RemoveAt(_roomWaiters.Count - 1);
        }
    }

    private void FlushDirty()
    {
        (_dirty, _flushing) = (_flushing, _dirty);
        foreach (QuicConnection connection in _flushing)
        {
            connection.IsDirty = false;
            connection.Flush(Now);
            connection.UpdateDeadline();
        }

        _flushing.Clear();
        Sending.Flush();
    }

    private void Shutdown()
    {
        lock (_gate)
        {
            Advance();
            DrainPosted();
            foreach (QuicConnection connection in _connections.ToArray())
                connection.CloseByProgram(0, "");
            Sending.Flush();
            foreach (QuicConnection connection in _connections.ToArray())
                connection.Destroy();
            _stopped = true;
            DrainPosted();
            RoomMayHaveChanged = true;
            GiveRoom();
            SettleDeliveries();
            Tell(inline: false);
            Credentials.Dispose();
            Sending.Dispose();
            _receiving.Dispose();
            _socket.Dispose();
            lock (_eventGate)
            {
                _eventClosed = true;
                _ = Libc.close(_event);
            }
        }
    }
}
