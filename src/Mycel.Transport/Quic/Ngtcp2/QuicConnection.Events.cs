using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <content>What the program asks of streams and what the protocol reports. All of it happens under the endpoint's gate.</content>
internal sealed unsafe partial class QuicConnection
{
    private readonly Dictionary<long, QuicStream> _streams = [];
    private int _releasedOfPeer;
    private ulong _busySince;

    /// <summary>A packet for this connection; garbage does no harm.</summary>
    /// <param name="path">Its addresses.</param>
    /// <param name="packet">The datagram.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="isForThis">Whether it carries an id of this connection, which strangers do not know: a sign of life then.</param>
    /// <param name="now">In nanoseconds.</param>
    public void Read(NativePath* path, byte* packet, int length, bool isForThis, ulong now)
    {
        _datagramsReceived++;
        NativePacketInfo info = default;
        int result = NativeQuic.ngtcp2_conn_read_pkt_versioned(_connection, path, 1, &info, packet, (nuint)length, now);
        switch (result)
        {
            case 0:
                if (isForThis)
                {
                    _lastReceived = now;
                    FollowAddress(path);
                }

                Endpoint.MarkDirty(this);
                break;
            case NativeQuic.ErrorDraining:
                Drain(now);
                break;
            case NativeQuic.ErrorRetry:
            case NativeQuic.ErrorDropConnection:
                FailWith(new TransportException(TransportFailure.Transport, result, $"The handshake with {RemoteEndPoint} could not begin."));
                Destroy();
                break;
            case NativeQuic.ErrorClosing:
                break;
            default:
                CloseByLibrary(result, now);
                break;
        }
    }

    /// <summary>Does what a stream's program asked for.</summary>
    public void OnWork(QuicStream stream, int work)
    {
        if (_phase is not (ConnectionPhase.Handshake or ConnectionPhase.Open))
        {
            WorkOnDead(stream, work);
            return;
        }

        if ((work & StreamWork.Credit) != 0)
            GiveBack(stream, stream.TakeReadCredit());
        if (!stream.IsClosed && (stream.Id >= 0 || Open(stream, work)))
            WorkOnOpen(stream, work);
        if ((work & StreamWork.AwaitRoom) != 0)
            Endpoint.AwaitRoom(stream);
        if ((work & StreamWork.Release) != 0)
        {
            Interlocked.Exchange(ref _releasesNoted, 0);
            stream.IsReleased = true;
            ReturnToConnection(stream.DropCredit());
            if (stream.IsClosed || stream.Id < 0)
                Finish(stream);
        }
    }

    /// <summary>Bytes that were read: the peer may send as many more.</summary>
    public void GiveBack(QuicStream stream, long bytes)
    {
        if (bytes == 0 || _phase is not (ConnectionPhase.Handshake or ConnectionPhase.Open))
            return;
        if (!stream.IsReadingOver && !stream.IsClosed)
            _ = NativeQuic.ngtcp2_conn_extend_max_stream_offset(_connection, stream.Id, (ulong)bytes);
        ReturnToConnection(bytes);
    }

    /// <summary>The handshake's certificate; whether it is accepted.</summary>
    public bool JudgeCertificate(ReadOnlySpan<byte> certificate)
    {
        _peerCertificate = certificate.ToArray();
        try
        {
            _refusal = Endpoint.Options.Validator(certificate);
        }
#pragma warning disable CA1031 // The validator is the program's: whatever it throws is a refusal.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _refusal = $"its certificate could not be checked: {error.Message}";
        }

