using System.Net;
using System.Net.Sockets;
using Mycel.Transport.Tunnel;
using static Mycel.Transport.Tests.Tunnel.RawPeer;

namespace Mycel.Transport.Tests.Tunnel;

/// <summary>A peer that does not keep to the protocol loses the connection, and costs nothing but that.</summary>
public sealed class TunnelHostileTests
{
    public static TheoryData<string, byte[][]> WrongFrames => new()
    {
        { "unknown type 0", [Frame(0, 0)] },
        { "unknown type 14", [Frame((TunnelFrameType)14, 0)] },
        { "unknown type 255", [Frame((TunnelFrameType)255, 0, new byte[8])] },
        { "Data of 0 bytes", [Frame(TunnelFrameType.Data, 0)] },
        { "Data of 16385 bytes", [Frame(TunnelFrameType.Data, 0, new byte[16_385])] },
        { "Last of 16385 bytes", [Frame(TunnelFrameType.Last, 0, new byte[16_385])] },
        { "Reset of 7 bytes", [Frame(TunnelFrameType.Reset, 0, new byte[7])] },
        { "Close of 73 bytes", [Frame(TunnelFrameType.Close, 0, new byte[73])] },
        { "Ping of 9 bytes", [Frame(TunnelFrameType.Ping, 0, new byte[9])] },
        { "Ping for stream 2", [Frame(TunnelFrameType.Ping, 2, new byte[8])] },
        { "Data for stream -1", [Frame(TunnelFrameType.Data, -1, 1)] },
        { "Reset with the number -1", [Frame(TunnelFrameType.Reset, 0, -1L)] },
        { "a second frame Hello", [HelloFrame(new TunnelHello(1, 1, 1))] },
        { "that is not open", [Frame(TunnelFrameType.Data, 2, 1)] },
        { "that is not open", [Frame(TunnelFrameType.Data, 1, 1)] },
        { "that is not open", [Frame(TunnelFrameType.Done, 0)] },
        { "that is not open", [Frame(TunnelFrameType.StreamWindow, 0, 5L)] },
        { "that is not open", [Frame(TunnelFrameType.Stop, 1, 5L)] },
        { "data after the end", [Frame(TunnelFrameType.Last, 0, 1), Frame(TunnelFrameType.Data, 0, 1)] },
        { "data after the end", [Frame(TunnelFrameType.Last, 0, 1), Frame(TunnelFrameType.Last, 0, 1)] },
        { "a reset after the end", [Frame(TunnelFrameType.Last, 0, 1), Frame(TunnelFrameType.Reset, 0, 1L)] },
        { "a reset after the end", [Frame(TunnelFrameType.Reset, 0, 1L), Frame(TunnelFrameType.Reset, 0, 1L)] },
        { "a stop of a stream", [Frame(TunnelFrameType.Stop, 0, 1L), Frame(TunnelFrameType.Stop, 0, 1L)] },
        { "an acknowledgement", [Frame(TunnelFrameType.Data, 0, 1), Frame(TunnelFrameType.Done, 0)] },
        { "does not grow", [Frame(TunnelFrameType.Data, 0, 1), Frame(TunnelFrameType.StreamWindow, 0, 5L)] },
        { "does not grow", [Frame(TunnelFrameType.ConnectionWindow, 0, 5L)] },
        { "5000 streams granted", [Frame(TunnelFrameType.Streams, 0, 5000L)] },
        { "7 streams granted", [Frame(TunnelFrameType.Streams, 0, 7L)] },
    };

    [Theory]
    [MemberData(nameof(WrongFrames))]
    public async Task Every_wrong_frame_ends_the_connection(string reason, byte[][] frames)
    {
        await using RawPeer peer = await ConnectAsync();

        await peer.SendAsync(frames);

        Assert.Contains(reason, await peer.BrokenAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 1000, 1000, 10)]
    [InlineData(1, 0, 1000, 10)]
    [InlineData(1, 1000, -1, 10)]
    [InlineData(1, 1000, 1000, 65_537)]
    public async Task A_first_frame_that_is_out_of_range_ends_the_connection(int version, int stream, int connection, int streams)
    {
        await using RawPeer peer = await ConnectAsync(silent: true);
        byte[] hello = HelloFrame(new TunnelHello(stream, connection, streams));
        hello[15] = (byte)version;

        await peer.SendAsync(hello);

        await peer.BrokenAsync();
    }

