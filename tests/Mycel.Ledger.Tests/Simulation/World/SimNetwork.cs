namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>
/// Carries messages between nodes, late, twice, out of order or not at all. Rougher than the real streams, whose bytes come in order or not at
/// all: what holds here holds there.
/// </summary>
internal sealed class SimNetwork(Scheduler scheduler, SimRandom random, Faults faults, Trace trace)
{
    private readonly HashSet<(int, int)> _cut = [];

    /// <summary>Messages that were given in.</summary>
    public long Sent { get; private set; }

    /// <summary>Messages that got lost.</summary>
    public long Lost { get; private set; }

    /// <summary>Whether nothing is broken any more: every message arrives, once.</summary>
    public bool IsHealed { get; private set; }

    /// <summary>From now on every message arrives, once; what was lost stays lost.</summary>
    public void Heal()
    {
        IsHealed = true;
        _cut.Clear();
    }

    /// <summary>Cuts two nodes off from each other, or lets them meet again.</summary>
    public void Cut(int first, int second, bool cut)
    {
        (int, int) pair = first < second ? (first, second) : (second, first);
        if (cut && !IsHealed) _cut.Add(pair);
        else _cut.Remove(pair);
    }

    /// <summary>Whether two nodes can reach each other now.</summary>
    public bool IsCut(int first, int second) => _cut.Contains(first < second ? (first, second) : (second, first));

    /// <summary>Sends; <paramref name="arrive"/> happens as often as the message arrives.</summary>
    public void Send(int from, int to, string what, Action arrive)
    {
        Sent++;
        if (!IsHealed && (IsCut(from, to) || random.Happens(faults.Lost)))
        {
            Lost++;
            trace.Add(scheduler.NowMicroseconds, "lost:" + what, from, to);
            return;
        }

        Carry(from, to, what, arrive);
        if (!IsHealed && random.Happens(faults.Duplicated)) Carry(from, to, what, arrive);
    }

    private void Carry(int from, int to, string what, Action arrive)
    {
        long delay = random.Between(50, faults.DelayMicroseconds);
        if (!IsHealed && random.Happens(faults.Delayed)) delay += random.Between(1_000, 30_000_000);
        scheduler.After(delay, () =>
        {
            // A link that broke takes along what is under way on it.
            if (IsCut(from, to)) Lost++;
            else arrive();
            trace.Add(scheduler.NowMicroseconds, what, from, to);
        });
    }
}