        return _refusal is null;
    }

    /// <summary>Both sides have the keys; false to fail closed.</summary>
    public bool OnHandshakeCompleted()
    {
        if (_peerCertificate.Length == 0 || _refusal is not null || _tls is null || !_tls.HasAgreedOn(Endpoint.Options.Alpn))
            return false;
        if (IsServer)
            OnConfirmed();
        return true;
    }

    /// <summary>The peer is known to have accepted this side. A client learns that later than it has the keys.</summary>
    public void OnConfirmed()
    {
        if (_phase != ConnectionPhase.Handshake)
            return;
        NoteHandshakeOver();
        _phase = ConnectionPhase.Open;
        OnStreamsAllowed((long)NativeQuic.ngtcp2_conn_get_streams_bidi_left(_connection));
        _ready.TrySetResult();
        if (IsServer)
            Endpoint.Offer(this);
    }

    /// <summary>The peer allows so many streams, counted from the beginning.</summary>
    public void OnStreamsAllowed(long total)
    {
        lock (_openGate)
        {
            _allowed = Math.Max(_allowed, total);
            ServeOpenWaiters();
        }
    }

    public void OnStreamOpened(long id)
    {
        var stream = new QuicStream(this, id);
        Interlocked.Increment(ref _openStreams);
        Track(stream);
        Endpoint.MarkForAcceptance(stream);
    }

    public void OnStreamData(long id, ReadOnlySpan<byte> data, bool end)
    {
        if (!_streams.TryGetValue(id, out QuicStream? stream))
        {
            ReturnToConnection(data.Length);
            return;
        }

        ReturnToConnection(stream.OnData(data, end));
        Endpoint.MarkForDelivery(stream);
    }

    public void OnStreamAcknowledged(long id, long upTo)
    {
        if (!_streams.TryGetValue(id, out QuicStream? stream))
            return;
        stream.OnAcknowledged(upTo);
        Endpoint.RoomMayHaveChanged = true;
    }

    public void OnStreamWindow(long id)
    {
        if (!_streams.TryGetValue(id, out QuicStream? stream) || !stream.IsBlocked)
            return;
        stream.IsBlocked = false;
        QueueToSend(stream);
    }

    public void OnStreamReset(long id, long code)
    {
        if (!_streams.TryGetValue(id, out QuicStream? stream))
            return;
        stream.OnReadFailed(new TransportException(TransportFailure.Application, code, $"The peer aborted the stream with code {code}."));
        ReturnToConnection(stream.DropCredit());
    }

    public void OnStreamClosed(long id, long? code)
    {
        if (!_streams.Remove(id, out QuicStream? stream))
            return;
        if (_streams.Count == 0)
            _busySince = Endpoint.Now;
        stream.OnClosed(code);
        Endpoint.RoomMayHaveChanged = true;
        if (stream.IsReleased)
            Finish(stream);
    }

    public void OnReset() => _wasReset = true;

    /// <summary>A connection id of ours, with the token by which a peer knows a reset to be true.</summary>
    public void IssueCid(NativeCid* cid, byte* token, int length)
    {
        *cid = QuicEndpoint.NewCid();
        cid->Length = (nuint)length;
        Endpoint.WriteResetToken(cid, token);
        AddCid(CidKey.From(cid));
    }

    public void RetireCid(NativeCid* cid)
    {
        CidKey key = CidKey.From(cid);
        Endpoint.Remove(key);
        _cids.Remove(key);
    }

    private void WorkOnOpen(QuicStream stream, int work)
    {
        if ((work & StreamWork.Reset) != 0)
            _ = NativeQuic.ngtcp2_conn_shutdown_stream_write(_connection, 0, stream.Id, (ulong)stream.ResetCode);
        if ((work & StreamWork.Stop) != 0)
        {
            ReturnToConnection(stream.DropCredit());
            _ = NativeQuic.ngtcp2_conn_shutdown_stream_read(_connection, 0, stream.Id, (ulong)stream.StopCode);
        }

        if ((work & StreamWork.Write) != 0)
            QueueToSend(stream);
        if ((work & ~(StreamWork.Credit | StreamWork.Release)) != 0)
            Endpoint.MarkDirty(this);
    }

    /// <summary>Opens a stream with the first that the peer shall see of it; false where there is nothing to see.</summary>
    private bool Open(QuicStream stream, int work)
    {
        if ((work & StreamWork.Write) == 0 || stream.IsWritingOver)
            return false;
        long id;
        int result = NativeQuic.ngtcp2_conn_open_bidi_stream(_connection, &id, 0);
        if (result != 0)
        {
            stream.OnConnectionLost(new TransportException(TransportFailure.Transport, result, $"The stream could not be opened: {NativeQuic.Describe(result)}."));
            return false;
        }

        stream.SetId(id);
        Track(stream);
        return true;
    }

    private void Track(QuicStream stream)
    {
        if (_streams.Count == 0)
            _busySince = Endpoint.Now;
        _streams.Add(stream.Id, stream);
    }

    /// <summary>Both the protocol and the program are done with it.</summary>
    private void Finish(QuicStream stream)
    {
        if (stream.IsLocal && stream.Id < 0)
        {
            stream.FreeSendBuffer();
            lock (_openGate)
            {
                TakeBackGrant();
                ServeOpenWaiters();
            }

            return;
        }

        Interlocked.Decrement(ref _openStreams);
        // In batches: a packet for each would cost as much as the stream.
        if (!stream.IsLocal && ++_releasedOfPeer >= Endpoint.StreamBatch)
        {
            NativeQuic.ngtcp2_conn_extend_max_streams_bidi(_connection, (nuint)_releasedOfPeer);
            _releasedOfPeer = 0;
            Endpoint.MarkDirty(this);
        }
    }

    private void ReturnToConnection(long bytes)
    {
        if (bytes == 0 || _connection == 0)
            return;
        NativeQuic.ngtcp2_conn_extend_max_offset(_connection, (ulong)bytes);
        Endpoint.MarkDirty(this);
    }

    private void WorkOnDead(QuicStream stream, int work)
    {
        if (_failure is not null)
            stream.OnConnectionLost(_failure);
        if ((work & StreamWork.Release) == 0 || stream.IsReleased)
            return;
        stream.IsReleased = true;
        Interlocked.Decrement(ref _openStreams);
        if (stream.IsClosed || stream.Id < 0 || _phase == ConnectionPhase.Dead)
            stream.FreeSendBuffer();
        Endpoint.RoomMayHaveChanged = true;
    }

    private void ReleaseStreams()
    {
        foreach (QuicStream stream in _streams.Values)
            stream.FreeSendBuffer();
        _streams.Clear();
        _sendQueue.Clear();
        _blockedByConnection.Clear();
        while (_incoming.Reader.TryRead(out QuicStream? stream))
            _ = stream.DisposeAsync().AsTask();
    }

    private void FollowAddress(NativePath* path)
    {
        if (NetAddress.From(path->Remote.Address, path->Remote.Length).Equals(_remote))
            return;
        // The library moves the connection only once the new address has answered.
        NativePath* current = NativeQuic.ngtcp2_conn_get_path(_connection);
        NetAddress before = _remote;
        _remote = NetAddress.From(current->Remote.Address, current->Remote.Length);
        _remoteEndPoint = _remote.ToEndPoint();
        Endpoint.MoveRemote(this, before);
    }
}
