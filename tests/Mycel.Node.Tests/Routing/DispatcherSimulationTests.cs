using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

/// <summary>Thousands of random events by seed, and after each of them the rules that must hold.</summary>
public class DispatcherSimulationTests
{
    private const int Depth = 12;

    [Fact]
    public void The_rules_hold_whatever_happens()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var simulation = new Simulation(seed);
            try
            {
                for (var step = 0; step < 400; step++) simulation.Step();
                simulation.Finish();
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, after {simulation.LastEvent} (event {simulation.Events}): {error.Message}");
            }
        }
    }

    private sealed class Simulation
    {
        private static readonly string[] Models = ["p", "q", "r", "s"];

        private readonly Random _random;
        private readonly ManualTime _time = new();
        private readonly ModelCatalog _catalog;
        private readonly Dispatcher _dispatcher;
        private readonly List<RelayDevice> _devices = [];
        private readonly List<Waiter> _line = [];
        private readonly List<Offer> _running = [];
        private Dictionary<RelayDevice, int> _allowed = [];

        public Simulation(int seed)
        {
            _random = new Random(seed);
            _catalog = new ModelCatalog(new NodeMetrics(), _time);
            _dispatcher = new Dispatcher(_catalog, () => Depth);
            for (var i = 0; i < _random.Next(1, 5); i++) _devices.Add(Devices.Online($"d{i}", _time, _random.Next(1, 4), SomeModels()));
            _catalog.Rebuild(() => new BackendLists(_devices, [], []));
        }

        public int Events { get; private set; }

        public string LastEvent { get; private set; } = "";

        public void Step()
        {
            Events++;
            _allowed = _devices.ToDictionary(d => d, d => Math.Max(d.MaxConcurrent, d.InFlight));
            switch (_random.Next(20))
            {
                case < 9: Arrive(); break;
                case < 15: Release(); break;
                case < 17: Leave(); break;
                case 17: ChangeDevice(); break;
                case 18: ChangeBound(); break;
                default: FailOrRest(); break;
            }
            Check();
        }

        public void Finish()
        {
            LastEvent = "the end";
            foreach (var waiter in _line.ToList()) Assert.True(_dispatcher.Leave(waiter));
            _line.Clear();
            foreach (var offer in _running) _dispatcher.Release(offer);
            Assert.Equal((0, 0), (_dispatcher.InFlight, _dispatcher.Waiting));
            Assert.All(_devices, d => Assert.Equal(0, d.InFlight));
        }

        private void Arrive()
        {
            var name = Models[_random.Next(Models.Length)];
            name = _random.Next(3) switch { 0 => name, 1 => "relay:" + name, _ => $"relay:d{_random.Next(_devices.Count)}:{name}" };
            LastEvent = $"an arrival for {name}";
            if (_catalog.Find(name) is not { } target) return;
            Backend[] tried = _random.Next(4) == 0 ? [_devices[_random.Next(_devices.Count)]] : [];
            var result = _dispatcher.Acquire(target, tried, out var offer, out var waiter);
            switch (result)
            {
                case SlotResult.Taken:
                    Assert.Contains(offer!, target.Offers);
                    Assert.DoesNotContain(offer!.Backend, tried);
                    _running.Add(offer);
                    break;
                case SlotResult.Waiting:
                    Assert.True(_line.Count < Depth, "the line is longer than it may be");
                    if (tried.Length > 0) _line.Insert(0, waiter!);
                    else _line.Add(waiter!);
                    break;
                case SlotResult.QueueFull:
                    Assert.Equal(Depth, _line.Count);
                    break;
                default:
                    Assert.All(target.Offers, o => Assert.Contains(o.Backend, tried));
                    break;
            }
        }

        private void Release()
        {
            LastEvent = "a release";
            if (_running.Count == 0) return;
            var index = _random.Next(_running.Count);
            var offer = _running[index];
            _running.RemoveAt(index);
            _dispatcher.Release(offer);
        }

        private void Leave()
        {
            LastEvent = "a caller who left";
            if (_line.Count == 0) return;
            var waiter = _line[_random.Next(_line.Count)];
            Assert.True(_dispatcher.Leave(waiter));
            _line.Remove(waiter);
            Assert.Null(waiter.Slot.Result);
        }

        private void ChangeDevice()
        {
            var device = _devices[_random.Next(_devices.Count)];
            LastEvent = $"a change of {device.Name}";
            if (_random.Next(2) == 0) device.IsOnline = !device.IsOnline;
            else device.Models = SomeModels();
            _catalog.Rebuild(() => new BackendLists(_devices, [], []));
        }

        private void ChangeBound()
        {
            var device = _devices[_random.Next(_devices.Count)];
            LastEvent = $"another bound of {device.Name}";
            device.SetMaxConcurrent(_random.Next(1, 5));
            _allowed[device] = Math.Max(device.MaxConcurrent, device.InFlight);
            _dispatcher.DispatchWaiting();
        }

        private void FailOrRest()
        {
            LastEvent = "a failure or a rest";
            if (_random.Next(2) == 0) _devices[_random.Next(_devices.Count)].Health.RecordFailure("no");
            else _time.Advance(TimeSpan.FromSeconds(_random.Next(1, 20)));
        }

        private void Check()
        {
            TakeServed();
            foreach (var device in _devices)
            {
                Assert.True(device.InFlight <= _allowed[device], $"{device.Name} has {device.InFlight}, may have {_allowed[device]}");
                Assert.Equal(_running.Count(o => o.Backend == device), device.InFlight);
            }
            Assert.Equal((_running.Count, _line.Count), (_dispatcher.InFlight, _dispatcher.Waiting));
            foreach (var waiter in _line)
            {
                Assert.True(_catalog.Find(waiter.Model) is not null || _catalog.OfflineHolder(waiter.Model) is not null, "one waits for what will not come");
                Assert.False(CanServe(waiter, o => o.Backend.InFlight < o.Backend.MaxConcurrent), $"one waits for {waiter.Model} beside a free slot");
            }
        }

        /// <summary>Moves those that were served out of the line, and looks that nobody was passed over.</summary>
        private void TakeServed()
        {
            foreach (var waiter in _line.Where(w => w.Slot.IsCompleted).ToList())
            {
                if (waiter.Slot.Result is not { } offer)
                {
                    Assert.True(_catalog.Find(waiter.Model) is null && _catalog.OfflineHolder(waiter.Model) is null, "one was sent away though its model is there");
                    continue;
                }
                Assert.DoesNotContain(offer.Backend, waiter.Tried);
                Assert.Contains(offer, _catalog.Find(waiter.Model)!.Offers);
                foreach (var before in _line.TakeWhile(w => w != waiter))
                    Assert.False(!before.Slot.IsCompleted && CanServe(before, o => o.Backend == offer.Backend), "one was passed over");
                _running.Add(offer);
            }
            _line.RemoveAll(w => w.Slot.IsCompleted);
        }

        private bool CanServe(Waiter waiter, Func<Offer, bool> by) =>
            _catalog.Find(waiter.Model) is { } target && target.Offers.Any(o => !waiter.Tried.Contains(o.Backend) && by(o));

        private string[] SomeModels() => [.. Models.Where(_ => _random.Next(2) == 0)];
    }
}
