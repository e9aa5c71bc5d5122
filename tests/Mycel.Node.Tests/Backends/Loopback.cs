using System.Net;
using System.Net.Sockets;
using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Backends;

/// <summary>A listening socket on this machine, played by the test itself.</summary>
internal sealed class Loopback : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public Loopback(int backlog = 512)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(backlog);
    }

    public DeviceAddress Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");

    public EndPoint EndPoint => _listener.LocalEndPoint!;

    public async Task<Socket> AcceptAsync()
    {
        var socket = await _listener.AcceptAsync(TestContext.Current.CancellationToken);
        socket.NoDelay = true;
        return socket;
    }

    /// <summary>A connection and the device's end of it.</summary>
    public async Task<(DeviceConnection Connection, Socket Peer)> ConnectAsync()
    {
        var connection = await DeviceConnection.OpenAsync(Address, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return (connection, await AcceptAsync());
    }

    /// <summary>Reads up to the end of a request: its head, and the body that Content-Length announces. Null at the end of the connection.</summary>
    public static async Task<string?> ReadRequestAsync(Socket peer)
    {
        var text = "";
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && text.Length >= end + 4 + LengthOf(text[..end])) return text;
            int read;
            try
            {
                read = await peer.ReceiveAsync(buffer, SocketFlags.None, TestContext.Current.CancellationToken);
            }
            catch (SocketException)
            {
                return null;
            }
            if (read == 0) return null;
            text += System.Text.Encoding.Latin1.GetString(buffer, 0, read);
        }
    }

    public static async Task SendAsync(Socket peer, string text) =>
        await peer.SendAsync(System.Text.Encoding.Latin1.GetBytes(text), SocketFlags.None, TestContext.Current.CancellationToken);

    public void Dispose() => _listener.Dispose();

    private static int LengthOf(string head)
    {
        var at = head.IndexOf("Content-Length: ", StringComparison.Ordinal);
        return at < 0 ? 0 : int.Parse(head[(at + 16)..].Split("\r\n")[0], System.Globalization.CultureInfo.InvariantCulture);
    }
}
