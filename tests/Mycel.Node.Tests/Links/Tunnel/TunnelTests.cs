using System.Net;
using System.Net.WebSockets;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;
using static Mycel.Node.Tests.Links.Tunnel.Exchanges;

namespace Mycel.Node.Tests.Links.Tunnel;

/// <summary>Links over WebSockets, between real sockets.</summary>
public sealed class TunnelTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_without_quic_are_linked_through_http()
    {
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();

        var link = await a.Links.ConnectAsync(b.Id, [b.Address], Cancellation);

        Assert.Equal((b.Id, Carrier.Tunnel, true), (link.Id, link.Carrier, link.IsDialled));
        Assert.Equal(new Uri(b.Address).Port, link.RemoteEndPoint!.Port);
        var other = await UntilAsync(() => b.Links.Find(a.Id));
        Assert.Equal((Carrier.Tunnel, false), (other.Carrier, other.IsDialled));
        Assert.Equal(IPAddress.Loopback, other.RemoteEndPoint!.Address);
        await link.EchoAsync(3_000_000);
        await other.EchoAsync(10);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => link.EchoAsync(20_000)));
        await UntilAsync(() => link.RoundTrip > TimeSpan.Zero ? link : null);
    }

    [Fact]
    public async Task Another_node_at_the_address_is_not_taken_for_the_one_looked_for()
    {
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await using var c = await TunnelNode.StartAsync();

        var failure = await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(c.Id, [b.Address], Cancellation));

        Assert.Contains("another node answers there", failure.Message, StringComparison.Ordinal);
        Assert.Empty(a.Links.All);
    }

    [Fact]
    public async Task One_who_is_judged_unwanted_is_refused()
    {
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        b.Links.Judge = _ => "cast out";

        await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(b.Id, [b.Address], Cancellation));

        Assert.Empty(b.Links.All);
    }

    [Fact]
    public async Task A_link_that_is_closed_ends_at_both_ends_and_leaves_its_place()
    {
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        var link = await a.Links.ConnectAsync(b.Id, [b.Address], Cancellation);
        var other = await UntilAsync(() => b.Links.Find(a.Id));

        await b.Links.CloseAsync(a.Id, "enough");

        await link.Closed.WaitAsync(Limit, Cancellation);
        await other.Closed.WaitAsync(Limit, Cancellation);
        Assert.Empty(a.Links.All);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8420", true)]
    [InlineData("https://node.example.org", true)]
    [InlineData("https://node.example.org/", true)]
    [InlineData("https://node.example.org/admin/reboot", false)]
    [InlineData("http://node.example.org/?reboot=1", false)]
    [InlineData("http://me:secret@node.example.org", false)]
    [InlineData("node.example.org:8421", false)]
    [InlineData("ftp://node.example.org", false)]
    public async Task Only_a_host_and_a_port_are_dialled(string address, bool expected)
    {
        await using var node = await TunnelNode.StartAsync();

        Assert.Equal(expected, new TunnelDialer(node.Links.Credentials).CanDial(address));
    }

    [Fact]
    public async Task Web_pages_and_plain_requests_are_refused()
    {
        await using var node = await TunnelNode.StartAsync();
        using var http = new HttpClient();
        var url = node.Address + TunnelSettings.Path;

        Assert.Equal(HttpStatusCode.UpgradeRequired, (await http.GetAsync(url, Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(node, socket => socket.Options.SetRequestHeader("Origin", "https://evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(node, socket => socket.Options.SetRequestHeader("Origin", node.Address)));
        Assert.Equal(HttpStatusCode.UpgradeRequired, await StatusOfAsync(node, null, subprotocol: "chat"));
    }

    [Fact]
    public async Task Handshakes_under_way_are_bounded_and_their_places_come_back()
    {
        await using var node = await TunnelNode.StartAsync();
        await using var other = await TunnelNode.StartAsync();
        var silent = new List<ClientWebSocket>();
        for (var i = 0; i < TunnelDoor.MaxHandshakes; i++)
        {
            silent.Add(NewSocket());
            await silent[i].ConnectAsync(UrlOf(node), Cancellation);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusOfAsync(node, null));
        var failure = await Assert.ThrowsAsync<LinkException>(() => other.Links.ConnectAsync(node.Id, [node.Address], Cancellation));
        Assert.Contains("takes no tunnels at present", failure.Message, StringComparison.Ordinal);

        foreach (var socket in silent) socket.Dispose();
        other.Links.Keep(node.Id, () => [node.Address]);
        var link = await UntilAsync(() => other.Links.Find(node.Id));
        await link.EchoAsync(10);
    }

    [Fact]
    public async Task A_link_that_went_round_moves_to_quic_when_that_leads_there_and_breaks_nothing()
    {
        await using var a = await TunnelNode.StartAsync(provider: "auto");
        await using var b = await TunnelNode.StartAsync(provider: "auto");
        string[] addresses = [b.Address];
        a.Links.Keep(b.Id, () => addresses);
        var link = await UntilAsync(() => a.Links.Find(b.Id));
        Assert.Equal(Carrier.Tunnel, link.Carrier);
        await using (var before = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Admin }, Cancellation))
        {
            await before.Writer.FlushAsync(cancellation: Cancellation);
            addresses = [b.QuicAddress, b.Address];
            await UntilAsync(() => link.Carrier == Carrier.Quic ? link : null);

            before.Writer.Write(FrameKind.Data, "still here"u8);
            await before.Writer.FlushAsync(end: true, Cancellation);
            Assert.Equal("still here"u8.ToArray(), (await before.Reader.ReadAsync(Cancellation))!.Value.Payload.ToArray());
            Assert.Null(await before.Reader.ReadAsync(Cancellation));
        }

        Assert.Same(link, a.Links.Find(b.Id));
        await UntilAsync(() => link.Connections is [{ Carrier: Carrier.Quic }] ? link : null);
        var other = await UntilAsync(() => b.Links.Find(a.Id) is { Carrier: Carrier.Quic, Connections.Count: 1 } moved ? moved : null);
        await link.EchoAsync(100_000);
        await other.EchoAsync(100_000);
    }

    [Theory]
    [InlineData(WebSocketMessageType.Text)]
    [InlineData(WebSocketMessageType.Binary)]
    public async Task Garbage_ends_the_handshake_at_once(WebSocketMessageType type)
    {
        await using var node = await TunnelNode.StartAsync();
        using var socket = NewSocket();
        await socket.ConnectAsync(UrlOf(node), Cancellation);

        await socket.SendAsync(Enumerable.Repeat((byte)'x', 5000).ToArray(), type, true, Cancellation);

        try
        {
            var buffer = new byte[4096];
            while ((await socket.ReceiveAsync(buffer.AsMemory(), Cancellation).AsTask().WaitAsync(Limit, Cancellation)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (WebSocketException)
        {
            // Cut.
        }
        Assert.Empty(node.Links.All);
    }

    private static ClientWebSocket NewSocket(string subprotocol = TunnelSettings.Subprotocol)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(subprotocol);
        socket.Options.CollectHttpResponseDetails = true;
        return socket;
    }

    private static Uri UrlOf(TunnelNode node) => new($"ws://{new Uri(node.Address).Authority}{TunnelSettings.Path}");

    private static async Task<HttpStatusCode> StatusOfAsync(TunnelNode node, Action<ClientWebSocket>? setUp, string subprotocol = TunnelSettings.Subprotocol)
    {
        using var socket = NewSocket(subprotocol);
        setUp?.Invoke(socket);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(UrlOf(node), Cancellation));
        return socket.HttpStatusCode;
    }
}
