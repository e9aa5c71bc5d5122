using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mycel.Transport.Buffers;
using Mycel.Transport.Tunnel;

namespace Mycel.Transport.Tests.Tunnel;

/// <summary>The other end of a tunnel, which says whatever a test wants; without TLS, so that nothing else can be what fails.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly Socket _socket;

    private RawPeer(TunnelConnection connection, Socket socket)
    {
        Connection = connection;
        _socket = socket;
    }

    /// <summary>The end that is tested; it accepted.</summary>
    public TunnelConnection Connection { get; }

    public static EndpointOptions Options => new()
    {
        Local = new IPEndPoint(IPAddress.Loopback, 0),
        Credentials = Certificates.Create(),
        Validator = static _ => null,
    };

    /// <summary>Connects; with the frame Hello exchanged unless a test says it.</summary>
    public static async Task<RawPeer> ConnectAsync(EndpointOptions? options = null, TunnelHello? hello = null, bool silent = false)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(listener.LocalEndPoint!);
        var carrier = new NetworkStream(await listener.AcceptAsync(), ownsSocket: true);
        var connection = new TunnelConnection(carrier, [], isDialler: false, options ?? Options, null, TimeProvider.System, new PinnedBlockPool());
        var peer = new RawPeer(connection, socket);
        Task begin = connection.BeginAsync(Timeouts.Token());
        if (silent)
        {
            _ = begin.ContinueWith(static task => task.Exception, TaskScheduler.Default);
            return peer;
        }

        await peer.SendAsync(HelloFrame(hello ?? new TunnelHello(1 << 20, 8 << 20, 1024)));
        await begin;
        Assert.Equal(TunnelFrameType.Hello, (await peer.ReadAsync())!.Value.Type);
        return peer;
    }

    public static byte[] HelloFrame(TunnelHello hello)
    {
        var bytes = new byte[TunnelFrame.HeaderBytes + TunnelFrame.HelloBytes];
        hello.Write(bytes);
        return bytes;
    }

    public static byte[] Frame(TunnelFrameType type, long stream, params byte[] payload)
    {
        var bytes = new byte[TunnelFrame.HeaderBytes + payload.Length];
        TunnelFrame.WriteHeader(bytes, type, stream, payload.Length);
        payload.CopyTo(bytes, TunnelFrame.HeaderBytes);
        return bytes;
    }

    public static byte[] Frame(TunnelFrameType type, long stream, long number)
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(payload, number);
        return Frame(type, stream, payload);
    }

    public async Task SendAsync(params byte[][] frames)
    {
        foreach (byte[] frame in frames)
            await _socket.SendAsync(frame);
    }

    public void Shutdown() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next frame that is no ping; null at the end.</summary>
    public async Task<(TunnelFrameType Type, long Stream, byte[] Payload)?> ReadAsync()
    {
        while (true)
        {
            byte[]? header = await ReceiveAsync(TunnelFrame.HeaderBytes);
            if (header is null)
                return null;
            byte[]? payload = await ReceiveAsync(BinaryPrimitives.ReadInt32BigEndian(header) & 0xFFFFFF);
            if (payload is null)
                return null;
            if ((TunnelFrameType)header[0] != TunnelFrameType.Ping)
                return ((TunnelFrameType)header[0], BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(4)), payload);
        }
    }

    /// <summary>The connection is over because of the protocol, and says so; returns what it says.</summary>
    public async Task<string> BrokenAsync()
    {
        TransportEnd end = await Connection.Closed.WaitAsync(Timeouts.Limit);
        Assert.Equal(TransportFailure.Transport, end.Kind);
        while (await ReadAsync() is { } frame)
        {
            if (frame.Type == TunnelFrameType.Fail)
            {
                string reason = Encoding.UTF8.GetString(frame.Payload.AsSpan(8));
                Assert.Contains(reason, end.Reason, StringComparison.Ordinal);
                return reason;
            }
        }

        Assert.Fail("The peer was not told.");
        return "";
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await Connection.DisposeAsync();
    }

    private async Task<byte[]?> ReceiveAsync(int count)
    {
        var bytes = new byte[count];
        for (int held = 0; held < count;)
        {
            int received = await _socket.ReceiveAsync(bytes.AsMemory(held), Timeouts.Token());
            if (received == 0)
                return null;
            held += received;
        }

        return bytes;
    }
}