    [Fact]
    public async Task Something_else_than_a_first_frame_ends_the_connection()
    {
        await using RawPeer peer = await ConnectAsync(silent: true);

        await peer.SendAsync(Frame(TunnelFrameType.Ping, 0, new byte[8]));

        Assert.Contains("before the first", await peer.BrokenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_data_than_was_granted_ends_the_connection()
    {
        await using RawPeer peer = await ConnectAsync(Options with { StreamWindowBytes = 64 << 10 });

        for (int i = 0; i < 5; i++)
            await peer.SendAsync(Frame(TunnelFrameType.Data, 0, new byte[16 << 10]));

        Assert.Contains("on a stream", await peer.BrokenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_data_on_all_streams_than_was_granted_ends_the_connection()
    {
        await using RawPeer peer = await ConnectAsync(Options with { StreamWindowBytes = 64 << 10, ConnectionWindowBytes = 128 << 10 });

        for (int i = 0; i < 9; i++)
            await peer.SendAsync(Frame(TunnelFrameType.Data, 2 * i, new byte[16 << 10]));

        Assert.Contains("on the connection", await peer.BrokenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_streams_than_were_granted_end_the_connection()
    {
        await using RawPeer peer = await ConnectAsync(Options with { MaxStreams = 10 });

        for (int i = 0; i < 11; i++)
            await peer.SendAsync(Frame(TunnelFrameType.Data, 2 * i, 1));

        Assert.Contains("more streams", await peer.BrokenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_that_are_opened_and_reset_give_no_place_back_until_the_program_is_done_with_them()
    {
        await using RawPeer peer = await ConnectAsync(Options with { MaxStreams = 10 });

        for (int i = 0; i < 11; i++)
            await peer.SendAsync(Frame(TunnelFrameType.Reset, 2 * i, 1L));

        Assert.Contains("more streams", await peer.BrokenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pings_without_end_end_the_connection()
    {
        await using RawPeer peer = await ConnectAsync();
        byte[] pings = [.. Enumerable.Repeat(Frame(TunnelFrameType.Ping, 0, new byte[8]), 100).SelectMany(frame => frame)];

        try
        {
            for (int i = 0; i < 200 && !peer.Connection.Closed.IsCompleted; i++)
                await peer.SendAsync(pings);
        }
        catch (SocketException)
        {
            // The connection is gone, as it should be.
        }

        TransportEnd end = await peer.Connection.Closed.WaitAsync(Timeouts.Limit);
        Assert.Contains("too many pings", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_reads_nothing_lets_writers_wait_and_its_pings_take_no_memory()
    {
        await using RawPeer peer = await ConnectAsync(Options with { StreamSendBytes = 64 << 10 }, new TunnelHello(1 << 30, 1 << 30, 1024));
        await using ITransportStream stream = await peer.Connection.OpenStreamAsync(Timeouts.Token());
        Task write = stream.WriteAsync(new byte[32 << 20]).AsTask();

        for (int i = 0; i < 500; i++)
            await peer.SendAsync(Frame(TunnelFrameType.Ping, 0, new byte[8]));

        Assert.False(write.IsCompleted);
        Assert.InRange(peer.Connection.ReadStatistics().HeldBytes, 0, 64 << 10);
        Assert.False(peer.Connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_carrier_that_ends_within_a_frame_ends_the_connection()
    {
        await using RawPeer peer = await ConnectAsync();

        await peer.SendAsync(Frame(TunnelFrameType.Data, 0, new byte[100])[..50]);
        peer.Shutdown();

        Assert.Equal(TransportFailure.Transport, (await peer.Connection.Closed.WaitAsync(Timeouts.Limit)).Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Garbage_instead_of_a_handshake_is_refused_at_once(bool isDialler)
    {
        (Socket near, Socket far) = await ConnectSocketsAsync();
        using Socket there = far;
        var garbage = new byte[64 << 10];
        new Random(3).NextBytes(garbage);
        Task send = far.SendAsync(garbage);

        var error = await Assert.ThrowsAsync<TransportException>(() => BeginAsync(near, isDialler, Options).WaitAsync(Timeouts.Limit));

        Assert.True(error.Kind is TransportFailure.Tls or TransportFailure.Transport, error.ToString());
        await Task.WhenAny(send);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            if (await far.ReceiveAsync(new byte[8 << 10]) == 0 || await far.ReceiveAsync(new byte[8 << 10]) == 0)
                throw new IOException("closed");
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handshake_byte_by_byte_is_cut_off_in_time(bool isDialler)
    {
        (Socket near, Socket far) = await ConnectSocketsAsync();
        using Socket there = far;
        using var stop = new CancellationTokenSource();
        Task drip = Task.Run(async () =>
        {
            // The beginning of a record that is as long as one may be.
            byte[] start = [22, 3, 3, 0x40, 0];
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                await far.SendAsync(new[] { i < start.Length ? start[i] : (byte)1 });
                await Task.Delay(20);
            }
        });

        var error = await Assert.ThrowsAsync<TransportException>(
            () => BeginAsync(near, isDialler, Options with { HandshakeTimeout = TimeSpan.FromMilliseconds(400) }).WaitAsync(Timeouts.Limit));

        Assert.Equal(TransportFailure.Timeout, error.Kind);
        await stop.CancelAsync();
        await Task.WhenAny(drip);
    }

    private static Task<ITransportConnection> BeginAsync(Socket socket, bool isDialler, EndpointOptions options)
    {
        var carrier = new NetworkStream(socket, ownsSocket: true);
        return isDialler ? TunnelConnection.ConnectAsync(carrier, options) : TunnelConnection.AcceptAsync(carrier, options);
    }

    private static async Task<(Socket Near, Socket Far)> ConnectSocketsAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await far.ConnectAsync(listener.LocalEndPoint!);
        return (await listener.AcceptAsync(), far);
    }
}
