using System.Text;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;
using static Mycel.Node.Tests.Links.Tunnel.Exchanges;

namespace Mycel.Node.Tests.Links.Tunnel;

/// <summary>Links through a third node: a and b know the one in the middle, and nothing of where the other is.</summary>
public sealed class RelayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_that_cannot_reach_each_other_are_linked_through_a_third()
    {
        await using var middle = await TunnelNode.StartAsync();
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await LinkAllAsync(middle, a, b);

        var link = await a.Links.ConnectAsync(b.Id, ["http://127.0.0.1:9"], Cancellation);

        Assert.Equal((b.Id, Carrier.Relay), (link.Id, link.Carrier));
        Assert.Null(link.RemoteEndPoint);
        var other = await UntilAsync(() => b.Links.Find(a.Id));
        Assert.Equal((Carrier.Relay, false), (other.Carrier, other.IsDialled));
        await link.EchoAsync(3_000_000);
        await other.EchoAsync(100_000);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => link.EchoAsync(20_000)));
        Assert.InRange(middle.Relay.RelayedBytes, 6_000_000, 20_000_000);
        Assert.Equal((1, 2), (middle.Relay.CarriedStreams, middle.Relay.Places));

        await b.Links.CloseAsync(a.Id, "enough");

        await link.Closed.WaitAsync(Limit, Cancellation);
        await UntilAsync(() => middle.Relay.Places == 0 && a.Relay.Places == 0 && b.Relay.Places == 0 ? middle : null);
        Assert.NotNull(a.Links.Find(middle.Id));
    }

    [Fact]
    public async Task The_node_in_the_middle_sees_nothing_of_what_passes()
    {
        var spy = new SpyingRelay();
        await using var middle = await TunnelNode.StartAsync(relay: spy);
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await LinkAllAsync(middle, a, b);
        spy.Target = middle.Links.Find(b.Id)!;
        var link = await a.Links.ConnectAsync(b.Id, [], Cancellation);
        const string Secret = "nobody but the two ends may read this, which is said over and over";

        await using var stream = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Admin, RequestId = "secret-request-id" }, Cancellation);
        for (var i = 0; i < 100; i++) stream.Writer.Write(FrameKind.Data, Encoding.ASCII.GetBytes(Secret));
        await stream.Writer.FlushAsync(end: true, Cancellation);
        var answered = 0;
        while (await stream.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(Limit, Cancellation) is { } frame) answered += frame.Payload.Length;

        Assert.Equal(100 * Secret.Length, answered);
        var seen = spy.Seen;
        Assert.True(seen.Length > 2 * answered, $"{seen.Length} bytes seen");
        foreach (var text in new[] { Secret, Secret[..12], "secret-request-id", "mycel/1" })
        {
            // The protocol's name is the one thing that TLS says in the open.
            Assert.Equal(text == "mycel/1", seen.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0);
        }
        // Nor the certificates, which TLS 1.3 seals as well.
        Assert.Equal(-1, seen.AsSpan().IndexOf(a.Links.Credentials.Current.Certificate.RawData.AsSpan()[..64]));
    }

    [Fact]
    public async Task The_link_ends_with_the_node_in_the_middle()
    {
        await using var middle = await TunnelNode.StartAsync();
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await LinkAllAsync(middle, a, b);
        var link = await a.Links.ConnectAsync(b.Id, [], Cancellation);
        var other = await UntilAsync(() => b.Links.Find(a.Id));

        await middle.DisposeAsync();

        await link.Closed.WaitAsync(Limit, Cancellation);
        await other.Closed.WaitAsync(Limit, Cancellation);
    }

    [Fact]
    public async Task What_the_setting_and_the_networks_do_not_allow_is_refused()
    {
        var rules = new Rules();
        await using var middle = await TunnelNode.StartAsync(rules);
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await LinkAllAsync(middle, a, b);
        var link = a.Links.Find(middle.Id)!;
        await using var stranger = await TunnelNode.StartAsync();

        Assert.Contains("no link", await RefusalAsync(stranger.Id), StringComparison.Ordinal);
        Assert.Contains("itself", await RefusalAsync(a.Id), StringComparison.Ordinal);
        rules.Reason = "no network in common";
        Assert.Contains("no network in common", await RefusalAsync(b.Id), StringComparison.Ordinal);
        middle.Options.Current = middle.Options.Current with { Links = middle.Options.Current.Links with { Relay = false } };
        Assert.Contains("links.relay", await RefusalAsync(b.Id), StringComparison.Ordinal);
        Assert.Equal(0, middle.Relay.Places);

        async Task<string> RefusalAsync(PeerId target)
        {
            var (stream, kind, refusal) = await link.AskToRelayAsync(target);
            await using (stream)
            {
                Assert.Equal(FrameKind.Refusal, kind);
                return refusal!.Message;
            }
        }
    }

    [Fact]
    public async Task A_node_takes_nobody_from_one_who_may_not_bring_others()
    {
        await using var middle = await TunnelNode.StartAsync();
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync(new Rules { Brings = false });
        await LinkAllAsync(middle, a, b);

        var failure = await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(b.Id, [], Cancellation));

        Assert.Contains("takes nobody", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_are_no_chains()
    {
        await using var middle = await TunnelNode.StartAsync();
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await using var c = await TunnelNode.StartAsync();
        await LinkAllAsync(middle, a, b);
        var relayed = await a.Links.ConnectAsync(b.Id, [], Cancellation);
        await c.Links.ConnectAsync(b.Id, [b.Address], Cancellation);

        await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(c.Id, [], Cancellation));
        var (stream, kind, refusal) = await relayed.AskToRelayAsync(c.Id);

        await using (stream) Assert.Contains("itself reached", refusal!.Message, StringComparison.Ordinal);
        Assert.Equal(FrameKind.Refusal, kind);
    }

    [Fact]
    public async Task Streams_of_one_peer_are_bounded_and_their_places_come_back()
    {
        await using var middle = await TunnelNode.StartAsync();
        await using var a = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await LinkAllAsync(middle, a, b);
        var link = a.Links.Find(middle.Id)!;
        var held = new List<OutboundStream>();
        for (var i = 0; i < RelayHandler.MaxStreamsPerPeer; i++)
        {
            var (stream, kind, _) = await link.AskToRelayAsync(b.Id);
            Assert.Equal(FrameKind.Head, kind);
            held.Add(stream);
        }

        var (last, _, refusal) = await link.AskToRelayAsync(b.Id);

        await using (last) Assert.Equal((503u, "relay_full"), (refusal!.Status, refusal.Code));
        foreach (var stream in held)
        {
            stream.Abort(StreamError.Cancelled);
            await stream.DisposeAsync();
        }
        await UntilAsync(() => middle.Relay.Places == 0 && b.Relay.Places == 0 ? middle : null);
        var relayed = await a.Links.ConnectAsync(b.Id, [], Cancellation);
        await relayed.EchoAsync(10);
    }

    [Fact]
    public async Task A_node_in_the_middle_that_names_another_brings_nobody()
    {
        await using var middle = await TunnelNode.StartAsync();
        await using var b = await TunnelNode.StartAsync();
        await using var claimed = await TunnelNode.StartAsync();
        var link = await middle.Links.ConnectAsync(b.Id, [b.Address], Cancellation);
        var (stream, kind, _) = await link.AskToRelayAsync(claimed.Id, isLast: true);
        Assert.Equal(FrameKind.Head, kind);
        await using var other = await TunnelNode.StartAsync();

        var connection = await Mycel.Transport.Tunnel.TunnelConnection.ConnectAsync(new RelayStream(stream), TunnelSettings.For(other.Links.Credentials), null, Cancellation);

        Assert.Contains("named another", (await connection.Closed.WaitAsync(Limit, Cancellation)).Reason, StringComparison.Ordinal);
        Assert.Null(b.Links.Find(other.Id));
    }

    private static async Task LinkAllAsync(TunnelNode middle, params TunnelNode[] others)
    {
        foreach (var node in others) await node.Links.ConnectAsync(middle.Id, [middle.Address], Cancellation);
        await UntilAsync(() => others.All(node => middle.Links.Find(node.Id) is not null) ? middle : null);
    }

    private sealed class Rules : IRelayRules
    {
        public string? Reason { get; set; }

        public bool Brings { get; init; } = true;

        public string? WhyNot(PeerId asker, PeerId target) => Reason;

        public bool MayBring(PeerId middle) => Brings;

        public IEnumerable<PeerId> MiddlesTo(PeerId target) => [];
    }
}
