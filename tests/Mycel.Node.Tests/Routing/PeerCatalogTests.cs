using Mycel.Node.Backends;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Links.Wire;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

public class PeerCatalogTests
{
    private readonly ModelCatalog _catalog = new(new NodeMetrics(), TimeProvider.System);

    [Fact]
    public void A_peers_model_goes_by_its_plain_name_and_is_listed_once_for_the_nearest()
    {
        Rebuild(["m"], [Device("ipad", "m", "n")], [TestPeers.Linked("ann", "m", "n", "p"), TestPeers.Linked("bob", "p")]);
        Assert.Equal(["m local", "n relay", "p peer", "relay:m relay", "relay:n relay"], _catalog.Listed.Select(l => $"{l.Id} {l.OwnedBy}"));
        Assert.Equal(["local:m", "relay:ipad", "peer:ann"], Routes("m"));
        Assert.Equal(["relay:ipad", "peer:ann"], Routes("n"));
        Assert.Equal(["peer:ann", "peer:bob"], Routes("p"));
        Assert.Equal(["peer:bob"], Routes("peer:bob:p"));
        Assert.Equal(["relay:ipad"], Routes("relay:m"));
        Assert.Equal(["local:m"], Routes("local:m"));
        Assert.Null(_catalog.Find("peer:bob:m"));
        Rebuild([], [], []);
        Assert.Null(_catalog.Find("p"));
        Assert.Empty(_catalog.Listed);
    }

    [Fact]
    public void What_peers_may_be_served_is_this_nodes_own_alone()
    {
        var node = Device("node", "relay:m", "relay:theirs");
        node.MycelNode = "node-2";
        Rebuild(["m", "tiny"], [node, Device("ipad", "m", "relay:deep")], [TestPeers.Linked("ann", "m", "p")]);
        Assert.Equal(["local:m", "relay:ipad"], _catalog.FindOwn("m")!.Offers.Select(o => o.Backend.Route));
        Assert.Equal(["deep", "m", "tiny"], _catalog.Own.Select(m => m.Name).Order());
        foreach (var name in new[] { "p", "theirs", "relay:m", "local:m", "peer:ann:m", "relay:ipad:m" }) Assert.Null(_catalog.FindOwn(name));
        // In line or after a refusal it is looked for again, and never becomes what peers have.
        Assert.True(_catalog.FindAgain(_catalog.FindOwn("m")!)!.IsOwn);
        Assert.False(_catalog.FindAgain(_catalog.Find("m")!)!.IsOwn);
    }

    [Fact]
    public async Task What_a_peer_asks_for_is_never_passed_on_to_another_peer()
    {
        Rebuild(["m"], [], [TestPeers.Linked("ann", "m")]);
        var dispatcher = new Dispatcher(_catalog, () => 10);
        var own = _catalog.FindOwn("m")!;
        Assert.Equal(SlotResult.Taken, dispatcher.Acquire(own, [], out var first, out _));
        Assert.Equal(SlotResult.Waiting, dispatcher.Acquire(own, [], out _, out var waiter));
        Assert.Equal(SlotResult.Exhausted, dispatcher.Acquire(own, [first!.Backend], out _, out _));
        dispatcher.DispatchWaiting();
        Assert.False(waiter!.Slot.IsCompleted);
        dispatcher.Release(first);
        Assert.Equal("local:m", (await waiter.Slot)!.Backend.Route);
    }

    [Fact]
    public void A_device_that_is_linked_as_well_is_counted_once_and_asked_over_its_link()
    {
        var ann = TestPeers.Linked("ann", "m");
        var device = Device("ann-http", "m", "unshared");
        device.MycelNode = ann.Peer.ToString();
        Rebuild([], [device], [ann]);
        Assert.Equal(["peer:ann"], Routes("m"));
        // By its own names, and for what it does not share over the link, it is asked as the device that somebody added.
        Assert.Equal(["relay:ann-http"], Routes("relay:m"));
        Assert.Equal(["relay:ann-http"], Routes("unshared"));
    }

    [Fact]
    public void A_peer_is_not_told_of_its_own_models()
    {
        var ann = TestPeers.Linked("ann", "theirs", "shared");
        Rebuild(["mine"], [], [ann, TestPeers.Linked("bob", "shared")]);
        Assert.Equal(["mine", "shared"], _catalog.ListedFor(ann.Peer.ToString()).Select(m => m.Id));
    }

    [Theory]
    [InlineData("relay:m")]
    [InlineData("local:m")]
    [InlineData("peer:bob:m")]
    [InlineData("")]
    [InlineData("a\nb")]
    public void A_peers_model_never_passes_for_something_else(string name)
    {
        Rebuild(["m"], [Device("ipad", "m")], [TestPeers.Linked("ann", name), TestPeers.Linked("bob", "m")]);
        Assert.DoesNotContain(_catalog.Listed, l => l.Id == name && l.OwnedBy == "peer");
        Assert.DoesNotContain("peer:ann", _catalog.Find(name)?.Offers.Select(o => o.Backend.Route) ?? []);
    }

    [Fact]
    public void Figures_outlive_a_rebuild_and_a_backend_that_was_away()
    {
        Rebuild([], [], [TestPeers.Linked("ann", "m")]);
        var figures = _catalog.Find("m")!.Offers[0].Figures;
        for (var i = 0; i < OfferFigures.MinSamples; i++) figures.RecordStream(TimeSpan.FromSeconds(1), 11, TimeSpan.FromSeconds(1));
        Rebuild([], [], []);
        Rebuild([], [], [TestPeers.Linked("ann", "m")]);
        Assert.Same(figures, _catalog.Find("m")!.Offers[0].Figures);
        Assert.Equal(10, _catalog.Find("m")!.Offers[0].Figures.TokensPerSecond, 3);
    }

