using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Configuration;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Routing;

public sealed class OwnModelsTests : IDisposable
{
    private readonly NetworkId _friends = new(TestPeers.IdOf("friends"));
    private readonly NetworkId _work = new(TestPeers.IdOf("work"));
    private readonly ModelCatalog _catalog = new(new NodeMetrics(), TimeProvider.System);
    private readonly Dispatcher _dispatcher;
    private readonly FixedOptions _options = new(new MycelOptions());
    private readonly OwnModels _models;
    private int _told;

    public OwnModelsTests()
    {
        _dispatcher = new Dispatcher(_catalog, () => 10);
        _models = new OwnModels(
            _catalog, _dispatcher, _options, name => name == "tiny" ? new OwnModelFacts(4096, ["135M", "chat"], "tiny", false) : null,
            name => name switch { "friends" => _friends, "work" => _work, _ => null }, () => [_friends, _work], TimeProvider.System);
        _models.Changed += () => Interlocked.Increment(ref _told);
    }

    public void Dispose()
    {
        _models.Dispose();
        _dispatcher.Dispose();
    }

    [Fact]
    public void Local_models_and_those_of_devices_are_offered_by_bare_names_and_nothing_of_peers()
    {
        var node = Devices.Online("node", TimeProvider.System, 4, "relay:theirs");
        node.MycelNode = "node-2";
        var offline = Devices.Online("off", TimeProvider.System, 4, "gone");
        offline.IsOnline = false;
        Rebuild(["tiny"], [Devices.Online("ipad", TimeProvider.System, 4, "relay:m", "tiny"), node, offline]);
        Assert.Equal(["m 4/4", "tiny 6/6"], _models.Offers.Select(o => $"{o.Name} {o.FreeSlots}/{o.Slots}"));
        var tiny = _models.Offers[1];
        Assert.Equal((4096u, "tiny", "135M chat"), (tiny.ContextLength, tiny.Tier, string.Join(' ', tiny.Tags)));
        Assert.Equal(2, tiny.Networks.Count);
    }

    [Fact]
    public void A_price_goes_by_the_quality_unless_the_settings_name_one()
    {
        Rebuild(["tiny"], [Devices.Online("ipad", TimeProvider.System, 4, "m", "other")]);
        Assert.Equal((PriceTable.OfTier("tiny").Prompt, PriceTable.OfTier("tiny").Completion), PriceOf("tiny"));
        Assert.Equal((PriceTable.Unknown.Prompt, PriceTable.Unknown.Completion), PriceOf("m"));

        _options.Current = new MycelOptions { Credit = new CreditOptions { DefaultPrice = new ModelPrice(1, 2), Prices = new Dictionary<string, string> { ["m"] = "free", ["tiny"] = "0.5/2" } } };

        Assert.Equal((500_000, 2_000_000), PriceOf("tiny"));
        Assert.Equal((0, 0), PriceOf("m"));
        Assert.Equal((1, 2), PriceOf("other"));
        (long, long) PriceOf(string model) => _models.Offers.Where(o => o.Name == model).Select(o => (o.PromptPrice, o.CompletionPrice)).Single();
    }

    [Fact]
    public void Slots_in_use_and_measured_figures_are_told()
    {
        Rebuild(["tiny"], []);
        _dispatcher.Acquire(_catalog.Find("tiny")!, [], out var offer, out _);
        Assert.Equal((1u, 2u), (_models.Offers[0].FreeSlots, _models.Offers[0].Slots));
        for (var i = 0; i < 3; i++) offer!.Figures.RecordStream(TimeSpan.FromSeconds(0.5), 101, TimeSpan.FromSeconds(4));
        Assert.Equal((500, 25), (_models.Offers[0].FirstTokenMs, _models.Offers[0].TokensPerSecond));
    }

    [Fact]
    public async Task A_change_is_told_once_and_figures_alone_are_none()
    {
        Rebuild(["tiny"], []);
        await Until.TrueAsync(() => _told == 1, "word of the model");
        for (var i = 0; i < 50; i++)
        {
            _dispatcher.Acquire(_catalog.Find("tiny")!, [], out var offer, out _);
            offer!.Figures.RecordDocument(TimeSpan.FromSeconds(1), 50);
            _dispatcher.Release(offer);
        }
        _dispatcher.Acquire(_catalog.Find("tiny")!, [], out _, out _);
        await Until.TrueAsync(() => _told > 1, "word of the slot");
        Assert.True(_told <= 4, $"{_told} words for 100 changes within a moment");
        var before = _told;
        _options.Current = new MycelOptions { Sharing = new SharingOptions { Default = "home" } };
        await Until.TrueAsync(() => _told > before, "word of the scope");
    }

