using System.Net.Sockets;
using System.Text;
using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Backends;

public sealed class DeviceConnectionTests : IDisposable
{
    private readonly Loopback _loopback = new();

    /// <summary>What the device sends, the status, and the body that is to be read.</summary>
    public static TheoryData<string, int, string> Replies => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello" },
        { "HTTP/1.1 200 OK\nContent-Length: 9\n\nab\r\n\r\ncd\n", 200, "ab\r\n\r\ncd\n" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n", 200, "abcde" },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi" },
        { "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nhi", 201, "hi" },
        { "HTTP/1.1 100 Continue\nContent-Length: 7\n\nHTTP/1.1 429 Busy\nContent-Length: 2\n\nno", 429, "no" },
        { "HTTP/1.1 204 No Content\r\n\r\n", 204, "" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "" },
    };

    public void Dispose() => _loopback.Dispose();

    [Theory]
    [MemberData(nameof(Replies))]
    public async Task A_reply_is_read_the_same_however_it_arrives_and_the_connection_serves_again(string wire, int status, string body)
    {
        var (connection, peer) = await _loopback.ConnectAsync();
        using (connection)
        using (peer)
        {
            foreach (var (cut, parts) in Cuts.Of(Encoding.Latin1.GetBytes(wire), seed: 3))
            {
                connection.Begin();
                var (gotStatus, gotBody) = await ReadAsync(connection, peer, parts);
                Assert.True(status == gotStatus && body == gotBody, $"{cut}: {gotStatus} '{gotBody}'");
                Assert.True(connection.CanReuse, cut);
                connection.BeginReadAhead();
                Assert.False(connection.IsStale, cut);
            }
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nx")]
    public async Task A_connection_with_bytes_beyond_the_reply_is_not_used_again(string wire)
    {
        var (connection, peer) = await _loopback.ConnectAsync();
        using (connection)
        using (peer)
        {
            connection.Begin();
            var (_, body) = await ReadAsync(connection, peer, [Encoding.Latin1.GetBytes(wire)]);
            Assert.Equal("hi", body);
            Assert.False(connection.CanReuse);
        }
    }

    [Fact]
    public async Task Switching_protocols_unasked_is_refused()
    {
        var (connection, peer) = await _loopback.ConnectAsync();
        using (connection)
        using (peer)
        {
            connection.Begin();
            await Assert.ThrowsAsync<DeviceFaultException>(() => ReadAsync(connection, peer, ["HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"u8.ToArray()]));
        }
    }

    [Fact]
    public async Task A_reply_without_a_length_ends_with_the_connection()
    {
        var (connection, peer) = await _loopback.ConnectAsync();
        using (connection)
        {
            connection.Begin();
            await Loopback.SendAsync(peer, "HTTP/1.1 200 OK\r\n\r\nall of it");
            peer.Dispose();
            while (connection.Received(await connection.ReceiveAsync()))
            {
            }
            Assert.True(connection.TryReadHead());
            Assert.True(connection.TryReadBody(out var body));
            Assert.Equal("all of it"u8, body);
            Assert.True(connection.EndsWithConnection);
            Assert.False(connection.CanReuse);
        }
    }

    [Fact]
    public async Task Large_bodies_and_large_heads_come_whole()
    {
        var (connection, peer) = await _loopback.ConnectAsync();
        using (connection)
        using (peer)
        {
            for (var round = 0; round < 3; round++)
            {
                var random = new Random(round);
                var body = new byte[3_000_000 + round];
                random.NextBytes(body);
                connection.Begin();
                byte[] wire = [.. Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nX-Long: {new string('x', 40_000)}\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
                var sending = peer.SendAsync(wire, SocketFlags.None, TestContext.Current.CancellationToken);
                while (!connection.TryReadHead()) Assert.True(connection.Received(await connection.ReceiveAsync()));
                var got = new MemoryStream();
                while (true)
                {
                    while (connection.TryReadBody(out var bytes)) got.Write(bytes);
                    if (connection.IsBodyComplete) break;
                    Assert.True(connection.Received(await connection.ReceiveAsync()));
                }
                await sending;
                Assert.True(body.AsSpan().SequenceEqual(got.ToArray()), $"round {round}");
                Assert.True(connection.CanReuse);
                connection.BeginReadAhead();
            }
        }
    }

    [Fact]
    public async Task A_connection_that_the_device_closes_or_speaks_on_while_idle_is_stale()
    {
        foreach (var speaks in new[] { false, true })
        {
            var (connection, peer) = await _loopback.ConnectAsync();
            using (connection)
            {
                connection.Begin();
                await ReadAsync(connection, peer, ["HTTP/1.1 204 None\r\n\r\n"u8.ToArray()]);
                connection.BeginReadAhead();
                Assert.False(connection.IsStale);
                if (speaks) await Loopback.SendAsync(peer, "HTTP/1.1 408 Timeout\r\n\r\n");
                else peer.Dispose();
                await Until.TrueAsync(() => connection.IsStale, "the connection going stale");
                peer.Dispose();
            }
        }
    }

    [Fact]
    public async Task Ending_a_connection_ends_its_pending_read_at_both_sides()
    {
        var (connection, peer) = await _loopback.ConnectAsync();
        using (peer)
        {
            connection.Begin();
            await Loopback.SendAsync(peer, "HTTP/1.1 200 OK\r\n\r\nhalf");
            while (!connection.TryReadHead()) Assert.True(connection.Received(await connection.ReceiveAsync()));
            while (connection.TryReadBody(out _))
            {
            }
            Assert.True(connection.EndsWithConnection);
            var reading = connection.ReceiveAsync().AsTask();
            connection.Abort();
            connection.Abort();
            // The system is free to let it fail, or to let it end.
            if (await Record.ExceptionAsync(() => reading) is null) Assert.False(connection.Received(await reading));
            Assert.False(connection.EndsWithConnection);
            Assert.Null(await Loopback.ReadRequestAsync(peer));
            Assert.False(connection.CanReuse);
        }
    }

    [Fact]
    public async Task A_dead_address_is_unreachable()
    {
        var address = _loopback.Address;
        _loopback.Dispose();
        var fault = await Assert.ThrowsAsync<DeviceFaultException>(() => DeviceConnection.OpenAsync(address, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Equal(DeviceFaultKind.Unreachable, fault.Kind);
        Assert.Contains("refused", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<(int Status, string Body)> ReadAsync(DeviceConnection connection, Socket peer, byte[][] parts)
    {
        var next = 0;
        var body = new MemoryStream();
        do await NextAsync();
        while (!connection.TryReadHead());
        while (true)
        {
            while (connection.TryReadBody(out var bytes)) body.Write(bytes);
            if (connection.IsBodyComplete) break;
            await NextAsync();
        }
        Assert.Equal(parts.Length, next);
        return (connection.Head.Status, Encoding.Latin1.GetString(body.ToArray()));

        async Task NextAsync()
        {
            // One part is on its way at a time, so that it is received as it was cut.
            await peer.SendAsync(parts[next++], SocketFlags.None, TestContext.Current.CancellationToken);
            Assert.True(connection.Received(await connection.ReceiveAsync()));
            Assert.True(connection.AnyByteReceived);
        }
    }
}
