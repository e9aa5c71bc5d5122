using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Mycel.Transport.Buffers;

namespace Mycel.Transport.Tunnel;

/// <summary>
/// A link over any stream of bytes, for nodes that cannot reach each other by UDP: mutual TLS 1.3, and within it many streams. What it
/// says is described in docs/protocol/tunnel.md. Of the options those apply that are about one connection. This part is the program's
/// side; the others are what is received, sent, and how it begins and ends.
/// </summary>
public sealed partial class TunnelConnection : ITransportConnection
{
    private static readonly PinnedBlockPool SharedBlocks = new();
    private static readonly IPEndPoint Nowhere = new(IPAddress.Any, 0);

    private readonly bool _isDialler;
    private readonly byte[] _peerCertificate;
    private readonly PinnedBlockPool _blocks;
    private readonly Channel<TunnelStream> _incoming;
    private readonly Queue<TaskCompletionSource<TunnelStream>> _openWaiters = new();
    private readonly HashSet<TunnelStream> _unannounced = [];
    private readonly TaskCompletionSource<TransportEnd> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _granted;
    private long _allowed;
    private int _openStreams;

    internal TunnelConnection(Stream secured, byte[] peerCertificate, bool isDialler, EndpointOptions options, IPEndPoint? remote, TimeProvider time, PinnedBlockPool? blocks)
    {
        _secured = secured;
        _peerCertificate = peerCertificate;
        _isDialler = isDialler;
        Options = options;
        RemoteEndPoint = remote ?? Nowhere;
        _time = time;
        _blocks = blocks ?? SharedBlocks;
        Budget = new SendBudget(options.ConnectionSendBytes);
        _incoming = Channel.CreateUnbounded<TunnelStream>(new UnboundedChannelOptions { AllowSynchronousContinuations = options.InlineCompletions });
        _nextId = isDialler ? 0 : 1;
        _nextPeerId = isDialler ? 1 : 0;
        _peerAllowed = options.MaxStreams;
        _connectionLimit = options.ConnectionWindowBytes;
        _lastReceived = _lastPing = time.GetTimestamp();
        _timer = time.CreateTimer(static state => ((TunnelConnection)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Where the peer is: what the caller said, or the other end of the socket; 0.0.0.0:0 where neither is known.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> PeerCertificate => _peerCertificate;

    /// <inheritdoc/>
    public Task<TransportEnd> Closed => _closed.Task;

    /// <summary>Held while anything of the connection or its streams is read or changed.</summary>
    internal Lock Gate { get; } = new();

    internal EndpointOptions Options { get; }

    internal SendBudget Budget { get; }

    /// <summary>What the peer granted at first. Under the gate.</summary>
    internal TunnelHello Peer { get; private set; }

    /// <summary>Why the connection is over; null while it is not. Under the gate.</summary>
    internal TransportException? Failure { get; private set; }

    /// <summary>Begins a link over a stream of bytes to a node that accepts it there.</summary>
    /// <param name="carrier">Carries the bytes; is disposed of with the connection, and where there is none.</param>
    /// <param name="options">Credentials, validator, windows and times.</param>
    /// <param name="remote">What <see cref="RemoteEndPoint"/> shows; null for the other end of the carrier's socket.</param>
    /// <param name="cancellation">Ends the handshake.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="TransportException">It did not come about; the kind says why.</exception>
    public static Task<ITransportConnection> ConnectAsync(Stream carrier, EndpointOptions options, IPEndPoint? remote = null, CancellationToken cancellation = default)
        => BeginAsync(carrier, options, remote, isDialler: true, null, cancellation);

    /// <summary>Accepts a link over a stream of bytes from the node that begins it there.</summary>
    /// <inheritdoc cref="ConnectAsync"/>
    public static Task<ITransportConnection> AcceptAsync(Stream carrier, EndpointOptions options, IPEndPoint? remote = null, CancellationToken cancellation = default)
        => BeginAsync(carrier, options, remote, isDialler: false, null, cancellation);

    /// <inheritdoc/>
    public ValueTask<ITransportStream> OpenStreamAsync(CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<ITransportStream>(cancellation);
        TaskCompletionSource<TunnelStream> waiter;
        lock (Gate)
        {
            if (Failure is not null)
                return ValueTask.FromException<ITransportStream>(Failure);
            if (_granted < _allowed)
                return new ValueTask<ITransportStream>(Grant());
            waiter = new TaskCompletionSource<TunnelStream>(TaskCreationOptions.RunContinuationsAsynchronously);
            _openWaiters.Enqueue(waiter);
        }

        return WaitForStreamAsync(waiter, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<ITransportStream?> AcceptStreamAsync(CancellationToken cancellation = default)
        => _incoming.Reader.TryRead(out TunnelStream? stream) ? new ValueTask<ITransportStream?>(stream) : WaitForIncomingAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask CloseAsync(long code, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (code is < 0 or > TunnelFrame.MaxNumber)
            throw new ArgumentOutOfRangeException(nameof(code), code, "Give 0 to 2^62-1.");
        var failure = new TransportException(TransportFailure.Local, code, reason.Length == 0 ? "The connection was closed here." : $"The connection was closed here: {reason}");
        bool pump;
        lock (Gate)
        {
            Fail(failure, new TransportEnd(TransportFailure.Local, code, reason), new Goodbye(TunnelFrameType.Close, code, reason));
            pump = TryStartPump();
        }

        if (pump)
            Pump();
        await _sendingOver.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync(0, "");

    /// <inheritdoc/>
    public TransportStatistics ReadStatistics()
    {
        lock (Gate)
        {
            return Failure is not null ? default : new TransportStatistics
            {
                RoundTrip = _roundTrip,
                OpenStreams = _openStreams,
                HeldBytes = Budget.HeldBytes,
            };
        }
    }

    /// <summary>A stream that was opened here and of which nothing was ever sent leaves its place to others.</summary>
    internal void Withdraw(TunnelStream stream)
    {
        if (stream.IsReleased || Failure is not null)
            return;
        stream.IsReleased = true;
        _unannounced.Remove(stream);
        _granted--;
        _openStreams--;
        ServeOpenWaiters();
    }

    /// <summary>Gives back what a stream takes, once both sides have said all about it and the program is done with it.</summary>
    internal void ReleaseIfOver(TunnelStream stream)
    {
        if (Failure is not null)
            return;
        if (!stream.IsOver && stream.HasSaidAll)
        {
            stream.IsOver = true;
            _streams.Remove(stream.Id);
            if (stream.IsLocal)
                _localOver++;
        }

        if (!stream.IsOver || !stream.IsDisposed || stream.IsReleased)
            return;
        stream.IsReleased = true;
        _openStreams--;
        if (stream.IsLocal)
            return;
        _peerReleased++;
        _streamsDue |= Options.MaxStreams + _peerReleased - _peerAllowed >= Math.Max(1, Options.MaxStreams / 4);
    }

    private static IPEndPoint? EndPointOf(Stream carrier)
    {
        try
        {
            return carrier is NetworkStream network ? network.Socket.RemoteEndPoint as IPEndPoint : null;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private TunnelStream Grant()
    {
        _granted++;
        _openStreams++;
        var stream = new TunnelStream(this, -1, _blocks);
        _unannounced.Add(stream);
        return stream;
    }

    private void ServeOpenWaiters()
    {
        while (_granted < _allowed && _openWaiters.TryDequeue(out TaskCompletionSource<TunnelStream>? waiter))
        {
            TunnelStream stream = Grant();
            // One that was cancelled meanwhile leaves its place to the next.
            if (waiter.TrySetResult(stream))
                continue;
            _unannounced.Remove(stream);
            _granted--;
            _openStreams--;
        }
    }

    private static async ValueTask<ITransportStream> WaitForStreamAsync(TaskCompletionSource<TunnelStream> waiter, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<TunnelStream>)state!).TrySetCanceled(token), waiter);
        return await waiter.Task.ConfigureAwait(false);
    }

    private async ValueTask<ITransportStream?> WaitForIncomingAsync(CancellationToken cancellation)
    {
        while (await _incoming.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            if (_incoming.Reader.TryRead(out TunnelStream? stream))
                return stream;
        }

        return null;
    }
}
