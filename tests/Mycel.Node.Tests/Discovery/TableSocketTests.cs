using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Discovery;

namespace Mycel.Node.Tests.Discovery;

/// <summary>Messages of the table as datagrams.</summary>
public sealed class TableSocketTests : IDisposable
{
    private readonly DeviceKey _sender = Devices.New();
    private readonly DeviceKey _reader = Devices.New();
    private readonly ConcurrentQueue<(DhtContact From, byte[] Message)> _received = new();
    private readonly TableSocket _from;
    private readonly TableSocket _to;

    public TableSocketTests()
    {
        _from = TableSocket.Bind(_sender, IPAddress.Loopback, 0, TimeProvider.System);
        _to = TableSocket.Bind(_reader, IPAddress.Loopback, 0, TimeProvider.System);
        _ = _to.ReadAsync((from, message) => _received.Enqueue((from, message.ToArray())), NullLogger.Instance);
    }

    [Fact]
    public async Task A_message_comes_with_who_sent_it_and_from_where()
    {
        _from.Send(At(_reader, _to.Port), [1, 2, 3]);

        await Until.TrueAsync(() => !_received.IsEmpty, "the message's arrival");
        Assert.True(_received.TryDequeue(out var came));
        Assert.Equal([1, 2, 3], came.Message);
        Assert.Equal(_sender.PeerId, came.From.Peer);
        Assert.Equal($"127.0.0.1:{_from.Port}", came.From.Address.ToString());
    }

    [Fact]
    public async Task What_is_for_another_node_too_large_or_no_packet_is_dropped_and_the_next_is_read()
    {
        using var raw = new UdpClient();
        var to = new IPEndPoint(IPAddress.Loopback, _to.Port);
        _from.Send(At(_sender, _to.Port), [1]);
        await raw.SendAsync(new byte[SignedPacket.MaxBytes + 500], to, TestContext.Current.CancellationToken);
        await raw.SendAsync("GET / HTTP/1.1"u8.ToArray(), to, TestContext.Current.CancellationToken);
        await raw.SendAsync(Array.Empty<byte>(), to, TestContext.Current.CancellationToken);
        await raw.SendAsync(Forged(), to, TestContext.Current.CancellationToken);

        _from.Send(At(_reader, _to.Port), [2]);

        await Until.TrueAsync(() => !_received.IsEmpty, "the proper message's arrival");
        Assert.Equal([2], Assert.Single(_received).Message);
        Assert.Equal(5, _to.Dropped);
    }

    [Fact]
    public async Task One_address_that_floods_takes_its_own_share_and_not_that_of_others()
    {
        using var still = new StillSocket(_reader);
        var to = new IPEndPoint(IPAddress.Loopback, still.Port);
        var packet = SignedPacket.Seal(_sender, _reader.PeerId, [1], DateTimeOffset.UtcNow);
        using var loud = new UdpClient(0, AddressFamily.InterNetwork);
        while (still.Dropped < 100) await loud.SendAsync(packet, to, TestContext.Current.CancellationToken);
        Assert.Equal(TableSocket.PacketsPerSecondOfOne, still.Received);

        // Two addresses may fall to one share, three hardly.
        UdpClient[] others = [.. Enumerable.Range(0, 3).Select(_ => new UdpClient(0, AddressFamily.InterNetwork))];
        await Until.TrueAsync(
            () =>
            {
                // Again and again: the system drops what comes while its queue is full.
                foreach (var other in others) other.Send(packet, to);
                return still.Received > TableSocket.PacketsPerSecondOfOne;
            },
            "what others send");
        foreach (var other in others) other.Dispose();
    }

    [Fact]
    public async Task More_than_can_be_looked_at_in_a_second_is_dropped()
    {
        using var still = new StillSocket(_reader);
        var to = new IPEndPoint(IPAddress.Loopback, still.Port);
        var packet = SignedPacket.Seal(_sender, _reader.PeerId, [1], DateTimeOffset.UtcNow);
        for (var i = 0; i < 40; i++)
        {
            using var another = new UdpClient(0, AddressFamily.InterNetwork);
            var seen = still.Received + still.Dropped;
            for (var j = 0; j < TableSocket.PacketsPerSecondOfOne / 2; j++) await another.SendAsync(packet, to, TestContext.Current.CancellationToken);
            // The system drops what it has no room for.
            await Until.TrueAsync(() => still.Received + still.Dropped >= seen + (TableSocket.PacketsPerSecondOfOne / 2), "all of them");
        }

        Assert.Equal(TableSocket.PacketsPerSecond, still.Received);
    }

    [Fact]
    public void A_port_that_is_taken_is_told()
        => Assert.Throws<SocketException>(() => TableSocket.Bind(_reader, IPAddress.Loopback, _from.Port, TimeProvider.System));

    [Fact]
    public void An_address_of_the_other_kind_is_left_alone() => _from.Send(new DhtContact(_reader.PeerId, DhtAddress.From(new IPEndPoint(IPAddress.IPv6Loopback, 9))), [1]);

    /// <summary>A socket whose clock stands still, so that nothing comes to be allowed while it reads.</summary>
    private sealed class StillSocket : IDisposable
    {
        private readonly TableSocket _socket;
        private int _received;

        public StillSocket(DeviceKey reader)
        {
            _socket = TableSocket.Bind(reader, IPAddress.Loopback, 0, new StillTime());
            _ = _socket.ReadAsync((_, _) => Interlocked.Increment(ref _received), NullLogger.Instance);
        }

        public int Port => _socket.Port;

        public int Received => Volatile.Read(ref _received);

        public long Dropped => _socket.Dropped;

        public void Dispose() => _socket.Dispose();
    }

    private sealed class StillTime : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
        _sender.Dispose();
        _reader.Dispose();
    }

    private byte[] Forged()
    {
        var packet = SignedPacket.Seal(_sender, _reader.PeerId, [9], DateTimeOffset.UtcNow);
        packet[^1] ^= 1;
        return packet;
    }

    private static DhtContact At(DeviceKey node, int port) => new(node.PeerId, DhtAddress.From(new IPEndPoint(IPAddress.Loopback, port)));
}
