using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <content>Making, ending and unmaking. All of it happens under the endpoint's gate.</content>
internal sealed unsafe partial class QuicConnection
{
    /// <summary>Datagrams to other machines begin with this limit, which the path is then probed for.</summary>
    private const int PathDatagramBytes = 1452;

    /// <summary>Datagrams on this machine: no link limits them, and fewer cost less.</summary>
    private static readonly int LoopbackDatagramBytes = Math.Clamp(UdpSocket.LoopbackMtu() - 48, PathDatagramBytes, 16 << 10);

    /// <summary>Connection ids of ours, and those that are proposed to a peer.</summary>
    private const ulong ActiveCidLimit = 4;

    private readonly List<CidKey> _cids = [];
    private readonly TransportException _lost = new(TransportFailure.Local, 0, "The connection was closed here.");
    private ConnectionPhase _phase;
    private nint _connection;
    private TlsSession? _tls;
    private NativeConnectionReference* _reference;
    private GCHandle _self;
    private byte[] _peerCertificate = [];
    private string? _refusal;
    private NetAddress _remote;
    private byte[]? _closePacket;
    private int _closeAnswers;
    private int _datagramLimit;
    private ulong _lastReceived;
    private bool _probesOften;
    private bool _wasReset;

    public ConnectionPhase Phase => _phase;

    public NetAddress Remote => _remote;

    /// <summary>Makes the native connection of a peer that wants to connect.</summary>
    /// <exception cref="TransportException">It cannot be made.</exception>
    public void CreateServer(NativePath* path, NativePacketHeader* header, NativeCid* retriedFrom, ulong now)
    {
        NativeSettings settings;
        NativeTransportParameters parameters;
        FillSettings(&settings, &parameters, now);
        NativeCid source = QuicEndpoint.NewCid();
        parameters.OriginalDestination = retriedFrom is null ? header->Destination : *retriedFrom;
        parameters.OriginalDestinationPresent = 1;
        if (retriedFrom is not null)
        {
            parameters.RetrySource = header->Destination;
            parameters.RetrySourcePresent = 1;
            settings.Token = header->Token;
            settings.TokenLength = header->TokenLength;
            settings.TokenType = NativeQuic.TokenTypeRetry;
        }

        parameters.StatelessResetTokenPresent = 1;
        Endpoint.WriteResetToken(&source, &parameters.StatelessResetToken);
        NativeCallbacks callbacks = ConnectionCallbacks.Table;
        Prepare();
        nint connection;
        int result = NativeQuic.ngtcp2_conn_server_new_versioned(
            &connection, &header->Source, &source, path, header->Version, 1, &callbacks, 1, &settings, 1, &parameters, null, GCHandle.ToIntPtr(_self));
        Complete(result, connection);
        AddCid(CidKey.From(&header->Destination));
        AddCid(CidKey.From(&source));
    }

    /// <summary>Makes the native connection to a peer.</summary>
    /// <exception cref="TransportException">It cannot be made.</exception>
    public void CreateClient(NativePath* path, ulong now)
    {
        NativeSettings settings;
        NativeTransportParameters parameters;
        FillSettings(&settings, &parameters, now);
        NativeCid source = QuicEndpoint.NewCid();
        NativeCid destination = default;
        destination.Length = 18;
        RandomNumberGenerator.Fill(new Span<byte>(destination.Data, 18));
        NativeCallbacks callbacks = ConnectionCallbacks.Table;
        Prepare();
        nint connection;
        int result = NativeQuic.ngtcp2_conn_client_new_versioned(
            &connection, &destination, &source, path, NativeQuic.Version1, 1, &callbacks, 1, &settings, 1, &parameters, null, GCHandle.ToIntPtr(_self));
        Complete(result, connection);
        AddCid(CidKey.From(&source));
    }

    /// <summary>Its time has come: the protocol's timers, a silent peer, or the end of closing.</summary>
    public void OnDeadline(ulong now)
    {
        if (_phase is ConnectionPhase.Closing or ConnectionPhase.Draining)
        {
            Destroy();
            return;
        }

        if (NativeQuic.ngtcp2_conn_get_expiry(_connection) <= now)
        {
            int result = NativeQuic.ngtcp2_conn_handle_expiry(_connection, now);
            if (result != 0)
            {
                CloseByLibrary(result, now);
                return;
            }
        }

        if (SilentSince() is { } since && since + Endpoint.SilenceTimeout <= now)
        {
            FailWith(new TransportException(TransportFailure.Timeout, 0, $"{RemoteEndPoint} has not answered for {Endpoint.Options.SilenceTimeout.TotalSeconds:0.#} s with streams open."));
            CloseWith(0, "", now);
            return;
        }

        Endpoint.MarkDirty(this);
    }

