using System.Net.Sockets;
using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Backends;

public sealed class ConnectionPoolTests : IDisposable
{
    private readonly Loopback _loopback = new();
    private readonly ConnectionPool _pool;

    public ConnectionPoolTests() => _pool = new ConnectionPool(_loopback.Address);

    public void Dispose()
    {
        _pool.Dispose();
        _loopback.Dispose();
    }

    [Fact]
    public async Task The_connection_used_last_is_used_first()
    {
        var (first, firstPeer) = await UsedAsync();
        var (second, secondPeer) = await UsedAsync();
        _pool.Return(first);
        _pool.Return(second);
        Assert.Same(second, _pool.TryRent());
        Assert.Same(first, _pool.TryRent());
        Assert.Null(_pool.TryRent());
        first.Dispose();
        second.Dispose();
        firstPeer.Dispose();
        secondPeer.Dispose();
    }

    [Fact]
    public async Task What_the_device_closed_is_passed_over_and_swept_away()
    {
        var (kept, keptPeer) = await UsedAsync();
        var (closed, closedPeer) = await UsedAsync();
        var (swept, sweptPeer) = await UsedAsync();
        _pool.Return(kept);
        _pool.Return(swept);
        sweptPeer.Dispose();
        await Until.TrueAsync(() => swept.IsStale, "the connection going stale");
        _pool.Sweep();
        _pool.Return(closed);
        closedPeer.Dispose();
        await Until.TrueAsync(() => closed.IsStale, "the connection going stale");
        Assert.Same(kept, _pool.TryRent());
        Assert.Null(_pool.TryRent());
        kept.Dispose();
        keptPeer.Dispose();
    }

    [Fact]
    public async Task A_connection_in_the_middle_of_a_reply_is_closed()
    {
        var connection = await _pool.OpenAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        using var peer = await _loopback.AcceptAsync();
        connection.Begin();
        await Loopback.SendAsync(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        while (!connection.TryReadHead()) connection.Received(await connection.ReceiveAsync());
        connection.TryReadBody(out _);
        _pool.Return(connection);
        Assert.Null(_pool.TryRent());
        Assert.Null(await Loopback.ReadRequestAsync(peer));
    }

    [Fact]
    public async Task Idle_connections_are_bounded()
    {
        var all = new List<(DeviceConnection Connection, Socket Peer)>();
        for (var i = 0; i <= ConnectionPool.MaxIdle; i++) all.Add(await UsedAsync());
        foreach (var (connection, _) in all) _pool.Return(connection);
        var rented = 0;
        while (_pool.TryRent() is { } connection)
        {
            rented++;
            connection.Dispose();
        }
        Assert.Equal(ConnectionPool.MaxIdle, rented);
        foreach (var (_, peer) in all) peer.Dispose();
    }

    [Fact]
    public async Task A_closed_pool_closes_what_is_given_back()
    {
        var (idle, idlePeer) = await UsedAsync();
        var (busy, busyPeer) = await UsedAsync();
        _pool.Return(idle);
        _pool.Dispose();
        Assert.Null(await Loopback.ReadRequestAsync(idlePeer));
        _pool.Return(busy);
        Assert.Null(_pool.TryRent());
        Assert.Null(await Loopback.ReadRequestAsync(busyPeer));
        idlePeer.Dispose();
        busyPeer.Dispose();
    }

    private async Task<(DeviceConnection Connection, Socket Peer)> UsedAsync()
    {
        var connection = await _pool.OpenAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var peer = await _loopback.AcceptAsync();
        connection.Begin();
        await Loopback.SendAsync(peer, "HTTP/1.1 204 None\r\n\r\n");
        while (!connection.TryReadHead()) Assert.True(connection.Received(await connection.ReceiveAsync()));
        return (connection, peer);
    }
}
