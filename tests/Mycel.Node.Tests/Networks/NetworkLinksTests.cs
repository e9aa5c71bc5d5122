using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Tests.Networks;

/// <summary>Nodes of one network, over real links: what they hear of each other, and how those are shut out that do not belong.</summary>
public sealed class NetworkLinksTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public NetworkLinksTests() => Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");

    [Fact]
    public async Task Models_and_slots_are_told_as_they_change_and_those_for_home_to_the_own_devices_alone()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");
        await using var laptop = await JoinedAsync(host, "laptop", host.Identity.Account);
        var network = host.Registry.Joined[0].Charter.Id;

        host.Models.Set(Records.Offer("shared", network), Records.Offer("home"));

        await Until.TrueAsync(() => Models(guest, host) == "shared" && Models(laptop, host) == "shared,home", "the models' being told");
        var free = Records.Offer("shared", network);
        free.FreeSlots = 4;
        host.Models.Set(free);
        await Until.TrueAsync(() => guest.Peers.Find(host.Id)!.Record!.Models is [{ FreeSlots: 4 }] && Models(laptop, host) == "shared", "the slots' being told");
        host.Models.Set();
        await Until.TrueAsync(() => Models(guest, host).Length == 0, "the models' going");
    }

    [Fact]
    public async Task A_guest_meets_the_other_members_through_the_one_that_invited()
    {
        await using var host = await FoundAsync();
        await using var first = await JoinedAsync(host, "first");
        await using var second = await JoinedAsync(host, "second");

        await Until.TrueAsync(() => first.Serves(second) && second.Serves(first), "the two guests' meeting");
    }

    [Fact]
    public async Task A_node_that_starts_again_finds_its_network_without_the_one_that_invited()
    {
        await using var host = await FoundAsync();
        await using var first = await JoinedAsync(host, "first");
        await using var second = await JoinedAsync(host, "second");
        await Until.TrueAsync(() => first.Serves(second) && second.Serves(first), "the two guests' meeting");
        await host.StopAsync();

        await second.RestartAsync();

        await Until.TrueAsync(() => first.Serves(second) && second.Serves(first), "the two guests' meeting again");
        host.Models.Set();
    }

    [Fact]
    public async Task Records_go_on_after_a_restart()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");

        await guest.RestartAsync();
        guest.Models.Set(Records.Offer("new", host.Registry.Joined[0].Charter.Id));

        await Until.TrueAsync(() => host.Serves(guest) && Models(host, guest) == "new", "the restarted node's record");
    }

    [Fact]
    public async Task Who_leaves_is_served_no_more_and_serves_no_more()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");

        await guest.Registry.LeaveAsync(guest.Registry.Joined[0]);

        Assert.False(guest.Serves(host));
        await Until.TrueAsync(() => !host.Serves(guest) && host.Peers.Find(guest.Id) is null or { IsGreeted: false }, "the host's letting go");
        Assert.Empty(guest.Peers.All);
        Assert.Equal("network_not_found", (await Assert.ThrowsAsync<NetworkException>(() => guest.Registry.LeaveAsync(host.Registry.Joined[0]))).Code);
    }

    [Fact]
    public async Task Two_nodes_with_two_networks_in_common_keep_the_one_when_the_other_is_left()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");
        await guest.Registry.CreateAsync("family", isPublic: false);
        await host.JoinAsync(guest.Invite(network: guest.Registry.Find("family")));
        await Until.TrueAsync(() => Common(host, guest) == 2 && Common(guest, host) == 2, "both networks' being proved to both");

        await host.Registry.LeaveAsync(host.Registry.Find("family")!);

        Assert.Equal(1, Common(host, guest));
        await Until.TrueAsync(() => Common(guest, host) == 1, "the change's being greeted");
        await Until.TrueAsync(() => host.Links.Find(guest.Id) is not null && guest.Serves(host), "the link's staying");
    }

    [Fact]
    public async Task A_device_cast_out_beside_the_running_node_is_unlinked_everywhere_and_stays_out()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");
        await using var laptop = await JoinedAsync(host, "laptop", host.Identity.Account);
        await Until.TrueAsync(() => guest.Serves(laptop) && laptop.Serves(guest), "the guest's meeting the laptop");

        // As `mycel device revoke` does in a process of its own.
        using (var beside = NodeIdentity.LoadOrCreate(host.Folder, "host", passphrase: null, host.Time)) beside.Revoke(laptop.Id);

        await Until.TrueAsync(() => host.Links.Find(laptop.Id) is null && guest.Links.Find(laptop.Id) is null, "the laptop's links' being closed");
        Assert.False(guest.Serves(laptop));
        await Assert.ThrowsAsync<LinkException>(() => laptop.Links.ConnectAsync(guest.Id, [guest.Address], Cancellation));
        await guest.RestartAsync();
        await Assert.ThrowsAsync<LinkException>(() => laptop.Links.ConnectAsync(guest.Id, [guest.Address], Cancellation));
    }

    [Fact]
    public async Task A_stranger_learns_nothing_and_may_send_nothing()
    {
        await using var host = await FoundAsync();
        await using var stranger = await new NetworkNode("stranger").ListenAsync();
        var link = await stranger.Links.ConnectAsync(host.Id, [host.Address], Cancellation);

        Assert.Equal(new Greeting(), await GreetAsync(link, new Greeting()));
        Assert.Equal(new Greeting(), await GreetAsync(link, new Greeting { Record = Own(stranger) }));
        var update = new Update();
        update.Records.Add(Own(stranger));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => AskAsync(link, Kind.Records, update, Update.Parser));
        Assert.Equal("not_allowed", refused.Refusal.Code);
        Assert.Null(host.Peers.Find(stranger.Id));
        host.Time.Shift = Strangers.Stay;
        await link.Closed.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    [Fact]
    public async Task What_is_shown_and_does_not_hold_gives_nothing()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");
        await using var thief = await new NetworkNode("thief").ListenAsync();
        using var other = new TestPeer(host.Time);
        var network = host.Registry.Joined[0];
        var link = await thief.Links.ConnectAsync(host.Id, [host.Address], Cancellation);
        var stolen = Shown(guest.Registry.Joined[0]);
        using var asThief = new TestPeer(host.Time, thief.Identity.Account);
        var foreign = new JoinedNetwork(NetworkCharter.Issue(thief.Identity.Account!, "friends", isPublic: false), null, []);
        var torn = stolen.Clone();
        torn.Membership = ByteString.CopyFrom(stolen.Membership.Span[..^1]);
        MemberProof[] wrong =
        [
            stolen, torn, Shown(network), Shown(foreign), new MemberProof(), new MemberProof { Charter = stolen.Charter }, new MemberProof { Membership = stolen.Membership },
            asThief.ShownIn(foreign, thief.Identity), new MemberProof { Charter = stolen.Charter, Membership = asThief.ShownIn(foreign, thief.Identity).Membership },
            asThief.ShownIn(network, host.Identity, until: host.Time.GetUtcNow().AddMinutes(-11), from: host.Time.GetUtcNow().AddDays(-1)),
            asThief.ShownIn(network, host.Identity, from: host.Time.GetUtcNow().AddMinutes(11)),
        ];

        foreach (var proof in wrong)
        {
            var greeting = new Greeting();
            greeting.Networks.Add(proof);
            Assert.Equal(new Greeting(), await GreetAsync(link, greeting));
            Assert.False(host.Serves(thief));
        }

        var right = new Greeting();
        right.Networks.Add(asThief.ShownIn(network, host.Identity));
        Assert.Single((await GreetAsync(link, right)).Networks);
        Assert.True(host.Serves(thief));
    }

    [Fact]
    public async Task Greetings_out_of_bounds_and_someone_else_s_record_are_refused_and_the_link_lives()
    {
        await using var host = await FoundAsync();
        await using var guest = await new NetworkNode("guest").ListenAsync();
        using var other = new TestPeer(host.Time);
        var link = await guest.Links.ConnectAsync(host.Id, [host.Address], Cancellation);
        var many = new Greeting();
        many.Networks.AddRange(Enumerable.Repeat(new MemberProof(), 65));
        var lists = new Greeting();
        lists.Revocations.AddRange(Enumerable.Repeat(ByteString.Empty, 65));
        Greeting[] wrong =
        [
            many, lists, new() { Instance = ByteString.CopyFrom(new byte[17]) }, new() { Record = ByteString.CopyFromUtf8("nothing") },
            new() { Record = other.Record(host.Time.GetUtcNow(), 1, []) }, new() { Record = NodeRecords.Sign(guest.Identity.Device, other.Unsigned(host.Time.GetUtcNow(), 1, [])) },
        ];

        foreach (var greeting in wrong)
            Assert.Equal(400u, (await Assert.ThrowsAsync<RefusedException>(() => GreetAsync(link, greeting))).Refusal.Status);

        await using (var garbage = await link.OpenAsync(new StreamHeader { Version = 1, Kind = Kind.Greeting }, Cancellation))
        {
            garbage.Writer.Write(FrameKind.Data, [1, 2, 3]);
            await garbage.Writer.FlushAsync(end: true, Cancellation);
            await Assert.ThrowsAsync<TransportException>(async () => await garbage.Reader.ReadAsync(Cancellation));
        }

        Assert.Equal(new Greeting(), await GreetAsync(link, new Greeting()));
    }

    [Fact]
    public async Task Who_greets_without_end_is_told_to_wait()
    {
        await using var host = await FoundAsync();
        await using var guest = await new NetworkNode("guest").ListenAsync();
        var link = await guest.Links.ConnectAsync(host.Id, [host.Address], Cancellation);
        for (var i = 0; i < GreetingHandler.MaxInWindow; i++) await GreetAsync(link, new Greeting());

        Assert.Equal(429u, (await Assert.ThrowsAsync<RefusedException>(() => GreetAsync(link, new Greeting()))).Refusal.Status);

        host.Time.Shift = GreetingHandler.Window;
        await GreetAsync(link, new Greeting());
    }

    [Fact]
    public async Task A_member_s_messages_out_of_bounds_end_their_stream_and_change_nothing()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");
        using var third = new TestPeer(host.Time);
        var now = host.Time.GetUtcNow();
        var network = host.Registry.Joined[0].Charter.Id;
        var link = guest.Links.Find(host.Id)!;
        var many = new Update();
        many.Records.AddRange(Enumerable.Repeat(third.Record(now, 1, [network]), RecordsHandler.MaxRecords + 1));
        var lists = new Update();
        lists.Revocations.AddRange(Enumerable.Repeat(ByteString.Empty, RecordsHandler.MaxRevocations + 1));
        var forged = new Update();
        forged.Records.Add(NodeRecords.Sign(guest.Identity.Device, third.Unsigned(now, 1, [network])));
        var torn = new Update();
        torn.Revocations.Add(ByteString.CopyFromUtf8("nothing"));

        foreach (var update in new[] { many, lists, forged, torn })
        {
            var aborted = await Assert.ThrowsAsync<TransportException>(() => AskAsync(link, Kind.Records, update, Update.Parser));
            Assert.Equal((long)StreamError.Protocol, aborted.Code);
        }

        Assert.Null(host.Peers.Find(third.Id));
        Assert.True(host.Serves(guest));
        var right = new Update();
        right.Records.Add(third.Record(now, 1, [network]));
        await AskAsync(link, Kind.Records, right, Update.Parser);
        Assert.NotNull(host.Peers.Find(third.Id));
    }

    private static async Task<NetworkNode> FoundAsync()
    {
        var node = await new NetworkNode("host").StartAsync();
        await node.Registry.CreateAsync("friends", isPublic: false);
        return node;
    }

    private static async Task<NetworkNode> JoinedAsync(NetworkNode host, string name, AccountKey? account = null)
    {
        var node = await new NetworkNode(name, account).StartAsync();
        await node.JoinAsync(host.Invite());
        return node;
    }

    private static string Models(NetworkNode reader, NetworkNode of) => string.Join(',', reader.Peers.Find(of.Id)?.Record?.Models.Select(offer => offer.Name) ?? []);

    private static int Common(NetworkNode node, NetworkNode peer) => node.Peers.StandingOf(peer.Id, out _)?.Networks.Count ?? 0;

    private static ByteString Own(NetworkNode node) => node.Get<OwnRecord>().Current.Shared;

    private static MemberProof Shown(JoinedNetwork network) => new()
    {
        Charter = ByteString.CopyFrom(network.Charter.ToBytes()),
        Membership = network.Membership is { } membership ? ByteString.CopyFrom(membership.ToBytes()) : ByteString.Empty,
    };

    private static async Task<Greeting> GreetAsync(Link link, Greeting greeting) => (await AskAsync(link, Kind.Greeting, greeting, Greeting.Parser))!;

    private static async Task<T?> AskAsync<T>(Link link, Kind kind, IMessage message, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        await using var stream = await link.OpenAsync(new StreamHeader { Version = 1, Kind = kind }, Cancellation);
        stream.Write(message);
        await stream.Writer.FlushAsync(end: true, Cancellation);
        return await stream.ReadMessageAsync(parser, Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }
}