    /// <summary>Puts the connection to its new place among the deadlines.</summary>
    public void UpdateDeadline()
    {
        if (_phase is not (ConnectionPhase.Handshake or ConnectionPhase.Open))
            return;
        ProbeAsNeeded();
        ulong deadline = NativeQuic.ngtcp2_conn_get_expiry(_connection);
        if (SilentSince() is { } since)
            deadline = Math.Min(deadline, since + Endpoint.SilenceTimeout);
        Endpoint.Deadlines.Set(this, deadline);
    }

    /// <summary>A packet came for a connection that is closing: the close packet again, ever more rarely.</summary>
    public void AnswerClosed()
    {
        _closeAnswers++;
        if (_phase == ConnectionPhase.Closing && _closePacket is not null && (_closeAnswers & (_closeAnswers - 1)) == 0)
            Endpoint.SendDatagram(_closePacket, _remote);
    }

    /// <summary>Closes for the program, or because the endpoint goes.</summary>
    public void CloseByProgram(long code, string reason)
    {
        if (_phase is not (ConnectionPhase.Handshake or ConnectionPhase.Open))
            return;
        CloseWith((ulong)code, reason, Endpoint.Now);
        FailWith(new TransportException(TransportFailure.Local, code, reason.Length == 0 ? _lost.Message : $"The connection was closed here: {reason}"), new TransportEnd(TransportFailure.Local, code, reason));
    }

    /// <summary>It never came about.</summary>
    public void Abandon(TransportException error)
    {
        FailWith(error);
        Destroy();
    }

    /// <summary>Frees what is native. Only then may memory that the protocol pointed to be used again.</summary>
    public void Destroy()
    {
        if (_phase == ConnectionPhase.Dead)
            return;
        FailWith(_lost);
        // One that was never registered was not counted either.
        if (Endpoint.IsRegistered(this))
            Leave(ConnectionPhase.Dead);
        _phase = ConnectionPhase.Dead;
        Endpoint.Forget(this, _cids);
        if (_connection != 0)
            NativeQuic.ngtcp2_conn_del(_connection);
        _connection = 0;
        _tls?.Free();
        NativeMemory.Free(_reference);
        _reference = null;
        if (_self.IsAllocated)
            _self.Free();
        ReleaseStreams();
    }

    private void FillSettings(NativeSettings* settings, NativeTransportParameters* parameters, ulong now)
    {
        EndpointOptions options = Endpoint.Options;
        NativeQuic.ngtcp2_settings_default_versioned(1, settings);
        settings->InitialTime = now;
        settings->HandshakeTimeout = MonotonicClock.Nanoseconds(options.HandshakeTimeout);
        settings->CongestionAlgorithm = options.Congestion == CongestionControl.Bbr ? NativeQuic.CongestionBbr : NativeQuic.CongestionCubic;
        _datagramLimit = PathDatagramBytes;
        if (_remote.IsLoopback && LoopbackDatagramBytes > PathDatagramBytes)
        {
            _datagramLimit = LoopbackDatagramBytes;
            settings->NoDatagramSizeShaping = 1;
            settings->NoPathMtuDiscovery = 1;
        }

        settings->MaxDatagramSize = (nuint)_datagramLimit;
        NativeQuic.ngtcp2_transport_params_default_versioned(1, parameters);
        parameters->InitialMaxStreamDataBidiLocal = parameters->InitialMaxStreamDataBidiRemote = (ulong)options.StreamWindowBytes;
        parameters->InitialMaxData = (ulong)options.ConnectionWindowBytes;
        parameters->InitialMaxStreamsBidi = (ulong)options.MaxStreams;
        parameters->MaxIdleTimeout = MonotonicClock.Nanoseconds(options.IdleTimeout);
        parameters->ActiveConnectionIdLimit = ActiveCidLimit;
    }

    private void Prepare()
    {
        _self = GCHandle.Alloc(this);
        _reference = (NativeConnectionReference*)NativeMemory.AllocZeroed((nuint)sizeof(NativeConnectionReference));
        _reference->GetConnection = ConnectionCallbacks.GetConnection;
        _reference->UserData = GCHandle.ToIntPtr(_self);
    }

