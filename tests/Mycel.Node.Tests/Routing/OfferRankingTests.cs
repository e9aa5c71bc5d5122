using Mycel.Node.Backends;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

public class OfferRankingTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void The_faster_comes_first_and_the_nearer_where_both_are_as_fast()
    {
        var slow = Measured(New("slow"), 0.2, 20);
        var fast = Measured(New("fast", OfferPlace.Peer), 0.2, 100);
        Assert.Same(fast, Pick(slow, fast));
        var near = Measured(New("near"), 0.2, 100);
        Assert.Same(near, Pick(fast, near));
        var own = Measured(New("own", OfferPlace.OwnPeer), 0.2, 100);
        Assert.Same(own, Pick(fast, own));
    }

    [Fact]
    public void The_time_to_the_first_token_counts_beside_the_rate()
    {
        // 256 tokens: 10 + 2.56 s against 0.2 + 5.12 s.
        var distant = Measured(New("distant"), 10, 100);
        var prompt = Measured(New("prompt"), 0.2, 50);
        Assert.Same(prompt, Pick(distant, prompt));
    }

    [Fact]
    public void Those_cooling_down_come_after_all_others_however_fast()
    {
        var fast = Measured(New("fast"), 0.1, 1000);
        var slow = Measured(New("slow", slots: 1), 5, 1);
        fast.Backend.Health.RecordFailure("no");
        Assert.Same(slow, Pick(fast, slow));
        slow.Backend.InFlight = 1;
        Assert.Same(fast, Pick(fast, slow));
    }

    [Fact]
    public void Full_ones_and_those_that_refused_are_passed_over()
    {
        var (a, b) = (New("a", slots: 1), New("b"));
        a.Backend.InFlight = 1;
        Assert.Same(b, Pick(a, b));
        Assert.Null(OfferRanking.Pick(new ModelTarget("m", [a, b]), [b.Backend], null, 0, out var anyLeft));
        Assert.True(anyLeft);
        Assert.Null(OfferRanking.Pick(new ModelTarget("m", [a, b]), [a.Backend, b.Backend], null, 0, out anyLeft));
        Assert.False(anyLeft);
    }

    [Fact]
    public void One_that_others_keep_busy_is_spared()
    {
        var (busy, idle) = (New("busy", OfferPlace.Peer), New("idle", OfferPlace.Peer));
        busy.Figures.Claims = new OfferClaims { Slots = 4, TakenByOthers = 4 };
        idle.Figures.Claims = new OfferClaims { Slots = 4 };
        for (var i = 0; i < 5; i++) Assert.Same(idle, Pick(busy, idle));
        // Its word may be old by now, so that alone it is asked all the same.
        Assert.Same(busy, Pick(busy));
    }

    [Fact]
    public void One_that_often_fails_counts_as_slower()
    {
        var (flaky, sound) = (Measured(New("flaky"), 0.1, 60), Measured(New("sound"), 0.1, 50));
        for (var i = 0; i < 6; i++) flaky.Figures.RecordFailure();
        Assert.Same(sound, Pick(flaky, sound));
    }

    [Fact]
    public void Quality_and_price_decide_between_those_as_fast()
    {
        var (small, large) = (New("small", OfferPlace.Peer), New("large", OfferPlace.Peer));
        (small.Tier, large.Tier) = ("tiny", "large");
        Assert.Same(large, Pick(small, large));
        var (free, dear) = (New("free", OfferPlace.Peer), New("dear", OfferPlace.Peer));
        free.Figures.Claims = new OfferClaims { Slots = 4 };
        dear.Figures.Claims = new OfferClaims { Slots = 4, CompletionPrice = 4_000_000 };
        Assert.Same(free, Pick(dear, free));
        // 256 tokens at 4 credits a million cost 1,024 micro-credits.
        Assert.Equal(1.024, OfferRanking.PriceSeconds(dear), 6);
        // Of the unknown nothing ill is supposed.
        var unknown = New("unknown", OfferPlace.Peer);
        Assert.Equal(Score(unknown, large, unknown), Score(large, large, unknown));
    }

    [Fact]
    public void What_was_not_measured_yet_is_tried_beside_the_best()
    {
        var (known, fresh) = (Measured(New("known"), 0.2, 100), New("fresh"));
        Assert.Equal(Score(known, known, fresh), Score(fresh, known, fresh));
        // One at a time: it may be the slowest of all.
        fresh.Figures.InFlight = 1;
        Assert.True(Score(fresh, known, fresh) > 2 * Score(known, known, fresh));
        Assert.Equal(Score(fresh, fresh), Score(New("other"), fresh));
    }

    [Fact]
    public void What_was_slow_long_ago_is_tried_once_in_a_while()
    {
        var (good, slow) = (Measured(New("good"), 0.1, 100), Measured(New("slow"), 0.1, 20));
        slow.Figures.LastUsedAt = good.Figures.LastUsedAt = 0;
        var best = OfferRanking.BestOf([good, slow]);
        Assert.True(OfferRanking.Score(slow, best, 60_000) > 2 * OfferRanking.Score(good, best, 60_000));
        Assert.Equal(OfferRanking.Score(good, best, 600_001), OfferRanking.Score(slow, best, 600_001));
        // While it is tried nobody else tries it.
        slow.Figures.InFlight = 1;
        Assert.True(OfferRanking.Score(slow, best, 600_001) > 2 * OfferRanking.Score(good, best, 600_001));
    }

    [Fact]
    public void A_conversation_stays_where_its_beginning_is_while_that_costs_little()
    {
        var (cold, warm) = (Measured(New("cold"), 0.1, 100), Measured(New("warm"), 0.1, 90));
        var target = new ModelTarget("m", [cold, warm]);
        for (var i = 0; i < 5; i++) Assert.Same(warm, Pick(target, warm.Backend));
        warm.Backend.InFlight = 3;
        Assert.Same(cold, Pick(target, warm.Backend));
        warm.Backend.InFlight = 0;
        warm.Backend.Health.RecordFailure("no");
        Assert.Same(cold, Pick(target, warm.Backend));
    }

    [Fact]
    public void Sessions_stay_with_their_backend_and_new_ones_take_turns()
    {
        var catalog = new ModelCatalog(new NodeMetrics(), _time);
        var dispatcher = new Dispatcher(catalog, () => 10, _time);
        var target = new ModelTarget("m", [New("a"), New("b"), New("c")]);
        var homes = new Dictionary<int, Backend>();
        for (var conversation = 1; conversation <= 30; conversation++) homes[conversation] = Ask(conversation, isFirst: true);
        Assert.Equal([10, 10, 10], homes.Values.GroupBy(b => b.Route).Select(g => g.Count()));
        var random = new Random(3);
        for (var i = 0; i < 300; i++)
        {
            var conversation = random.Next(1, 31);
            Assert.Same(homes[conversation], Ask(conversation, isFirst: false));
        }
        Assert.Equal(30, dispatcher.SessionsOf("m").Values.Sum());
        _time.Advance(TimeSpan.FromMilliseconds(SessionMap.LifetimeMs + 1));
        Assert.Empty(dispatcher.SessionsOf("m"));

        Backend Ask(int conversation, bool isFirst)
        {
            Assert.Equal(SlotResult.Taken, dispatcher.Acquire(target, [], out var offer, out _, new SessionKey(conversation, !isFirst)));
            dispatcher.Release(offer!);
            return offer!.Backend;
        }
    }

    private Offer New(string name, OfferPlace place = OfferPlace.Local, int slots = 4) => new(new FakeBackend(name, slots, _time), "m", new RouteMetrics(name, "m"), null, place);

    private static Offer Measured(Offer offer, double firstToken, double rate)
    {
        for (var i = 0; i < OfferFigures.MinSamples; i++) offer.Figures.RecordStream(TimeSpan.FromSeconds(firstToken), 101, TimeSpan.FromSeconds(100 / rate));
        return offer;
    }

    private static Offer? Pick(params Offer[] offers) => Pick(new ModelTarget("m", offers), null);

    private static Offer? Pick(ModelTarget target, Backend? warm) => OfferRanking.Pick(target, [], warm, 0, out _);

    private static double Score(Offer offer, params Offer[] all) => OfferRanking.Score(offer, OfferRanking.BestOf(all), 0);
}
