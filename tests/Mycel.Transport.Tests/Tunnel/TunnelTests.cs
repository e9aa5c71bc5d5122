using Mycel.Transport.Tunnel;
using static Mycel.Transport.Tests.Tunnel.RawPeer;

namespace Mycel.Transport.Tests.Tunnel;

/// <summary>What is particular to the tunnel: its frames, its turns, its credit.</summary>
public sealed class TunnelTests
{
    [Fact]
    public async Task An_exchange_is_these_bytes()
    {
        await using RawPeer peer = await ConnectAsync();

        await peer.SendAsync(Convert.FromHexString("03000002" + "0000000000000000" + "6869"));
        await using ITransportStream stream = (await peer.Connection.AcceptStreamAsync(Timeouts.Token()))!;
        Assert.Equal("hi"u8.ToArray(), await stream.ReadAllAsync());
        Assert.Equal((TunnelFrameType.Done, 0L, 0), await ShortAsync(peer));
        await stream.WriteAsync("ho"u8.ToArray(), end: true);

        (TunnelFrameType type, long number, byte[] payload) = (await peer.ReadAsync())!.Value;
        Assert.Equal((TunnelFrameType.Last, 0L), (type, number));
        Assert.Equal("ho"u8.ToArray(), payload);
        Assert.False(stream.WritesClosed.IsCompleted);
        await peer.SendAsync(Convert.FromHexString("06000000" + "0000000000000000"));
        await stream.WritesClosed.WaitAsync(Timeouts.Limit);
    }

    [Fact]
    public async Task Streams_with_much_to_send_take_turns()
    {
        await using RawPeer peer = await ConnectAsync(hello: new TunnelHello(1 << 20, 1, 10));
        await using ITransportStream blocker = await peer.Connection.OpenStreamAsync(Timeouts.Token());
        await blocker.WriteAsync(new byte[1]);
        Assert.Equal((TunnelFrameType.Data, 1L, 1), await ShortAsync(peer));
        var streams = new List<ITransportStream>();
        for (int i = 0; i < 3; i++)
        {
            streams.Add(await peer.Connection.OpenStreamAsync(Timeouts.Token()));
            await streams[i].WriteAsync(new byte[40_000], end: true);
        }

        await peer.SendAsync(Frame(TunnelFrameType.ConnectionWindow, 0, 1L << 20));

        var seen = new List<(TunnelFrameType Type, long Stream, int Length)>();
        while (seen.Count(frame => frame.Type == TunnelFrameType.Last) < 3)
            seen.Add(await ShortAsync(peer));
        Assert.All(seen, frame => Assert.InRange(frame.Length, 1, 4 << 10));
        // While all have something, each is heard before any is heard again.
        Assert.All(Enumerable.Range(0, 8), round => Assert.Equal([3, 5, 7], seen.Skip(3 * round).Take(3).Select(frame => frame.Stream).Order()));
        foreach (ITransportStream stream in streams)
            await stream.DisposeAsync();
    }

    [Fact]
    public async Task An_end_without_data_needs_no_credit()
    {
        await using RawPeer peer = await ConnectAsync(hello: new TunnelHello(1 << 20, 1, 10));
        await using ITransportStream full = await peer.Connection.OpenStreamAsync(Timeouts.Token());
        await full.WriteAsync(new byte[100]);
        Assert.Equal((TunnelFrameType.Data, 1L, 1), await ShortAsync(peer));

        await using ITransportStream empty = await peer.Connection.OpenStreamAsync(Timeouts.Token());
        await empty.WriteAsync(default, end: true);

        Assert.Equal((TunnelFrameType.Last, 3L, 0), await ShortAsync(peer));
    }

    [Fact]
    public async Task What_nobody_reads_is_given_back_to_the_connection_once()
    {
        await using RawPeer peer = await ConnectAsync(Options with { StreamWindowBytes = 64 << 10, ConnectionWindowBytes = 64 << 10 });
        await peer.SendAsync(Frame(TunnelFrameType.Data, 0, new byte[10_000]), Frame(TunnelFrameType.Data, 0, new byte[10_000]));
        ITransportStream stream = (await peer.Connection.AcceptStreamAsync(Timeouts.Token()))!;
        Assert.Equal(5000, await stream.ReadAsync(new byte[5000], Timeouts.Token()));

        await stream.DisposeAsync();

        var seen = new List<(TunnelFrameType Type, byte[] Payload)>();
        while (seen.Count < 3)
        {
            (TunnelFrameType type, _, byte[] payload) = (await peer.ReadAsync())!.Value;
            seen.Add((type, payload));
        }

        Assert.Equal([TunnelFrameType.Reset, TunnelFrameType.Stop, TunnelFrameType.ConnectionWindow], seen.Select(frame => frame.Type).Order());
        byte[] window = seen.Single(frame => frame.Type == TunnelFrameType.ConnectionWindow).Payload;
        Assert.Equal(20_000 + (64 << 10), System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(window));
    }

    [Fact]
    public async Task A_stop_is_answered_with_a_reset_and_both_sides_forget_the_stream()
    {
        await using RawPeer peer = await ConnectAsync();
        await peer.SendAsync(Frame(TunnelFrameType.Last, 0));
        ITransportStream stream = (await peer.Connection.AcceptStreamAsync(Timeouts.Token()))!;
        Assert.Equal((TunnelFrameType.Done, 0L, 0), await ShortAsync(peer));

        await peer.SendAsync(Frame(TunnelFrameType.Stop, 0, 44L));

        Assert.Equal((TunnelFrameType.Reset, 0L, 8), await ShortAsync(peer));
        await stream.DisposeAsync();
        Assert.Equal(1, peer.Connection.ReadStatistics().OpenStreams);
        await peer.SendAsync(Frame(TunnelFrameType.Done, 0));
        await Timeouts.Until(() => peer.Connection.ReadStatistics().OpenStreams == 0, "the stream is forgotten");
    }

    [Fact]
    public async Task The_round_trip_is_known()
    {
        TunnelConnection? connection = null;
        var provider = TcpTunnelEndpoint.Provider;
        await using Pair pair = await Pair.ConnectAsync(await provider.BindAsync(Options), await provider.BindAsync(Options));
        connection = (TunnelConnection)pair.Dialled;

        await Timeouts.Until(() => connection.ReadStatistics().RoundTrip > TimeSpan.Zero, "a ping was answered");
    }

    [Fact]
    public async Task The_carrier_is_let_go_of_at_both_ends()
    {
        var provider = TcpTunnelEndpoint.Provider;
        await using Pair pair = await Pair.ConnectAsync(await provider.BindAsync(Options), await provider.BindAsync(Options));

        await pair.Dialled.CloseAsync(5, "enough");

        await ((TunnelConnection)pair.Accepted).Released.WaitAsync(Timeouts.Limit);
        await ((TunnelConnection)pair.Dialled).Released.WaitAsync(Timeouts.Limit);
    }

    private static async Task<(TunnelFrameType Type, long Stream, int Length)> ShortAsync(RawPeer peer)
    {
        (TunnelFrameType type, long stream, byte[] payload) = (await peer.ReadAsync())!.Value;
        return (type, stream, payload.Length);
    }
}
