using System.Net;
using Mycel.Identity.Certificates;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Tests.Links;

public sealed class LinkManagerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_sides_know_who_the_other_is()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();

        var link = await a.Links.ConnectAsync(b.Id, [b.Address], Cancellation);

        Assert.Equal(b.Id, link.Id);
        Assert.True(link.IsDialled);
        Assert.Equal(Carrier.Quic, link.Carrier);
        var other = await UntilAsync(() => b.Links.Find(a.Id));
        Assert.Equal(a.Identity.Certificate.AccountId, other.Peer.AccountId);
        Assert.False(other.IsDialled);
        await PingAsync(link);
        await PingAsync(other);
    }

    [Fact]
    public async Task A_node_at_the_address_of_another_is_not_taken_for_it()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        await using var c = await StartAsync();

        var failure = await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(c.Id, [b.Address], Cancellation));

        Assert.Contains("another node answers there", failure.Message, StringComparison.Ordinal);
        Assert.Empty(a.Links.All);
    }

    [Fact]
    public async Task The_first_address_that_answers_is_used_and_dead_ones_cost_little()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();

        var link = await a.Links.ConnectAsync(b.Id, ["127.0.0.1:9", "no-such-host.invalid:1", b.Address], Cancellation);

        Assert.Equal(IPEndPoint.Parse(b.Address), link.RemoteEndPoint);
    }

    [Fact]
    public async Task No_address_and_dead_addresses_are_told_as_what_they_are()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();

        Assert.Contains("No address", (await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(b.Id, [], Cancellation))).Message, StringComparison.Ordinal);
        Assert.Contains("no-such-host.invalid", (await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(b.Id, ["no-such-host.invalid:1"], Cancellation))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dialling_each_other_at_once_leaves_one_link_that_works_in_both_directions()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();

        var links = await Task.WhenAll(a.Links.ConnectAsync(b.Id, [b.Address], Cancellation), b.Links.ConnectAsync(a.Id, [a.Address], Cancellation));

        await UntilAsync(() => a.Links.Find(b.Id) is { Connections.Count: 1 } x && b.Links.Find(a.Id) is { Connections.Count: 1 } y && x.IsDialled != y.IsDialled ? x : null);
        await PingAsync(a.Links.Find(b.Id)!);
        await PingAsync(b.Links.Find(a.Id)!);
        Assert.Equal([b.Id, a.Id], links.Select(l => l.Id));
    }

    [Fact]
    public async Task Two_addresses_that_both_connect_leave_the_connection_that_the_dialling_side_uses()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var both = await Task.WhenAll(a.Links.Door!.DialAsync(b.Address, b.Id, Cancellation), a.Links.Door!.DialAsync(b.Address, b.Id, Cancellation));
        await UntilAsync(() => b.Links.Find(a.Id) is { Connections.Count: 2 } x ? x : null);

        var link = a.Links.AddConnection(both[0], Carrier.Quic, isDialled: true)!;
        Assert.Same(link, a.Links.AddConnection(both[1], Carrier.Quic, isDialled: true));

        await PingAsync(link);
        await UntilAsync(() => b.Links.Find(a.Id) is { Connections.Count: 1 } x ? x : null);
        await PingAsync(b.Links.Find(a.Id)!);
        await PingAsync(link);
        Assert.Single(link.Connections);
    }

    [Fact]
    public async Task A_kept_peer_that_restarts_is_linked_again()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var address = b.Address;
        a.Links.Keep(b.Id, () => [address]);
        var first = await UntilAsync(() => a.Links.Find(b.Id));

        await b.RestartAsync();

        var second = await UntilAsync(() => a.Links.Find(b.Id) is { } link && link != first ? link : null);
        await PingAsync(second);
    }

    [Fact]
    public async Task A_released_peer_is_dialled_no_more()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var address = b.Address;
        a.Links.Keep(b.Id, () => [address]);
        var first = await UntilAsync(() => a.Links.Find(b.Id));

        a.Links.Release(b.Id);
        await a.Links.CloseAsync(b.Id, "enough");

        await first.Closed.WaitAsync(Limit, Cancellation);
        await Task.Delay(100, Cancellation);
        Assert.Null(a.Links.Find(b.Id));
    }

    [Fact]
    public async Task Who_is_judged_unwanted_gets_no_link()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        ProvenPeer? seen = null;
        b.Links.Judge = peer => (seen = peer) is null ? null : "cast out";

        await Assert.ThrowsAsync<LinkException>(() => a.Links.ConnectAsync(b.Id, [b.Address], Cancellation));

        Assert.Equal(a.Id, seen!.PeerId);
        Assert.Empty(b.Links.All);
    }

    [Fact]
    public async Task Beyond_the_most_links_newcomers_are_turned_away_and_those_there_stay()
    {
        await using var hub = await StartAsync(options: o => o with { MaxLinks = 1 });
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var link = await a.Links.ConnectAsync(hub.Id, [hub.Address], Cancellation);
        await UntilAsync(() => hub.Links.Find(a.Id));

        var second = await b.Links.ConnectAsync(hub.Id, [hub.Address], Cancellation);

        await second.Closed.WaitAsync(Limit, Cancellation);
        await PingAsync(link);
    }

    [Fact]
    public async Task In_a_full_node_a_link_without_work_makes_room_for_a_newcomer()
    {
        var time = new AheadTime();
        await using var hub = await StartAsync(options: o => o with { MaxLinks = 2 }, time: time, setUp: links => links.Serve([new PingHandler(), new Holding()]));
        await using var working = await StartAsync();
        await using var idle = await StartAsync();
        await using var newcomer = await StartAsync();
        await using var late = await StartAsync();
        var kept = await working.Links.ConnectAsync(hub.Id, [hub.Address], Cancellation);
        await using var work = await kept.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Inference }, Cancellation);
        await work.Writer.FlushAsync(end: false, Cancellation);
        var left = await idle.Links.ConnectAsync(hub.Id, [hub.Address], Cancellation);
        await PingAsync(left);
        Assert.Equal(TimeSpan.Zero, hub.Links.Find(working.Id)!.Idle);

        time.Advance(LinkManager.MakesRoomAfter);
        var link = await newcomer.Links.ConnectAsync(hub.Id, [hub.Address], Cancellation);
        await PingAsync(link);
        await left.Closed.WaitAsync(Limit, Cancellation);
        Assert.True(left.HadToMakeRoom);

        // The newcomer has its time, and work is not ended for anyone.
        time.Advance(LinkManager.MakesRoomAfter / 2);
        var refused = await late.Links.ConnectAsync(hub.Id, [hub.Address], Cancellation);
        await refused.Closed.WaitAsync(Limit, Cancellation);
        await PingAsync(kept);
        await PingAsync(link);

        // Once it is over, the one that worked is the one that did so last.
        await work.DisposeAsync();
        await UntilAsync(() => hub.Links.Find(working.Id) is { } over && over.Idle < LinkManager.MakesRoomAfter ? over : null);
        time.Advance(LinkManager.MakesRoomAfter);
        await PingAsync(await late.Links.ConnectAsync(hub.Id, [hub.Address], Cancellation));
        await link.Closed.WaitAsync(Limit, Cancellation);
        await PingAsync(kept);
    }

    [Fact]
    public async Task A_full_node_dials_none_that_it_only_keeps_and_does_once_it_has_room()
    {
        await using var full = await StartAsync(options: o => o with { MaxLinks = 1 });
        await using var other = await StartAsync();
        await using var kept = await StartAsync();
        var link = await other.Links.ConnectAsync(full.Id, [full.Address], Cancellation);
        await UntilAsync(() => full.Links.Find(other.Id));

        full.Links.Keep(kept.Id, () => [kept.Address]);
        await UntilAsync(() => full.Links.LastError(kept.Id));
        Assert.Contains("links.max_links", full.Links.LastError(kept.Id), StringComparison.Ordinal);
        Assert.Empty(kept.Links.All);

        await PingAsync(link);
        await other.Links.CloseAsync(full.Id, "a test");
        await UntilAsync(() => full.Links.Find(kept.Id));
    }

    [Fact]
    public async Task An_exchange_of_an_unknown_kind_or_version_is_refused_at_once()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var link = await a.Links.ConnectAsync(b.Id, [b.Address], Cancellation);

        Assert.Equal(501u, await RefusalOfAsync(link, new StreamHeader { Version = StreamServer.Version, Kind = (Kind)99 }));
        Assert.Equal(501u, await RefusalOfAsync(link, new StreamHeader { Version = 77, Kind = Kind.Ping }));
        await PingAsync(link);
    }

    [Fact]
    public async Task A_stream_that_does_not_begin_with_a_header_is_aborted_and_the_link_lives()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var link = await a.Links.ConnectAsync(b.Id, [b.Address], Cancellation);
        await using var stream = await link.Connections[0].Transport.OpenStreamAsync(Cancellation);

        await stream.WriteAsync(new byte[] { 250, 1, 2, 3, 4 }, end: false, Cancellation);

        var aborted = await Assert.ThrowsAsync<TransportException>(async () => await stream.ReadAsync(new byte[1], Cancellation));
        Assert.Equal((TransportFailure.Application, (long)StreamError.Protocol), (aborted.Kind, aborted.Code));
        await PingAsync(link);
    }

    [Fact]
    public async Task Of_the_addresses_that_others_see_the_latest_public_ones_are_told()
    {
        await using var a = await StartAsync();

        foreach (var seen in (string[])["198.51.100.1:8421", "198.51.100.2:8421", "198.51.100.3:8421", "10.0.0.1:8421", "no address"]) a.Links.Observe(seen);

        Assert.Equal(["198.51.100.3:8421", "198.51.100.2:8421", a.Address], a.Links.OwnAddresses);
    }

    [Fact]
    public async Task A_taken_default_port_makes_way_for_any_free_one()
    {
        await using var first = await StartAsync(options: o => o with { Port = LinkOptions.DefaultPort });
        await using var second = await StartAsync(options: o => o with { Port = LinkOptions.DefaultPort });

        Assert.NotEqual(first.Links.Door!.LocalEndPoint!.Port, second.Links.Door!.LocalEndPoint!.Port);
    }

    private static async Task<TestNode> StartAsync(Func<LinkOptions, LinkOptions>? options = null, TimeProvider? time = null, Action<LinkManager>? setUp = null)
    {
        Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");
        var node = new TestNode(setUp, options, time);
        await node.Links.EnsureStartedAsync();
        return node;
    }

    /// <summary>The system's clock, set ahead for what is measured by timestamps.</summary>
    private sealed class AheadTime : TimeProvider
    {
        private long _ahead;

        public override long GetTimestamp() => base.GetTimestamp() + Volatile.Read(ref _ahead);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, (long)(by.TotalSeconds * TimestampFrequency));
    }

    /// <summary>Work that lasts until who asked for it goes.</summary>
    private sealed class Holding : IStreamHandler
    {
        public Kind Kind => Kind.Inference;

        public async Task HandleAsync(InboundStream stream) => await stream.Reader.ReadAsync(Cancellation);
    }

    private static async Task PingAsync(Link link)
    {
        await using var stream = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Ping }, Cancellation);
        await stream.Writer.FlushAsync(end: true, Cancellation);
        Assert.Null(await stream.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(Limit, Cancellation));
    }

    private static async Task<uint> RefusalOfAsync(Link link, StreamHeader header)
    {
        await using var stream = await link.OpenAsync(header, Cancellation);
        await stream.Writer.FlushAsync(end: true, Cancellation);
        var frame = await stream.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(Limit, Cancellation);
        Assert.Equal(FrameKind.Refusal, frame!.Value.Kind);
        return Refusal.Parser.ParseFrom(frame.Value.Payload.Span).Status;
    }

    private static async Task<T> UntilAsync<T>(Func<T?> look)
        where T : class
    {
        var deadline = DateTime.UtcNow + Limit;
        while (true)
        {
            if (look() is { } found) return found;
            Assert.True(DateTime.UtcNow < deadline, "it did not come about");
            await Task.Delay(10, Cancellation);
        }
    }
}
