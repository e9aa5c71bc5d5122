using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

/// <summary>How work spreads over backends that are simulated, in simulated time.</summary>
public class SpreadTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(15)]
    [InlineData(100)]
    public void Equals_are_given_work_in_proportion_to_their_slots(int atOnce)
    {
        var world = new World([("a", 1, 100), ("b", 2, 100), ("c", 4, 100), ("d", 8, 100)]);
        world.Run(3000, atOnce);
        foreach (var (name, slots) in new[] { ("a", 1), ("b", 2), ("c", 4), ("d", 8) })
        {
            // Few requests cannot be shared out exactly: up to one of them may be where a part of it should be.
            var leeway = Math.Max(0.2 * slots / 15.0, atOnce == 1 ? 0 : 0.6 / atOnce);
            Assert.True(Math.Abs(world.Share(name) - slots / 15.0) < leeway, $"{name} was given {world.Share(name):P1} of {slots / 15.0:P1}");
        }
    }

    [Fact]
    public void What_differs_by_chance_alone_is_shared_out_all_the_same()
    {
        var world = new World([("a", 4, 100), ("b", 4, 96), ("c", 4, 104)]);
        world.Run(900, atOnce: 1);
        foreach (var name in new[] { "a", "b", "c" }) Assert.InRange(world.Share(name), 0.25, 0.45);
    }

    [Fact]
    public void One_request_at_a_time_goes_to_the_fastest()
    {
        var world = new World([("slow", 4, 10), ("fast", 4, 100)]);
        world.Run(500, atOnce: 1);
        Assert.True(world.Share("fast") > 0.95, $"{world.Share("fast"):P0}");
        Assert.True(world.Share("slow") > 0, "the slow one was never tried");
    }

    [Fact]
    public void Under_load_all_work_at_once()
    {
        // 4 slots at 100 tokens/s and 8 at 50: each does half of it.
        var world = new World([("fast", 4, 100), ("slow", 8, 50)]);
        world.Run(2000, atOnce: 40);
        Assert.InRange(world.Share("fast"), 0.4, 0.6);
        Assert.True(world.Used > 0.9, $"{world.Used:P0} of the slots were used");
    }

    [Fact]
    public void Nobody_is_sent_to_a_crawling_backend_while_a_fast_one_is_free_soon()
    {
        var world = new World([("crawling", 4, 1), ("fast", 2, 100)]);
        world.Run(400, atOnce: 4);
        // Some had to be tried, all at once before anything was known.
        Assert.True(world.Count("crawling") <= 12, $"{world.Count("crawling")} of 400");
        Assert.Equal(400, world.Done);
    }

    [Fact]
    public void A_long_line_for_the_fast_one_makes_the_slow_one_worth_it()
    {
        var world = new World([("slow", 8, 20), ("fast", 1, 100)]);
        world.Run(600, atOnce: 30);
        Assert.True(world.Share("slow") > 0.4, $"{world.Share("slow"):P0}");
    }

    [Fact]
    public void One_that_has_become_faster_is_found_again()
    {
        var world = new World([("a", 4, 100), ("b", 4, 5)]);
        world.Run(300, atOnce: 1);
        Assert.True(world.Share("b") < 0.1);
        world.SetRate("b", 400);
        world.Forget();
        world.Run(2000, atOnce: 1);
        Assert.True(world.Share("b") > 0.5, $"{world.Share("b"):P0}");
    }

    [Fact]
    public void One_that_comes_later_gets_its_share_and_no_flood()
    {
        var world = new World([("a", 4, 100), ("b", 4, 100)]);
        world.Run(1000, atOnce: 4);
        world.Add("c", 4, 100);
        world.Forget();
        world.Run(90, atOnce: 1);
        Assert.InRange(world.Share("c"), 0.25, 0.45);
    }

    /// <summary>A dispatcher over backends that answer in simulated time, each answer of 200 tokens.</summary>
    private sealed class World
    {
        private const int Tokens = 200;
        private static readonly TimeSpan FirstToken = TimeSpan.FromSeconds(0.1);

        private readonly ManualTime _time = new();
        private readonly Dispatcher _dispatcher;
        private readonly Dictionary<string, double> _rates = [];
        private readonly Dictionary<string, int> _served = [];
        private readonly List<RelayDevice> _devices = [];
        private readonly PriorityQueue<(Offer Offer, TimeSpan Took), DateTimeOffset> _running = new();
        private readonly List<Waiter> _line = [];
        private readonly ModelCatalog _catalog;
        private double _busy;
        private double _span;

        public World((string Name, int Slots, double Rate)[] backends)
        {
            _catalog = new ModelCatalog(new NodeMetrics(), _time);
            _dispatcher = new Dispatcher(_catalog, () => 10_000, _time);
            foreach (var (name, slots, rate) in backends) Add(name, slots, rate);
        }

        public int Done { get; private set; }

        /// <summary>Share of the slots that worked, over the whole run.</summary>
        public double Used => _busy / _span / _devices.Sum(d => d.MaxConcurrent);

        public void Add(string name, int slots, double rate)
        {
            _rates[name] = rate;
            _devices.Add(Devices.Online(name, _time, slots, "m"));
            _catalog.Rebuild(() => new BackendLists(_devices, [], []));
        }

        public void SetRate(string name, double rate) => _rates[name] = rate;

        public void Forget()
        {
            _served.Clear();
            Done = 0;
        }

        public int Count(string name) => _served.GetValueOrDefault("relay:" + name);

        public double Share(string name) => (double)Count(name) / _served.Values.Sum();

        public void Run(int requests, int atOnce)
        {
            var began = _time.GetUtcNow();
            var (asked, end) = (0, Done + requests);
            while (Done < end)
            {
                while (asked < requests && _running.Count + _line.Count < atOnce)
                {
                    asked++;
                    if (_dispatcher.Acquire(_catalog.Find("m")!, [], out var offer, out var waiter) == SlotResult.Taken) Begin(offer!);
                    else _line.Add(waiter!);
                }
                FinishNext();
            }
            _span += (_time.GetUtcNow() - began).TotalSeconds;
        }

        private void Begin(Offer offer)
        {
            _served[offer.Backend.Route] = _served.GetValueOrDefault(offer.Backend.Route) + 1;
            var took = FirstToken + TimeSpan.FromSeconds(Tokens / _rates[offer.Backend.Route["relay:".Length..]]);
            _busy += took.TotalSeconds;
            _running.Enqueue((offer, took), _time.GetUtcNow() + took);
        }

        private void FinishNext()
        {
            Assert.True(_running.TryDequeue(out var next, out var at), "requests wait, and nothing runs");
            _time.Advance(at - _time.GetUtcNow());
            next.Offer.Figures.RecordStream(FirstToken, Tokens, next.Took - FirstToken);
            Done++;
            _dispatcher.Release(next.Offer);
            foreach (var waiter in _line.Where(w => w.Slot.IsCompleted).ToList())
            {
                _line.Remove(waiter);
                Begin(waiter.Slot.Result!);
            }
        }
    }
}