    private void Complete(int result, nint connection)
    {
        if (result != 0)
            throw new TransportException(TransportFailure.Local, result, $"The connection could not be made: {NativeQuic.Describe(result)}.");
        _connection = connection;
        _reference->Connection = connection;
        _tls = new TlsSession(Endpoint.Credentials, IsServer, Endpoint.Options.Alpn, _reference, ConnectionCallbacks.Verify);
        NativeQuic.ngtcp2_conn_set_tls_native_handle(connection, _tls.Handle);
        NativeQuic.ngtcp2_conn_set_keep_alive_timeout(connection, MonotonicClock.Nanoseconds(Endpoint.Options.KeepAlive));
        _lastReceived = Endpoint.Now;
    }

    private void AddCid(CidKey cid)
    {
        Endpoint.Add(cid, this);
        _cids.Add(cid);
    }

    private ulong? SilentSince() => _phase == ConnectionPhase.Open && _streams.Count > 0 ? Math.Max(_lastReceived, _busySince) : null;

    /// <summary>While streams are open, the peer is asked for a sign of life often enough to be missed in time.</summary>
    private void ProbeAsNeeded()
    {
        bool often = _streams.Count > 0;
        if (often == _probesOften)
            return;
        ulong usual = MonotonicClock.Nanoseconds(Endpoint.Options.KeepAlive);
        // Back to the slow pace only when nothing was open for a while: requests in a row would change it each time.
        if (!often && Endpoint.Now < _busySince + Endpoint.SilenceTimeout)
            return;
        _probesOften = often;
        NativeQuic.ngtcp2_conn_set_keep_alive_timeout(_connection, often ? Math.Min(usual, Endpoint.SilenceTimeout / 4) : usual);
    }

    private void NoteHandshakeOver()
    {
        if (_phase == ConnectionPhase.Handshake && IsServer)
            Endpoint.HalfOpen--;
    }

    /// <summary>It carries nothing any more, and what is left of it takes nobody's place.</summary>
    private void Leave(ConnectionPhase phase)
    {
        if (_phase is ConnectionPhase.Handshake or ConnectionPhase.Open)
        {
            NoteHandshakeOver();
            Endpoint.Live--;
        }

        _phase = phase;
    }

    /// <summary>Ends everything the program waits for. What the protocol points to stays.</summary>
    private void FailWith(TransportException error, TransportEnd? end = null)
    {
        lock (_openGate)
        {
            if (_failure is not null)
                return;
            _failure = error;
            foreach (TaskCompletionSource<QuicStream> waiter in _openWaiters)
                waiter.TrySetException(error);
            _openWaiters.Clear();
        }

        _ready.TrySetException(error);
        // Nobody may be waiting for it.
        _ = _ready.Task.Exception;
        foreach (QuicStream stream in _streams.Values)
            stream.OnConnectionLost(error);
        Endpoint.RoomMayHaveChanged = true;
        _incoming.Writer.TryComplete();
        _closed.TrySetResult(end ?? new TransportEnd(error.Kind, error.Code, error.Message));
    }

    private void CloseByLibrary(int error, ulong now)
    {
        TransportException failure = _refusal is not null
            ? new TransportException(TransportFailure.Refused, 0, $"{RemoteEndPoint} is refused: {_refusal}")
            : DescribeLocal(error);
        if (error is NativeQuic.ErrorIdleClose or NativeQuic.ErrorHandshakeTimeout or NativeQuic.ErrorDropConnection)
        {
            FailWith(failure);
            Destroy();
            return;
        }

        NativeCloseError close = default;
        if (error == NativeQuic.ErrorCrypto)
            NativeQuic.ngtcp2_ccerr_set_tls_alert(&close, NativeQuic.ngtcp2_conn_get_tls_alert(_connection), null, 0);
        else
            NativeQuic.ngtcp2_ccerr_set_liberr(&close, error, null, 0);
        WriteClose(&close, now);
        FailWith(failure);
    }

    private void CloseWith(ulong code, string reason, ulong now)
    {
        NativeCloseError close = default;
        byte[] bytes = CloseReason.Cut(reason);
        fixed (byte* text = bytes)
        {
            NativeQuic.ngtcp2_ccerr_set_application_error(&close, code, text, (nuint)bytes.Length);
            WriteClose(&close, now);
        }
    }