    [Fact]
    public void Who_may_ask_is_settled_by_scope_membership_and_terms()
    {
        Rebuild(["tiny", "secret", "office", "lost"], []);
        _options.Current = new MycelOptions
        {
            Sharing = new SharingOptions { Models = new Dictionary<string, string> { ["secret"] = "home", ["office"] = "work", ["lost"] = "a network that was left" } },
        };
        var friend = Standing(false, (_friends, new MemberTerms()));
        Assert.True(_models.MayAsk(friend, "tiny", out var network));
        Assert.Equal(_friends, network);
        foreach (var closed in new[] { "secret", "office", "lost", "unknown" }) Assert.False(_models.MayAsk(friend, closed, out _));

        var colleague = Standing(false, (_friends, new MemberTerms { Models = ["other"] }), (_work, new MemberTerms()));
        Assert.True(_models.MayAsk(colleague, "office", out network));
        Assert.Equal(_work, network);
        Assert.True(_models.MayAsk(colleague, "tiny", out network));
        Assert.Equal(_work, network);
        Assert.False(_models.MayAsk(Standing(false, (_work, new MemberTerms { Models = ["tiny"] })), "office", out _));

        foreach (var any in new[] { "tiny", "secret", "office", "lost" }) Assert.True(_models.MayAsk(Standing(true), any, out network));
        Assert.False(_models.MayAsk(Standing(true), "unknown", out _));
        Assert.False(_models.MayAsk(Standing(false), "tiny", out _));
        Assert.False(_models.MayAsk(Standing(false, (new NetworkId(TestPeers.IdOf("strange")), new MemberTerms())), "tiny", out _));
        Assert.Equal(["lost 0", "office 1", "secret 0", "tiny 2"], _models.Offers.Select(o => $"{o.Name} {o.Networks.Count}"));
    }

    [Fact]
    public void A_peers_model_is_not_to_be_had_here()
    {
        _catalog.Rebuild(() => new BackendLists([], [], [TestPeers.Linked("ann", "m")]));
        Assert.NotNull(_catalog.Find("m"));
        Assert.Empty(_models.Offers);
        Assert.False(_models.MayAsk(Standing(true), "m", out _));
    }

    [Fact]
    public void No_more_are_told_than_a_record_takes()
    {
        Rebuild([], [Devices.Online("many", TimeProvider.System, 4, [.. Enumerable.Range(0, 1000).Select(i => $"m{i}")])]);
        Assert.Equal(OwnModels.MaxOffers, _models.Offers.Count);
    }

    [Fact]
    public void What_was_not_told_yet_or_is_one_too_many_to_be_told_is_not_free()
    {
        Rebuild(["tiny"], [Devices.Online("many", TimeProvider.System, 4, [.. Enumerable.Range(0, 2 * OwnModels.MaxOffers).Select(i => $"m{i:D4}")])]);
        var stranger = Standing(false, (_friends, new MemberTerms()));

        Assert.Equal([new Prices(PriceTable.OfTier("tiny").Prompt, PriceTable.OfTier("tiny").Completion)], _models.PricesOf("tiny"));
        Assert.False(_models.SharesForFree(stranger));
        Assert.Equal(OwnModels.MaxOffers, _models.Offers.Count);

        Assert.Equal([new Prices(PriceTable.Unknown.Prompt, PriceTable.Unknown.Completion)], _models.PricesOf($"m{(2 * OwnModels.MaxOffers) - 1:D4}"));
        Assert.False(_models.SharesForFree(stranger));
    }

    private static PeerStanding Standing(bool isOwn, params (NetworkId Id, MemberTerms Terms)[] networks) =>
        new(default, "ann", isOwn, networks.ToDictionary(n => n.Id, n => n.Terms));

    private void Rebuild(string[] local, RelayDevice[] devices) =>
        _catalog.Rebuild(() => new BackendLists(devices, [.. local.Select(name => new LocalBackend(name, 2, null!, TimeProvider.System))], []));
}
