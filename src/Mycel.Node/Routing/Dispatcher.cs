using System.Diagnostics.CodeAnalysis;
using Mycel.Node.Backends;

namespace Mycel.Node.Routing;

/// <summary>What came of asking for a slot.</summary>
internal enum SlotResult
{
    /// <summary>A slot was taken; give it back with <see cref="Dispatcher.Release"/>.</summary>
    Taken,

    /// <summary>In line; <see cref="Waiter.Slot"/> completes when a slot is free.</summary>
    Waiting,

    /// <summary>Everything that could serve it is busy and the line is full.</summary>
    QueueFull,

    /// <summary>Everything that could serve it was tried.</summary>
    Exhausted,
}

/// <summary>A request in line.</summary>
internal sealed class Waiter(string model, IReadOnlyList<Backend> tried)
{
    private readonly TaskCompletionSource<Offer?> _slot = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Model { get; } = model;

    public IReadOnlyList<Backend> Tried { get; } = tried;

    /// <summary>The slot taken for it, or null when it left the line without one.</summary>
    public Task<Offer?> Slot => _slot.Task;

    public bool TrySet(Offer? offer) => _slot.TrySetResult(offer);
}

/// <summary>
/// Hands out the backends' slots. Requests that find none free wait in one line; each change of state (a slot freed, a
/// device come back, a model appeared, a limit raised) serves the first in line that can be served.
/// </summary>
internal sealed class Dispatcher
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _line = [];
    private readonly ModelCatalog _catalog;
    private readonly Func<int> _maxDepth;
    private int _inFlight;

    /// <param name="catalog">The names and what serves them.</param>
    /// <param name="maxDepth">Requests that may wait at once.</param>
    public Dispatcher(ModelCatalog catalog, Func<int> maxDepth)
    {
        _catalog = catalog;
        _maxDepth = maxDepth;
        catalog.Changed += DispatchWaiting;
    }

    /// <summary>Requests in line.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock) return _line.Count;
        }
    }

    /// <summary>Slots in use.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Takes a slot, or a place in line.</summary>
    /// <param name="target">What was asked for.</param>
    /// <param name="tried">Backends that have refused this request already.</param>
    /// <param name="offer">The slot, when one was taken.</param>
    /// <param name="waiter">The place, when in line.</param>
    public SlotResult Acquire(ModelTarget target, IReadOnlyList<Backend> tried, out Offer? offer, out Waiter? waiter)
    {
        waiter = null;
        lock (_lock)
        {
            // While others were tried, another may have come that has the model.
            if (tried.Count > 0) target = _catalog.Find(target.Name) ?? target;
            if (TryTake(target, tried, out offer, out var anyLeft)) return SlotResult.Taken;
            if (!anyLeft) return SlotResult.Exhausted;
            if (_line.Count >= _maxDepth()) return SlotResult.QueueFull;
            waiter = new Waiter(target.Name, tried);
            // A request that failed over has waited already: it goes before those that have not been served at all.
            if (tried.Count > 0) _line.AddFirst(waiter);
            else _line.AddLast(waiter);
            return SlotResult.Waiting;
        }
    }

    /// <summary>Gives a slot back.</summary>
    public void Release(Backend backend)
    {
        lock (_lock)
        {
            backend.InFlight--;
            _inFlight--;
            // One slot was freed, so one at most can be served.
            if (_line.Count > 0) ServeLine(most: 1);
        }
    }

    /// <summary>Leaves the line.</summary>
    /// <returns>False when a slot was already taken for it; it is then to be used or given back.</returns>
    public bool Leave(Waiter waiter)
    {
        lock (_lock)
        {
            if (!waiter.TrySet(null)) return false;
            _line.Remove(waiter);
            return true;
        }
    }

    /// <summary>Looks through the line after any change of what can be served.</summary>
    public void DispatchWaiting()
    {
        lock (_lock) ServeLine(int.MaxValue);
    }

    private void ServeLine(int most)
    {
        for (var node = _line.First; node is not null && most > 0;)
        {
            var next = node.Next;
            // The names may mean something else by now: a model may have appeared on another device, or its last one was removed.
            if (_catalog.Find(node.Value.Model) is not { } target)
            {
                if (_catalog.OfflineHolder(node.Value.Model) is null)
                {
                    _line.Remove(node);
                    node.Value.TrySet(null);
                }
            }
            else if (TryTake(target, node.Value.Tried, out var offer, out _))
            {
                _line.Remove(node);
                node.Value.TrySet(offer);
                most--;
            }
            node = next;
        }
    }

    /// <summary>Takes a slot of what the name means; of what stands in for it only once all of that has been tried.</summary>
    private bool TryTake(ModelTarget target, IReadOnlyList<Backend> tried, [NotNullWhen(true)] out Offer? best, out bool anyLeft)
    {
        best = LeastLoaded(target, target.Offers, tried, out anyLeft);
        if (!anyLeft) best = LeastLoaded(target, target.Fallbacks, tried, out anyLeft);
        if (best is null) return false;
        best.Backend.InFlight++;
        _inFlight++;
        return true;
    }

    /// <summary>The least loaded of those that can serve; those that failed a moment ago come last.</summary>
    private static Offer? LeastLoaded(ModelTarget target, IReadOnlyList<Offer> offers, IReadOnlyList<Backend> tried, out bool anyLeft)
    {
        Offer? best = null;
        anyLeft = false;
        var bestRank = double.MaxValue;
        var turn = offers.Count > 1 ? (int)(target.NextTurn() % (uint)offers.Count) : 0;
        for (var i = 0; i < offers.Count; i++)
        {
            var offer = offers[(turn + i) % offers.Count];
            var backend = offer.Backend;
            if (tried.Count > 0 && tried.Contains(backend)) continue;
            anyLeft = true;
            if (backend.InFlight >= backend.MaxConcurrent) continue;
            var rank = (double)backend.InFlight / backend.MaxConcurrent + (backend.Health.IsCoolingDown ? 10 : 0);
            if (rank >= bestRank) continue;
            best = offer;
            bestRank = rank;
        }
        return best;
    }
}
