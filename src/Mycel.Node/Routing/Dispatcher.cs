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
/// <param name="target">What was asked for.</param>
/// <param name="tried">Backends that have refused it.</param>
/// <param name="session">Its conversation.</param>
/// <param name="since">When it began to wait, in milliseconds of the dispatcher's clock.</param>
internal sealed class Waiter(ModelTarget target, IReadOnlyList<Backend> tried, SessionKey session, long since)
{
    private readonly TaskCompletionSource<Offer?> _slot = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ModelTarget Target { get; } = target;

    public string Model => Target.Name;

    public IReadOnlyList<Backend> Tried { get; } = tried;

    public SessionKey Session { get; } = session;

    public long Since { get; } = since;

    /// <summary>The slot taken for it, or null when it left the line without one.</summary>
    public Task<Offer?> Slot => _slot.Task;

    public bool TrySet(Offer? offer) => _slot.TrySetResult(offer);
}

/// <summary>
/// Hands out the backends' slots. Requests that find none free wait in one line; each change of state (a slot freed, a
/// device come back, a model appeared, a limit raised) serves the first in line that can be served. Beside a free slot waits only who is expected to
/// be answered much sooner by another (<see cref="OfferRanking.IsWorthWaiting"/>).
/// </summary>
internal sealed class Dispatcher : IDisposable
{
    /// <summary>How often those are looked at that wait beside a free slot.</summary>
    private static readonly TimeSpan PatienceTick = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _line = [];
    private readonly SessionMap _sessions = new();
    private readonly ModelCatalog _catalog;
    private readonly Func<int> _maxDepth;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private ITimer? _patience;
    private bool _isPatient;
    private int _inFlight;
    private int _changes;

