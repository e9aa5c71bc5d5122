using System.Net;
using System.Net.Sockets;

namespace Mycel.Transport.Tests;

/// <summary>Passes bytes between clients and a server over TCP, and can be cut without either noticing.</summary>
internal sealed class TcpProxy : IProxy
{
    private readonly Socket _front = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint _server;

    public TcpProxy(IPEndPoint server)
    {
        _server = server;
        _front.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _front.Listen();
        _ = ListenAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_front.LocalEndPoint!;

    public bool IsCut { get; set; }

    public void Dispose() => _front.Dispose();

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _front.AcceptAsync();
                var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await server.ConnectAsync(_server);
                client.NoDelay = true;
                _ = PassOnAsync(client, server);
                _ = PassOnAsync(server, client);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task PassOnAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 << 10];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer)) > 0)
            {
                if (!IsCut)
                    await to.SendAsync(buffer.AsMemory(0, count));
            }

            if (!IsCut)
                to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // One end is gone.
        }
    }
}