    private void WriteClose(NativeCloseError* error, ulong now)
    {
        byte[] packet = new byte[PathDatagramBytes];
        NativePath path = default;
        NativePacketInfo info = default;
        NetAddress local = default, remote = default;
        path.Local.Address = local.Bytes;
        path.Remote.Address = remote.Bytes;
        nint length;
        fixed (byte* destination = packet)
            length = NativeQuic.ngtcp2_conn_write_connection_close_versioned(_connection, &path, 1, &info, destination, (nuint)packet.Length, error, now);
        if (length > 0)
        {
            _closePacket = packet[..(int)length];
            Endpoint.SendDatagram(_closePacket, _remote);
        }

        Leave(ConnectionPhase.Closing);
        Endpoint.Deadlines.Set(this, now + (3 * NativeQuic.ngtcp2_conn_get_pto(_connection)));
    }

    private void Drain(ulong now)
    {
        FailWith(DescribeRemote(out TransportEnd end), end);
        Leave(ConnectionPhase.Draining);
        Endpoint.Deadlines.Set(this, now + (3 * NativeQuic.ngtcp2_conn_get_pto(_connection)));
    }

    private TransportException DescribeLocal(int error) => error switch
    {
        NativeQuic.ErrorIdleClose => new TransportException(TransportFailure.Timeout, 0, $"{RemoteEndPoint} has not been heard of for {Endpoint.Options.IdleTimeout.TotalSeconds:0.#} s."),
        NativeQuic.ErrorHandshakeTimeout => new TransportException(TransportFailure.Timeout, 0, $"{RemoteEndPoint} did not answer. Is the node running, and UDP port {RemoteEndPoint.Port} open?"),
        NativeQuic.ErrorCrypto => DescribeAlert(NativeQuic.ngtcp2_conn_get_tls_alert(_connection), byPeer: false),
        NativeQuic.ErrorCallbackFailure => new TransportException(TransportFailure.Tls, 0, $"The handshake with {RemoteEndPoint} ended without certificate or protocol name."),
        _ => new TransportException(TransportFailure.Transport, error, $"The connection with {RemoteEndPoint} failed: {NativeQuic.Describe(error)}."),
    };

    private TransportException DescribeRemote(out TransportEnd end)
    {
        NativeCloseError* error = NativeQuic.ngtcp2_conn_get_ccerr(_connection);
        string reason = error->Reason is null ? "" : Encoding.UTF8.GetString(error->Reason, (int)Math.Min(error->ReasonLength, ITransportConnection.MaxReasonBytes));
        TransportException failure;
        if (_wasReset)
            failure = new TransportException(TransportFailure.Transport, 0, $"{RemoteEndPoint} has forgotten this connection; it was restarted.");
        else if (error->Type == NativeCloseError.Application)
            failure = new TransportException(TransportFailure.Application, (long)error->Code, $"{RemoteEndPoint} closed the connection with code {error->Code}{(reason.Length > 0 ? ": " + reason : "")}.");
        else if (error->Code == NativeQuic.ConnectionRefused)
            failure = new TransportException(TransportFailure.Refused, (long)error->Code, $"{RemoteEndPoint} takes no more connections at present.");
        else if (error->Code is >= NativeQuic.CryptoError and < NativeQuic.CryptoError + 256)
            failure = DescribeAlert((int)(error->Code - NativeQuic.CryptoError), byPeer: true);
        else
            failure = new TransportException(TransportFailure.Transport, (long)error->Code, $"{RemoteEndPoint} closed the connection: QUIC error {error->Code}{(reason.Length > 0 ? ", " + reason : "")}.");
        end = new TransportEnd(failure.Kind, failure.Code, failure.Kind == TransportFailure.Application ? reason : failure.Message);
        return failure;
    }

    /// <summary>TLS alerts (RFC 8446, 6.2): 42 to 46, 48 and 49 are about the certificate.</summary>
    private TransportException DescribeAlert(int alert, bool byPeer)
    {
        bool certificate = alert is (>= 42 and <= 46) or 48 or 49;
        string what = alert switch
        {
            116 => "no certificate was shown",
            120 => "the other side speaks another protocol or version of it",
            _ => certificate ? "the certificate was not accepted" : $"TLS alert {alert}",
        };
        return new TransportException(
            certificate ? TransportFailure.Refused : TransportFailure.Tls, (long)NativeQuic.CryptoError + alert,
            byPeer ? $"{RemoteEndPoint} refuses this node: {what}." : $"The handshake with {RemoteEndPoint} failed: {what}.");
    }
}