    /// <param name="catalog">The names and what serves them.</param>
    /// <param name="maxDepth">Requests that may wait at once.</param>
    /// <param name="time">The clock; null for the machine's.</param>
    public Dispatcher(ModelCatalog catalog, Func<int> maxDepth, TimeProvider? time = null)
    {
        _catalog = catalog;
        _maxDepth = maxDepth;
        _time = time ?? TimeProvider.System;
        _startedAt = _time.GetTimestamp();
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

    /// <summary>Goes on by one with each slot that is taken or given back.</summary>
    public int Changes => Volatile.Read(ref _changes);

    /// <summary>The clock of <see cref="OfferFigures.LastUsedAt"/>, in milliseconds.</summary>
    public long Now => (long)_time.GetElapsedTime(_startedAt).TotalMilliseconds;

    /// <summary>Takes a slot, or a place in line.</summary>
    /// <param name="target">What was asked for.</param>
    /// <param name="tried">Backends that have refused this request already.</param>
    /// <param name="offer">The slot, when one was taken.</param>
    /// <param name="waiter">The place, when in line.</param>
    /// <param name="session">The conversation it belongs to; needed only where the target <see cref="ModelTarget.HasChoice"/>.</param>
    public SlotResult Acquire(ModelTarget target, IReadOnlyList<Backend> tried, out Offer? offer, out Waiter? waiter, SessionKey session = default)
    {
        waiter = null;
        lock (_lock)
        {
            // While others were tried, another may have come that has the model.
            if (tried.Count > 0) target = _catalog.FindAgain(target) ?? target;
            var canWait = _line.Count < _maxDepth();
            if (TryTake(target, tried, session, canWait ? _line.Count : -1, 0, out offer, out var anyLeft)) return SlotResult.Taken;
            if (!anyLeft) return SlotResult.Exhausted;
            if (!canWait) return SlotResult.QueueFull;
            waiter = new Waiter(target, tried, session, target.HasChoice ? Now : 0);
            // A request that failed over has waited already: it goes before those that have not been served at all.
            if (tried.Count > 0) _line.AddFirst(waiter);
            else _line.AddLast(waiter);
            return SlotResult.Waiting;
        }
    }

    /// <summary>Gives a slot back.</summary>
    public void Release(Offer offer)
    {
        lock (_lock)
        {
            offer.Backend.InFlight--;
            offer.Figures.InFlight--;
            _inFlight--;
            _changes++;
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
        var ahead = 0;
        for (var node = _line.First; node is not null && most > 0;)
        {
            var next = node.Next;
            var waiter = node.Value;
            // The names may mean something else by now: a model may have appeared on another device, or its last one was removed.
            if (_catalog.FindAgain(waiter.Target) is not { } target)
            {
                if (_catalog.OfflineHolder(waiter.Model) is null)
                {
                    _line.Remove(node);
                    waiter.TrySet(null);
                }
                else ahead++;
            }
            else if (TryTake(target, waiter.Tried, waiter.Session, ahead, waiter.Since, out var offer, out _))
            {
                _line.Remove(node);
                waiter.TrySet(offer);
                most--;
            }
            else ahead++;
            node = next;
        }
    }

    /// <summary>Takes a slot of what the name means.</summary>
    /// <param name="target">What the name means.</param>
    /// <param name="tried">Backends that have refused the request.</param>
    /// <param name="session">Its conversation.</param>
    /// <param name="ahead">Requests in line before it; -1 when it cannot wait.</param>
    /// <param name="since">When it began to wait; 0 for now.</param>
    /// <param name="best">The slot.</param>
    /// <param name="anyLeft">Whether there is a backend that was not tried.</param>
    private bool TryTake(ModelTarget target, IReadOnlyList<Backend> tried, SessionKey session, int ahead, long since, [NotNullWhen(true)] out Offer? best, out bool anyLeft)
    {
        if (target.HasChoice) best = Choose(target, tried, session, ahead, since, out anyLeft);
        else best = OnlyOne(target, tried, out anyLeft);
        if (best is null) return false;
        best.Backend.InFlight++;
        best.Figures.InFlight++;
        _inFlight++;
        _changes++;
        return true;
    }

    private static Offer? OnlyOne(ModelTarget target, IReadOnlyList<Backend> tried, out bool anyLeft)
    {
        var offer = target.Offers[0];
        anyLeft = tried.Count == 0 || !tried.Contains(offer.Backend);
        return anyLeft && offer.HasSlot ? offer : null;
    }

    private Offer? Choose(ModelTarget target, IReadOnlyList<Backend> tried, SessionKey session, int ahead, long since, out bool anyLeft)
    {
        var now = Now;
        var best = OfferRanking.Pick(target, tried, session.MayBeWarm ? _sessions.Find(target.Name, session, now) : null, now, out anyLeft);
        if (best is null) return null;
        if (ahead >= 0 && tried.Count == 0 && OfferRanking.IsWorthWaiting(target, best, ahead, since == 0 ? 0 : (now - since) / 1000.0, now))
        {
            BePatient();
            return null;
        }
        OfferRanking.TakeTurn(target, best, now);
        if (!session.IsNone) _sessions.Remember(target.Name, session, best.Backend, now);
        return best;
    }

    /// <summary>Whoever waits beside a free slot is looked at again soon, whether or not anything changes.</summary>
    private void BePatient()
    {
        if (_isPatient) return;
        _isPatient = true;
        _patience ??= _time.CreateTimer(static self => ((Dispatcher)self!).LookAgain(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _patience.Change(PatienceTick, Timeout.InfiniteTimeSpan);
    }

    private void LookAgain()
    {
        lock (_lock)
        {
            _isPatient = false;
            ServeLine(int.MaxValue);
        }
    }

    /// <summary>Conversations about a model that have their beginnings in the backends' caches, by backend.</summary>
    public IReadOnlyDictionary<Backend, int> SessionsOf(string model)
    {
        lock (_lock) return _sessions.CountBy(model, Now);
    }

    public void Dispose()
    {
        _catalog.Changed -= DispatchWaiting;
        _patience?.Dispose();
    }
}
