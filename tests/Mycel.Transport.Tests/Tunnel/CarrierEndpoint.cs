using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Mycel.Transport.Buffers;
using Mycel.Transport.Tunnel;

namespace Mycel.Transport.Tests.Tunnel;

/// <summary>An endpoint whose connections are tunnels over carriers; how those are made is for others to say.</summary>
internal abstract class CarrierEndpoint : ITransportEndpoint
{
    private readonly EndpointOptions _options;
    private readonly Channel<ITransportConnection> _accepted = Channel.CreateUnbounded<ITransportConnection>();
    private readonly ConcurrentDictionary<ITransportConnection, bool> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile TransportCredentials _credentials;
    private int _disposed;

    protected CarrierEndpoint(EndpointOptions options)
    {
        options.Validate();
        _options = options;
        _credentials = options.Credentials;
    }

    public abstract IPEndPoint LocalEndPoint { get; }

    /// <summary>Where the buffers of the streams come from.</summary>
    public PinnedBlockPool Blocks { get; } = new();

    protected EndpointOptions Options => _options;

    /// <summary>Cancelled when the endpoint is disposed of.</summary>
    protected CancellationToken Stopped => _stop.Token;

    public async ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation = default)
    {
        try
        {
            return await _accepted.Reader.ReadAsync(cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(GetType().Name);
        }
    }

    public async ValueTask<ITransportConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using var limit = new CancellationTokenSource(_options.HandshakeTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token, limit.Token);
        try
        {
            return await BeginAsync(await DialAsync(remote, either.Token), isDialler: true, remote, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TransportException(TransportFailure.Timeout, 0, "Nobody answers.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TransportException(TransportFailure.Local, 0, "The endpoint was disposed of.");
        }
    }

    public void UpdateCredentials(TransportCredentials credentials) => _credentials = credentials;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stop.CancelAsync();
        _accepted.Writer.TryComplete();
        foreach (var connection in _connections.Keys) await connection.DisposeAsync();
        await CloseAsync();
    }

    /// <summary>Begins to take carriers in.</summary>
    public abstract Task StartAsync();

    /// <summary>Makes a carrier to another endpoint.</summary>
    protected abstract Task<Stream> DialAsync(IPEndPoint remote, CancellationToken cancellation);

    /// <summary>Ends what carriers came in by.</summary>
    protected abstract ValueTask CloseAsync();

    /// <summary>Takes a carrier in that another endpoint made.</summary>
    protected async Task TakeAsync(Stream carrier)
    {
        try
        {
            var connection = await BeginAsync(carrier, isDialler: false, null, _stop.Token);
            if (!_accepted.Writer.TryWrite(connection)) await connection.DisposeAsync();
        }
        catch (Exception failed) when (failed is TransportException or OperationCanceledException)
        {
            // A stranger, or the end.
        }
    }

    private async Task<ITransportConnection> BeginAsync(Stream carrier, bool isDialler, IPEndPoint? remote, CancellationToken cancellation)
    {
        var connection = await TunnelConnection.BeginAsync(carrier, _options with { Credentials = _credentials }, remote, isDialler, Blocks, cancellation);
        _connections[connection] = true;
        if (_disposed != 0) await connection.DisposeAsync();
        _ = connection.Closed.ContinueWith(_ => _connections.TryRemove(connection, out var _), TaskScheduler.Default);
        return connection;
    }
}
