using Mycel.Node.Backends;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

public class DispatcherTests
{
    private readonly ManualTime _time = new();
    private readonly ModelCatalog _catalog;
    private readonly Dispatcher _dispatcher;
    private readonly List<Offer> _taken = [];
    private int _depth = 100;

    public DispatcherTests()
    {
        _catalog = new ModelCatalog(new NodeMetrics(), _time);
        _dispatcher = new Dispatcher(_catalog, () => _depth);
    }

    [Fact]
    public void Load_is_spread_by_how_full_the_devices_are()
    {
        var (small, large) = (Device("small", 2, "m"), Device("large", 6, "m"));
        _catalog.Rebuild(() => new BackendLists([small, large], [], []));
        for (var i = 1; i <= 8; i++)
        {
            Take("m");
            Assert.True(Math.Abs(small.InFlight / 2.0 - large.InFlight / 6.0) <= 0.5, $"{small.InFlight} of 2, {large.InFlight} of 6");
        }
        Assert.Equal((2, 6, 8), (small.InFlight, large.InFlight, _dispatcher.InFlight));
        Assert.Equal(SlotResult.Waiting, Acquire("m", out _, out _));
    }

    [Fact]
    public void Equals_take_turns()
    {
        var devices = new[] { Device("a", 4, "m"), Device("b", 4, "m"), Device("c", 4, "m") };
        _catalog.Rebuild(() => new BackendLists(devices, [], []));
        var served = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            var backend = Take("m");
            served.Add(backend.Route);
            Release(backend);
        }
        Assert.Equal([10, 10, 10], served.GroupBy(r => r).Select(g => g.Count()));
    }

    [Fact]
    public void Those_that_failed_a_moment_ago_come_last_but_do_come()
    {
        var (well, ill) = (Device("well", 2, "m"), Device("ill", 2, "m"));
        _catalog.Rebuild(() => new BackendLists([ill, well], [], []));
        ill.Health.RecordFailure("no");
        Assert.Equal(["relay:well", "relay:well", "relay:ill", "relay:ill"], Enumerable.Range(0, 4).Select(_ => Take("m").Route));
        foreach (var device in new[] { well, well, ill, ill }) Release(device);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, Enumerable.Range(0, 2).Select(_ => Take("m").Route).Distinct().Count());
    }

    [Fact]
    public void What_was_tried_is_never_handed_out_again()
    {
        var (a, b) = (Device("a", 4, "m"), Device("b", 4, "m"));
        _catalog.Rebuild(() => new BackendLists([a, b], [], []));
        for (var i = 0; i < 4; i++) Assert.Same(b, Take("m", a));
        Assert.Equal(SlotResult.Waiting, Acquire("m", out _, out var waiter, a));
        Release(b);
        Assert.Same(b, Served(waiter!));
        Assert.Equal(SlotResult.Exhausted, Acquire("m", out _, out _, a, b));
        Assert.Equal(0, _dispatcher.Waiting);
    }

    [Fact]
    public void A_request_that_failed_over_is_served_by_a_device_that_came_meanwhile()
    {
        var (a, b) = (Device("a", 4, "m"), Device("b", 4, "m"));
        _catalog.Rebuild(() => new BackendLists([a], [], []));
        var asked = _catalog.Find("m")!;
        Assert.Equal(SlotResult.Exhausted, _dispatcher.Acquire(asked, [a], out _, out _));
        _catalog.Rebuild(() => new BackendLists([a, b], [], []));
        Assert.Equal(SlotResult.Taken, _dispatcher.Acquire(asked, [a], out var offer, out _));
        Assert.Same(b, offer!.Backend);
        _catalog.Rebuild(() => new BackendLists([], [], []));
        Assert.Equal(SlotResult.Exhausted, _dispatcher.Acquire(asked, [a], out _, out _));
    }

    [Fact]
    public void Those_in_line_for_a_model_that_is_gone_for_good_are_sent_away_and_those_for_one_offline_wait()
    {
        var (a, b) = (Device("a", 1, "m"), Device("b", 1, "n"));
        _catalog.Rebuild(() => new BackendLists([a, b], [], []));
        Take("m");
        Take("n");
        Acquire("m", out _, out var gone);
        Acquire("n", out _, out var offline);
        b.IsOnline = false;
        _catalog.Rebuild(() => new BackendLists([b], [], []));
        Assert.Null(Outcome(gone!));
        Assert.False(offline!.Slot.IsCompleted);
        b.IsOnline = true;
        Release(b);
        _catalog.Rebuild(() => new BackendLists([b], [], []));
        Assert.Same(b, Served(offline));
        Assert.Equal(0, _dispatcher.Waiting);
    }

    [Fact]
    public void The_line_is_bounded()
    {
        var device = Device("a", 1, "m");
        _catalog.Rebuild(() => new BackendLists([device], [], []));
        Take("m");
        _depth = 2;
        Assert.Equal(SlotResult.Waiting, Acquire("m", out _, out _));
        Assert.Equal(SlotResult.Waiting, Acquire("m", out _, out var second));
        Assert.Equal(SlotResult.QueueFull, Acquire("m", out _, out _));
        Assert.True(_dispatcher.Leave(second!));
        Assert.Equal(SlotResult.Waiting, Acquire("m", out _, out _));
        _depth = 0;
        Release(device);
        Assert.Equal(1, _dispatcher.Waiting);
    }

    [Fact]
    public void Those_that_a_freed_slot_cannot_serve_are_passed_over_and_keep_their_place()
    {
        var (a, b) = (Device("a", 1, "x"), Device("b", 1, "y"));
        _catalog.Rebuild(() => new BackendLists([a, b], [], []));
        Take("x");
        Take("y");
        Acquire("x", out _, out var first);
        Acquire("y", out _, out var second);
        Acquire("x", out _, out var third);
        Release(b);
        Assert.True(second!.Slot.IsCompleted && !first!.Slot.IsCompleted && !third!.Slot.IsCompleted);
        Release(a);
        Assert.True(first.Slot.IsCompleted && !third.Slot.IsCompleted);
    }

    [Fact]
    public void A_request_that_failed_over_goes_before_those_that_were_not_served_at_all()
    {
        var (a, b) = (Device("a", 1, "m"), Device("b", 1, "m"));
        _catalog.Rebuild(() => new BackendLists([a, b], [], []));
        Take("m");
        Take("m");
        Acquire("m", out _, out var fresh);
        Acquire("m", out _, out var failed, a);
        Release(b);
        Assert.Same(b, Served(failed!));
        Assert.False(fresh!.Slot.IsCompleted);
    }

    [Fact]
    public void A_raised_bound_a_new_device_and_a_new_model_serve_the_line()
    {
        var a = Device("a", 1, "m");
        _catalog.Rebuild(() => new BackendLists([a], [], []));
        Take("m");
        var waiters = Enumerable.Range(0, 4).Select(i =>
        {
            Acquire("m", out var _, out var waiter);
            return waiter!;
        }).ToList();
        a.SetMaxConcurrent(2);
        _dispatcher.DispatchWaiting();
        Assert.Equal([true, false, false, false], waiters.Select(w => w.Slot.IsCompleted));
        var b = Device("b", 1, "other");
        _catalog.Rebuild(() => new BackendLists([a, b], [], []));
        Assert.Equal(1, waiters.Count(w => w.Slot.IsCompleted));
        b.Models = ["other", "m"];
        _catalog.Rebuild(() => new BackendLists([a, b], [], []));
        Assert.Equal([true, true, false, false], waiters.Select(w => w.Slot.IsCompleted));
        Assert.Same(b, Served(waiters[1]));
        var c = Device("c", 5, "m");
        _catalog.Rebuild(() => new BackendLists([a, b, c], [], []));
        Assert.All(waiters, w => Assert.True(w.Slot.IsCompleted));
        Assert.Equal(0, _dispatcher.Waiting);
    }

    [Fact]
    public void A_lowered_bound_frees_no_slot_until_enough_are_given_back()
    {
        var device = Device("a", 3, "m");
        _catalog.Rebuild(() => new BackendLists([device], [], []));
        for (var i = 0; i < 3; i++) Take("m");
        Acquire("m", out _, out var waiter);
        device.SetMaxConcurrent(1);
        Release(device);
        Release(device);
        Assert.False(waiter!.Slot.IsCompleted);
        Release(device);
        Assert.Same(device, Served(waiter));
        Assert.Equal(1, device.InFlight);
    }

    [Fact]
    public void The_node_itself_comes_first_and_its_devices_take_over_when_it_is_busy_or_has_refused()
    {
        var device = Device("a", 1, "m");
        var local = new LocalBackend("m", 2, null!, _time);
        _catalog.Rebuild(() => new BackendLists([device], [local], []));
        Assert.Same(local, Take("m"));
        Release(local);
        Assert.Same(local, Take("m"));
        Assert.Same(device, Take("m", local));
        Release(device);
        Assert.Equal(SlotResult.Exhausted, Acquire("m", out _, out _, local, device));
        Assert.Equal([device, local], new[] { Take("m"), Take("m") }.OrderByDescending(b => b.Route));
        Assert.Equal(SlotResult.Waiting, Acquire("m", out _, out var waiter));
        // Whoever wants this machine or nobody says so.
        Assert.Equal(SlotResult.Waiting, Acquire("local:m", out _, out var pinned));
        Release(device);
        Assert.Same(device, Served(waiter!));
        Assert.False(pinned!.Slot.IsCompleted);
        Release(local);
        Assert.Same(local, Served(pinned));
    }

    [Fact]
    public void Leaving_the_line_and_being_served_exclude_each_other()
    {
        var device = Device("a", 1, "m");
        _catalog.Rebuild(() => new BackendLists([device], [], []));
        Take("m");
        Acquire("m", out _, out var left);
        Acquire("m", out _, out var served);
        Assert.True(_dispatcher.Leave(left!));
        Assert.False(_dispatcher.Leave(left!));
        Assert.Null(Outcome(left!));
        Release(device);
        Assert.Same(device, Served(served!));
        Assert.False(_dispatcher.Leave(served!));
        Assert.Equal((1, 0), (device.InFlight, _dispatcher.Waiting));
    }

    [Fact]
    public async Task Under_many_threads_no_device_is_given_more_than_it_takes_and_all_comes_back()
    {
        var devices = new[] { Device("a", 2, "m", "x"), Device("b", 3, "m"), Device("c", 1, "x") };
        _catalog.Rebuild(() => new BackendLists(devices, [], []));
        _depth = 1000;
        var running = new int[devices.Length];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 4000; i++)
            {
                if (Acquire(random.Next(2) == 0 ? "m" : "x", out var offer, out var waiter) == SlotResult.Waiting)
                {
                    if (random.Next(4) == 0 && _dispatcher.Leave(waiter!)) continue;
                    offer = await waiter!.Slot;
                }
                var index = Array.IndexOf(devices, (RelayDevice)offer!.Backend);
                Assert.True(Interlocked.Increment(ref running[index]) <= devices[index].MaxConcurrent, $"worker seed {worker}, turn {i}");
                if (random.Next(3) == 0) await Task.Yield();
                Interlocked.Decrement(ref running[index]);
                _dispatcher.Release(offer);
            }
        }, TestContext.Current.CancellationToken)));
        Assert.Equal((0, 0), (_dispatcher.InFlight, _dispatcher.Waiting));
        Assert.All(devices, d => Assert.Equal(0, d.InFlight));
    }

    private RelayDevice Device(string name, int maxConcurrent, params string[] models) => Devices.Online(name, _time, maxConcurrent, models);

    private SlotResult Acquire(string model, out Offer? offer, out Waiter? waiter, params Backend[] tried) =>
        _dispatcher.Acquire(_catalog.Find(model)!, tried, out offer, out waiter);

    private Backend Take(string model, params Backend[] tried)
    {
        Assert.Equal(SlotResult.Taken, Acquire(model, out var offer, out _, tried));
        _taken.Add(offer!);
        return offer!.Backend;
    }

    /// <summary>Gives back a slot of a backend, of those that were taken.</summary>
    private void Release(Backend backend)
    {
        var offer = _taken.First(o => o.Backend == backend);
        _taken.Remove(offer);
        _dispatcher.Release(offer);
    }

    private Backend Served(Waiter waiter)
    {
        var offer = Outcome(waiter)!;
        _taken.Add(offer);
        return offer.Backend;
    }

    private static Offer? Outcome(Waiter waiter)
    {
        Assert.True(waiter.Slot.IsCompleted);
        return waiter.Slot.Result;
    }
}
