using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <content>Sending. All of it happens under the endpoint's gate.</content>
internal sealed unsafe partial class QuicConnection
{
    /// <summary>Pieces of a stream's data given to the protocol at once.</summary>
    private const int MaxPieces = 4;

    private readonly Queue<QuicStream> _sendQueue = new();
    private readonly List<QuicStream> _blockedByConnection = [];
    private long _datagramsSent;
    private long _datagramsReceived;

    /// <summary>Whether it is among those that may have something to send.</summary>
    public bool IsDirty { get; set; }

    private enum Filling
    {
        /// <summary>The packet is as full as it gets, or nothing may be sent.</summary>
        PacketDone,

        /// <summary>There is room for data of another stream.</summary>
        MoreRoom,

        /// <summary>The protocol failed.</summary>
        Failed,
    }

    /// <summary>Fills packets until nothing more can be sent now. Streams take turns, a packet each; small ones share one.</summary>
    public void Flush(ulong now)
    {
        if (_phase is not (ConnectionPhase.Handshake or ConnectionPhase.Open))
            return;
        RetryBlocked();
        SendBatch batch = Endpoint.Sending;
        long allowance = (long)NativeQuic.ngtcp2_conn_get_send_quantum(_connection);
        NetAddress local = default, remote = default;
        NativePath path = default;
        path.Local.Address = local.Bytes;
        path.Remote.Address = remote.Bytes;
        while (allowance > 0 && !batch.IsBlocked)
        {
            nint length = FillPacket(&path, batch.Reserve(), now);
            if (length < 0)
            {
                CloseByLibrary((int)length, now);
                return;
            }

            if (length == 0)
                break;
            remote.Length = path.Remote.Length;
            batch.Commit((int)length, remote);
            _datagramsSent++;
            allowance -= length;
        }

        NativeQuic.ngtcp2_conn_update_pkt_tx_time(_connection, now);
        if (batch.IsBlocked)
            Endpoint.MarkDirty(this);
    }

    /// <summary>Its data is to be sent when its turn comes.</summary>
    private void QueueToSend(QuicStream stream)
    {
        if (stream.IsQueued || stream.IsBlocked || stream.IsClosed)
            return;
        stream.IsQueued = true;
        _sendQueue.Enqueue(stream);
    }

    /// <summary>The library does not say when the connection's window opens; streams that wait for it try again.</summary>
    private void RetryBlocked()
    {
        if (_blockedByConnection.Count == 0 || NativeQuic.ngtcp2_conn_get_max_data_left(_connection) == 0)
            return;
        foreach (QuicStream stream in _blockedByConnection)
        {
            stream.IsBlocked = false;
            QueueToSend(stream);
        }

        _blockedByConnection.Clear();
    }

    private nint FillPacket(NativePath* path, byte* destination, ulong now)
    {
        while (_sendQueue.TryPeek(out QuicStream? stream))
        {
            if (stream.IsClosed)
            {
                Dequeue(stream);
                continue;
            }

            nint result = 0;
            switch (FillFrom(stream, path, destination, now, &result))
            {
                case Filling.PacketDone:
                case Filling.Failed:
                    return result;
                case Filling.MoreRoom:
                    continue;
            }
        }

        NativePacketInfo info = default;
        nint ignored;
        return NativeQuic.ngtcp2_conn_writev_stream_versioned(
            _connection, path, 1, &info, destination, (nuint)_datagramLimit, &ignored, 0, -1, null, 0, now);
    }

    private Filling FillFrom(QuicStream stream, NativePath* path, byte* destination, ulong now, nint* result)
    {
        NativeVector* pieces = stackalloc NativeVector[MaxPieces];
        NativePacketInfo info = default;
        nint taken = -1;
        bool rest;
        SendBuffer sending = stream.Sending;
        lock (sending)
        {
            if (stream.IsWritingOver || !sending.HasUnsent)
            {
                Dequeue(stream);
                return Filling.MoreRoom;
            }

            int count = sending.PeekUnsent(pieces, MaxPieces);
            long available = 0;
            for (int i = 0; i < count; i++)
                available += (long)pieces[i].Length;
            bool end = sending.HasEnd && available == sending.End - sending.Sent;
            *result = NativeQuic.ngtcp2_conn_writev_stream_versioned(
                _connection, path, 1, &info, destination, (nuint)_datagramLimit, &taken,
                NativeQuic.WriteFlagMore | (end ? NativeQuic.WriteFlagFin : 0), stream.Id, pieces, (nuint)count, now);
            if (taken >= 0)
                sending.MarkSent(taken, end && taken == available);
            rest = sending.HasUnsent;
        }

        return AfterWrite(stream, *result, rest);
    }

    private Filling AfterWrite(QuicStream stream, nint result, bool rest)
    {
        switch (result)
        {
            case NativeQuic.ErrorStreamDataBlocked:
                Dequeue(stream);
                stream.IsBlocked = true;
                // The window of the stream itself has an event of its own.
                if (NativeQuic.ngtcp2_conn_get_max_data_left(_connection) == 0)
                    _blockedByConnection.Add(stream);
                return Filling.MoreRoom;
            case NativeQuic.ErrorStreamShutWrite:
            case NativeQuic.ErrorStreamNotFound:
                Dequeue(stream);
                OnWritesStopped(stream);
                return Filling.MoreRoom;
            case NativeQuic.ErrorWriteMore:
                if (!rest)
                    Dequeue(stream);
                return Filling.MoreRoom;
        }

        if (result < 0)
            return Filling.Failed;
        if (!rest)
            Dequeue(stream);
        else if (result > 0 && _sendQueue.Count > 1)
            _sendQueue.Enqueue(_sendQueue.Dequeue());
        return Filling.PacketDone;
    }

    private void Dequeue(QuicStream stream)
    {
        stream.IsQueued = false;
        _sendQueue.Dequeue();
    }

    /// <summary>
    /// The peer stopped reading. Its code comes when the stream closes, which is soon where the peer has also finished writing.
    /// </summary>
    private static void OnWritesStopped(QuicStream stream)
    {
        if (!stream.IsReadingOver)
            stream.OnWriteFailed(new TransportException(TransportFailure.Application, 0, "The peer stopped reading the stream."));
    }
}
