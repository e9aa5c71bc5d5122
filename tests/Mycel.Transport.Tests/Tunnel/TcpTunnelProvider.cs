using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Mycel.Transport.Buffers;
using Mycel.Transport.Tunnel;

namespace Mycel.Transport.Tests.Tunnel;

/// <summary>The tunnel over TCP, so that it can be tried and measured as a provider.</summary>
internal sealed class TcpTunnelProvider : ITransportProvider
{
    public string Name => "tunnel";

    public bool IsSupported => true;

    public string? WhyNot => null;

    public ValueTask<ITransportEndpoint> BindAsync(EndpointOptions options, CancellationToken cancellation = default)
        => ValueTask.FromResult<ITransportEndpoint>(new TcpTunnelEndpoint(options));
}

/// <summary>Listens for TCP connections, and runs the tunnel's handshake on each.</summary>
internal sealed class TcpTunnelEndpoint : ITransportEndpoint
{
    private readonly EndpointOptions _options;
    private readonly Socket _listener;
    private readonly Channel<ITransportConnection> _accepted = Channel.CreateUnbounded<ITransportConnection>();
    private readonly ConcurrentDictionary<TunnelConnection, bool> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile TransportCredentials _credentials;
    private int _disposed;

    public TcpTunnelEndpoint(EndpointOptions options)
    {
        options.Validate();
        _options = options;
        _credentials = options.Credentials;
        _listener = new Socket(options.Local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (options.Local.AddressFamily == AddressFamily.InterNetworkV6)
            _listener.DualMode = true;
        _listener.Bind(options.Local);
        _listener.Listen(512);
        LocalEndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _ = ListenAsync();
    }

    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Where the buffers of the streams come from.</summary>
    public PinnedBlockPool Blocks { get; } = new();

    public async ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation = default)
    {
        try
        {
            return await _accepted.Reader.ReadAsync(cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(TcpTunnelEndpoint));
        }
    }

    public async ValueTask<ITransportConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        try
        {
            var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(remote, either.Token);
            return await AdoptAsync(socket, isDialler: true, remote, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TransportException(TransportFailure.Local, 0, "The endpoint was disposed of.");
        }
        catch (SocketException error)
        {
            throw new TransportException(TransportFailure.Timeout, 0, "Nobody answers.", error);
        }
    }

    public void UpdateCredentials(TransportCredentials credentials) => _credentials = credentials;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        _listener.Dispose();
        _accepted.Writer.TryComplete();
        foreach (TunnelConnection connection in _connections.Keys)
            await connection.DisposeAsync();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
                _ = AcceptOneAsync(await _listener.AcceptAsync(_stop.Token));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task AcceptOneAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            ITransportConnection connection = await AdoptAsync(socket, isDialler: false, null, _stop.Token);
            if (!_accepted.Writer.TryWrite(connection))
                await connection.DisposeAsync();
        }
        catch (Exception error) when (error is TransportException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // A stranger, or the end.
        }
    }

    private async Task<ITransportConnection> AdoptAsync(Socket socket, bool isDialler, IPEndPoint? remote, CancellationToken cancellation)
    {
        var connection = (TunnelConnection)await TunnelConnection.BeginAsync(
            new NetworkStream(socket, ownsSocket: true), _options with { Credentials = _credentials }, remote, isDialler, Blocks, cancellation);
        _connections[connection] = true;
        if (_disposed != 0)
            await connection.DisposeAsync();
        _ = connection.Closed.ContinueWith(_ => _connections.TryRemove(connection, out bool _), TaskScheduler.Default);
        return connection;
    }
}
