using Mycel.Identity;
using Mycel.Node.Api.Admin;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Tests.Routing;

namespace Mycel.Node.Tests.Admin;

public class RoutePlannerTests
{
    private readonly ModelCatalog _catalog = new(new NodeMetrics(), TimeProvider.System);
    private readonly Dispatcher _dispatcher;
    private readonly List<RelayDevice> _devices = [];
    private readonly List<PeerInfo> _known = [];

    public RoutePlannerTests() => _dispatcher = new Dispatcher(_catalog, () => 10);

    [Fact]
    public void Who_would_be_asked_is_ranked_with_figures_and_reasons()
    {
        Rebuild(["m"], TestPeers.Linked("ann", new ModelOffer { Name = "m", Slots = 4, FreeSlots = 4, FirstTokenMs = 900, TokensPerSecond = 10, CompletionPrice = 3_000_000 }));
        var local = _catalog.Find("m")!.Offers[0];
        for (var i = 0; i < 3; i++) local.Figures.RecordStream(TimeSpan.FromSeconds(0.1), 101, TimeSpan.FromSeconds(2));
        var plan = Plan("m")!;
        Assert.Equal(["1 local:m local", "2 peer:ann peer"], plan.Ranking.Select(r => $"{r.Rank} {r.Route} {r.Place}"));
        Assert.Equal((100, 50, true), (plan.Ranking[0].FirstTokenMs, plan.Ranking[0].TokensPerSecond, plan.Ranking[0].IsMeasured));
        Assert.Equal((900, 10, false, 3_000_000L), (plan.Ranking[1].FirstTokenMs, plan.Ranking[1].TokensPerSecond, plan.Ranking[1].IsMeasured, plan.Ranking[1].CompletionPrice));
        Assert.Contains(plan.Ranking[0].Reasons, r => r.Contains("as measured", StringComparison.Ordinal));
        Assert.Contains(plan.Ranking[1].Reasons, r => r.Contains("as it says itself", StringComparison.Ordinal));
        Assert.Contains(plan.Ranking[1].Reasons, r => r.Contains("price", StringComparison.Ordinal));
        Assert.Empty(plan.Refused);
        Assert.True(plan.Ranking[0].Score < plan.Ranking[1].Score);
    }

    [Fact]
    public void Whoever_would_not_be_asked_is_named_with_the_reason()
    {
        var (off, ill) = (Devices.Online("off", TimeProvider.System, 4, "m"), Devices.Online("ill", TimeProvider.System, 4, "m"));
        (off.IsOnline, off.PollError) = (false, "connection refused");
        ill.Health.RecordFailure("it answered with garbage");
        _devices.AddRange([off, ill]);
        Know("bob", isGreeted: false, "m");
        Know("eve", isGreeted: true, "m");
        Know("zoe", isGreeted: true, "other");
        Rebuild(["m"]);
        _dispatcher.Acquire(_catalog.Find("local:m")!, [], out _, out _);
        var plan = Plan("m")!;
        Assert.Empty(plan.Ranking);
        var refused = plan.Refused.ToDictionary(r => r.Route, r => r.Reason);
        Assert.Equal(["local:m", "peer:bob", "peer:eve", "relay:ill", "relay:off"], refused.Keys.Order());
        Assert.Contains("No slot is free", refused["local:m"], StringComparison.Ordinal);
        Assert.Contains("garbage", refused["relay:ill"], StringComparison.Ordinal);
        Assert.Contains("connection refused", refused["relay:off"], StringComparison.Ordinal);
        Assert.Contains("nobody is there", refused["peer:bob"], StringComparison.Ordinal);
        Assert.Contains("does not share", refused["peer:eve"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_means_one_place_is_planned_for_that_alone()
    {
        _devices.Add(Devices.Online("ipad", TimeProvider.System, 4, "m"));
        Know("bob", isGreeted: false, "m");
        Rebuild(["m"], TestPeers.Linked("ann", "m"));
        foreach (var (name, route) in new[] { ("local:m", "local:m"), ("relay:m", "relay:ipad"), ("relay:ipad:m", "relay:ipad"), ("peer:ann:m", "peer:ann") })
        {
            var plan = Plan(name)!;
            Assert.Equal([route], plan.Ranking.Select(r => r.Route));
            Assert.Empty(plan.Refused);
        }
    }

    [Fact]
    public void What_only_someone_offline_has_is_told_and_what_nobody_has_is_unknown()
    {
        Know("bob", isGreeted: false, "m");
        Assert.Equal("peer:bob", Assert.Single(Plan("m")!.Refused).Route);
        Assert.Null(Plan("n"));
    }

    private PlanReply? Plan(string name) => new RoutePlanner(_catalog, _dispatcher, () => _devices, new Book(_known), TestPeers.NoLinks).Plan(name);

    private void Rebuild(string[] local, params PeerBackend[] peers) =>
        _catalog.Rebuild(() => new BackendLists(_devices, [.. local.Select(name => new LocalBackend(name, 1, null!, TimeProvider.System))], peers));

    private void Know(string name, bool isGreeted, string model)
    {
        var record = new NodeRecord { Name = name };
        record.Models.Add(new ModelOffer { Name = model });
        _known.Add(new PeerInfo { Id = TestPeers.IdOf(name), Account = default, Name = name, IsOwn = false, IsGreeted = isGreeted, Record = record });
    }

    private sealed class Book(IReadOnlyList<PeerInfo> all) : IPeerBook
    {
        public IReadOnlyList<PeerInfo> All => all;

        public event Action? Changed { add { } remove { } }

        public PeerInfo? Find(PeerId peer) => all.FirstOrDefault(p => p.Id == peer);

        public PeerStanding? StandingOf(PeerId peer, out string? whyNot)
        {
            whyNot = "it is not linked";
            return null;
        }
    }
}
