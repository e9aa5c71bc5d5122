namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What is to happen, in the order of its time; at one time in the order in which it was planned. One thread, no wall clock.</summary>
internal sealed class Scheduler
{
    private readonly PriorityQueue<Action, (long At, long Number)> _queue = new();
    private long _planned;

    /// <summary>Microseconds since the world began.</summary>
    public long NowMicroseconds { get; private set; }

    /// <summary>Events that are still to come.</summary>
    public int Count => _queue.Count;

    /// <summary>Events that have happened.</summary>
    public long Steps { get; private set; }

    /// <summary>Plans an event.</summary>
    public void After(long microseconds, Action happen)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(microseconds);
        _queue.Enqueue(happen, (NowMicroseconds + microseconds, _planned++));
    }

    /// <summary>Lets the next event happen.</summary>
    /// <returns>False where there is none.</returns>
    public bool Step()
    {
        if (!_queue.TryDequeue(out Action? happen, out (long At, long Number) when)) return false;
        NowMicroseconds = Math.Max(NowMicroseconds, when.At);
        Steps++;
        happen();
        return true;
    }

    /// <summary>Moves the clock, as when every machine slept: what was planned meanwhile comes late.</summary>
    public void Sleep(long microseconds) => NowMicroseconds += microseconds;
}
