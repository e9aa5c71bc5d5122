using System.Net;
using System.Net.Sockets;

namespace Mycel.Transport.Tests.Tunnel;

/// <summary>Tunnels over TCP connections.</summary>
internal sealed class TcpTunnelEndpoint(EndpointOptions options) : CarrierEndpoint(options)
{
    private readonly Socket _listener = new(options.Local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Its provider.</summary>
    public static CarrierProvider Provider { get; } = new("tunnel", options => new TcpTunnelEndpoint(options));

    public override IPEndPoint LocalEndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public override Task StartAsync()
    {
        if (Options.Local.AddressFamily == AddressFamily.InterNetworkV6)
            _listener.DualMode = true;
        _listener.Bind(Options.Local);
        _listener.Listen(512);
        _ = ListenAsync();
        return Task.CompletedTask;
    }

    protected override async Task<Stream> DialAsync(IPEndPoint remote, CancellationToken cancellation)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(remote, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception failed)
        {
            socket.Dispose();
            throw failed is SocketException ? new TransportException(TransportFailure.Timeout, 0, "Nobody answers.", failed) : failed;
        }
    }

    protected override ValueTask CloseAsync()
    {
        _listener.Dispose();
        return default;
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(Stopped);
                socket.NoDelay = true;
                _ = TakeAsync(new NetworkStream(socket, ownsSocket: true));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }
}