    [Fact]
    public void Figures_of_what_is_gone_are_kept_up_to_a_bound()
    {
        var book = new OfferBook(new NodeMetrics());
        var kept = new FakeBackend("kept", 1, TimeProvider.System);
        for (var round = 0; round < 3; round++)
        {
            book.Begin();
            book.Get(kept, "m", "m", OfferPlace.Local).Figures.Turn = 7;
            for (var i = 0; i < OfferBook.MaxRemembered; i++) book.Get(new FakeBackend($"{round}-{i}", 1, TimeProvider.System), "m", "m", OfferPlace.Peer);
            book.End();
            Assert.InRange(book.Remembered, OfferBook.MaxRemembered, 2 * OfferBook.MaxRemembered + 1);
        }
        book.Begin();
        Assert.Equal(7, book.Get(kept, "m", "m", OfferPlace.Local).Figures.Turn);
    }

    [Fact]
    public void What_a_peer_says_of_itself_is_taken_only_where_it_makes_sense()
    {
        var offer = new ModelOffer { Name = "m", Slots = uint.MaxValue, FreeSlots = uint.MaxValue, FirstTokenMs = double.NaN, TokensPerSecond = -5, PromptPrice = -1, CompletionPrice = long.MaxValue };
        var claims = OfferClaims.Of(offer, TimeSpan.FromMilliseconds(20), isFree: false, inFlight: 3);
        Assert.Equal((OfferClaims.MaxSlots, OfferClaims.MaxWeight, 0, 0L, long.MaxValue), (claims.Slots, claims.Weight, claims.TakenByOthers, claims.PromptPrice, claims.CompletionPrice));
        Assert.True(double.IsNaN(claims.FirstTokenSeconds) && double.IsNaN(claims.TokensPerSecond));
        var sound = new ModelOffer { Name = "m", Slots = 8, FreeSlots = 3, FirstTokenMs = 180, TokensPerSecond = 40, CompletionPrice = 5 };
        claims = OfferClaims.Of(sound, TimeSpan.FromMilliseconds(20), isFree: true, inFlight: 1);
        Assert.Equal((8, 4, 0L), (claims.Slots, claims.TakenByOthers, claims.CompletionPrice));
        Assert.Equal(0.2, claims.FirstTokenSeconds, 9);
        Assert.Equal(40, claims.TokensPerSecond);
    }

    [Fact]
    public void A_newer_record_of_a_peer_counts_at_once()
    {
        var ann = TestPeers.Linked("ann", new ModelOffer { Name = "m", Slots = 2, FreeSlots = 2, TokensPerSecond = 10 });
        Rebuild([], [], [ann]);
        var offer = _catalog.Find("m")!.Offers[0];
        Assert.Equal((2, 0.0, 10.0), (offer.Slots, offer.Load, offer.Figures.TokensPerSecond));
        ann.Update([new ModelOffer { Name = "other", Slots = 9 }, new ModelOffer { Name = "m", Slots = 4, FreeSlots = 1, TokensPerSecond = 30 }]);
        Assert.Equal((4, 0.75, 30.0), (offer.Slots, offer.Load, offer.Figures.TokensPerSecond));
    }

    [Fact]
    public void A_models_slots_bound_it_within_those_of_its_peer()
    {
        var backend = new FakeBackend("ann", 8, TimeProvider.System);
        var offer = new Offer(backend, "m", new RouteMetrics("peer:ann", "m"), null, OfferPlace.Peer);
        offer.Figures.Claims = new OfferClaims { Slots = 2 };
        var target = new ModelTarget("m", [offer]);
        var dispatcher = new Dispatcher(_catalog, () => 0);
        for (var i = 0; i < 2; i++) Assert.Equal(SlotResult.Taken, dispatcher.Acquire(target, [], out _, out _));
        Assert.Equal(SlotResult.QueueFull, dispatcher.Acquire(target, [], out _, out _));
        dispatcher.Release(offer);
        Assert.Equal(SlotResult.Taken, dispatcher.Acquire(target, [], out _, out _));
    }

    [Fact]
    public void A_peer_with_many_slots_is_sent_as_many_requests_and_drawn_no_further_ahead_for_it()
    {
        var ann = TestPeers.Linked("ann", new ModelOffer { Name = "m", Slots = 1000, FreeSlots = 1000 });
        Rebuild([], [], [ann]);
        var target = _catalog.Find("m")!;
        var dispatcher = new Dispatcher(_catalog, () => 0);
        for (var i = 0; i < 1000; i++) Assert.Equal(SlotResult.Taken, dispatcher.Acquire(target, [], out _, out _));
        Assert.Equal(SlotResult.QueueFull, dispatcher.Acquire(target, [], out _, out _));

        var offer = target.Offers[0];
        var before = offer.Figures.Turn;
        OfferRanking.TakeTurn(target, offer, 0);
        Assert.Equal(1.0 / OfferClaims.MaxWeight, offer.Figures.Turn - before, 9);
    }

    private static RelayDevice Device(string name, params string[] models) => Devices.Online(name, TimeProvider.System, 4, models);

    private void Rebuild(string[] local, RelayDevice[] devices, PeerBackend[] peers) =>
        _catalog.Rebuild(() => new BackendLists(devices, [.. local.Select(name => new LocalBackend(name, 1, null!, TimeProvider.System))], peers));

    private IEnumerable<string> Routes(string name) => _catalog.Find(name)!.Offers.Select(o => o.Backend.Route);
}
