using System.Net;
using System.Net.Sockets;

namespace Mycel.Transport.Tests;

/// <summary>Passes datagrams between one client and a server, like a router with address translation; can be cut and change its port.</summary>
internal sealed class UdpProxy : IProxy
{
    private readonly Socket _front = Bind();
    private readonly IPEndPoint _server;
    private readonly Lock _gate = new();
    private readonly List<Socket> _all = [];
    private Socket _back;
    private EndPoint? _client;
    private volatile bool _isCut;

    public UdpProxy(IPEndPoint server)
    {
        _server = server;
        _back = AddBack();
        new Thread(PassOn) { IsBackground = true }.Start();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_front.LocalEndPoint!;

    public bool IsCut
    {
        get => _isCut;
        set => _isCut = value;
    }

    /// <summary>The server sees the client at another port from now on.</summary>
    public void Rebind()
    {
        Socket back = AddBack();
        lock (_gate)
            _back = back;
    }

    public void Dispose()
    {
        _front.Dispose();
        foreach (Socket back in _all)
            back.Dispose();
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private Socket AddBack()
    {
        Socket back = Bind();
        _all.Add(back);
        new Thread(() => PassBack(back)) { IsBackground = true }.Start();
        return back;
    }

    private void PassOn()
    {
        var buffer = new byte[64 << 10];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        Pump(() =>
        {
            int count = _front.ReceiveFrom(buffer, ref from);
            Volatile.Write(ref _client, from);
            Socket back;
            lock (_gate)
                back = _back;
            if (!IsCut)
                back.SendTo(buffer, 0, count, SocketFlags.None, _server);
        });
    }

    private void PassBack(Socket back)
    {
        var buffer = new byte[64 << 10];
        Pump(() =>
        {
            int count = back.Receive(buffer);
            if (!IsCut && Volatile.Read(ref _client) is { } client)
                _front.SendTo(buffer, 0, count, SocketFlags.None, client);
        });
    }

    private static void Pump(Action step)
    {
        try
        {
            while (true)
                step();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }
}
