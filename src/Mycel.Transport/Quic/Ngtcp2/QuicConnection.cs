using System.Net;
using System.Threading.Channels;
using Mycel.Transport.Buffers;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>How far a connection is.</summary>
internal enum ConnectionPhase
{
    /// <summary>The handshake is under way.</summary>
    Handshake,

    /// <summary>Both sides have accepted each other.</summary>
    Open,

    /// <summary>This side closed it; the close packet is kept for a while, for what the peer still sends.</summary>
    Closing,

    /// <summary>The peer closed it; nothing is sent any more.</summary>
    Draining,

    /// <summary>Nothing native is left.</summary>
    Dead,
}

/// <summary>
/// One connection. This part is the program's side; the others are what happens under the endpoint's gate: making and unmaking
/// (Lifetime), sending (Sending), streams and what the protocol reports (Events).
/// </summary>
internal sealed partial class QuicConnection : ITransportConnection, IDeadline
{
    private readonly Lock _openGate = new();
    private readonly Queue<TaskCompletionSource<QuicStream>> _openWaiters = new();
    private readonly Channel<QuicStream> _incoming;
    private readonly TaskCompletionSource<TransportEnd> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TransportException? _failure;
    private long _granted;
    private long _allowed;
    private long _creditNoted;
    private int _releasesNoted;
    private int _openStreams;
    private volatile IPEndPoint _remoteEndPoint;

    /// <param name="endpoint">Whose it is.</param>
    /// <param name="isServer">Whether the peer began it.</param>
    /// <param name="remote">Where the peer is.</param>
    public QuicConnection(QuicEndpoint endpoint, bool isServer, NetAddress remote)
    {
        Endpoint = endpoint;
        IsServer = isServer;
        _remote = remote;
        _remoteEndPoint = remote.ToEndPoint();
        Budget = new SendBudget(endpoint.Options.ConnectionSendBytes, endpoint.Budget);
        _incoming = Channel.CreateUnbounded<QuicStream>(new UnboundedChannelOptions { AllowSynchronousContinuations = endpoint.Options.InlineCompletions });
    }

    public QuicEndpoint Endpoint { get; }

    public bool IsServer { get; }

    public SendBudget Budget { get; }

    public ulong Deadline { get; set; }

    public int HeapIndex { get; set; } = -1;

    /// <summary>Completes when both sides have accepted each other; fails when they do not.</summary>
    public Task Ready => _ready.Task;

    public IPEndPoint RemoteEndPoint => _remoteEndPoint;

    public ReadOnlyMemory<byte> PeerCertificate => _peerCertificate;

    public Task<TransportEnd> Closed => _closed.Task;

    public ValueTask<ITransportStream> OpenStreamAsync(CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<ITransportStream>(cancellation);
        lock (_openGate)
        {
            if (_failure is not null)
                return ValueTask.FromException<ITransportStream>(_failure);
            if (_granted < _allowed)
                return new ValueTask<ITransportStream>(Grant());
        }

        return WaitForStreamAsync(cancellation);
    }

    public ValueTask<ITransportStream?> AcceptStreamAsync(CancellationToken cancellation = default)
        => _incoming.Reader.TryRead(out QuicStream? stream) ? new ValueTask<ITransportStream?>(stream) : WaitForIncomingAsync(cancellation);

    public async ValueTask CloseAsync(long code, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (code is < 0 or > QuicStream.MaxCode)
            throw new ArgumentOutOfRangeException(nameof(code), code, "Give 0 to 2^62-1.");
        Endpoint.Post(() => CloseByProgram(code, reason));
        await _closed.Task.ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => CloseAsync(0, "");

    public TransportStatistics ReadStatistics() => Endpoint.UnderGate(Measure);

    /// <summary>Notes bytes that were read and not yet given back; whether that is worth waking the endpoint.</summary>
    public bool NoteCredit(int bytes) => Interlocked.Add(ref _creditNoted, bytes) >= Endpoint.Options.ConnectionWindowBytes / 4;

    /// <summary>What was noted is dealt with.</summary>
    public void ForgetCredit(long bytes) => Interlocked.Add(ref _creditNoted, -bytes);

    /// <summary>A stream of the peer, for whoever accepts them.</summary>
    public void OfferStream(QuicStream stream)
    {
        if (!_incoming.Writer.TryWrite(stream))
            _ = stream.DisposeAsync().AsTask();
    }

    /// <summary>Notes a stream that was disposed of; whether that is worth waking the endpoint.</summary>
    public bool NoteRelease() => Interlocked.Increment(ref _releasesNoted) >= Endpoint.StreamBatch;

    private QuicStream Grant()
    {
        _granted++;
        Interlocked.Increment(ref _openStreams);
        return new QuicStream(this, -1);
    }

    private async ValueTask<ITransportStream> WaitForStreamAsync(CancellationToken cancellation)
    {
        var waiter = new TaskCompletionSource<QuicStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_openGate)
        {
            if (_failure is not null)
                throw _failure;
            if (_granted < _allowed)
                return Grant();
            _openWaiters.Enqueue(waiter);
        }

        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<QuicStream>)state!).TrySetCanceled(token), waiter);
        return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>Serves those who wait to open a stream. Holds the open gate.</summary>
    private void ServeOpenWaiters()
    {
        while (_granted < _allowed && _openWaiters.TryDequeue(out TaskCompletionSource<QuicStream>? waiter))
        {
            QuicStream stream = Grant();
            // One that was cancelled meanwhile leaves its place to the next.
            if (!waiter.TrySetResult(stream))
                TakeBackGrant();
        }
    }

    private void TakeBackGrant()
    {
        _granted--;
        Interlocked.Decrement(ref _openStreams);
    }

    private async ValueTask<ITransportStream?> WaitForIncomingAsync(CancellationToken cancellation)
    {
        while (await _incoming.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            if (_incoming.Reader.TryRead(out QuicStream? stream))
                return stream;
        }

        return null;
    }

    private unsafe TransportStatistics Measure()
    {
        if (_phase is not (ConnectionPhase.Open or ConnectionPhase.Handshake))
            return default;
        NativeConnectionInfo info;
        NativeQuic.ngtcp2_conn_get_conn_info_versioned(_connection, 1, &info);
        return new TransportStatistics
        {
            RoundTrip = TimeSpan.FromTicks((long)(info.SmoothedRtt / 100)),
            CongestionWindowBytes = (long)info.CongestionWindow,
            InFlightBytes = (long)info.BytesInFlight,
            DatagramsSent = _datagramsSent,
            DatagramsReceived = _datagramsReceived,
            OpenStreams = Volatile.Read(ref _openStreams),
            HeldBytes = Budget.HeldBytes,
        };
    }
}
