namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>The time of a simulated world: it stands still but where the scheduler moves it. A node's own clock may be off by some seconds.</summary>
internal sealed class SimClock(Scheduler scheduler, TimeSpan skew) : TimeProvider
{
    /// <summary>When every world begins.</summary>
    public static readonly DateTimeOffset Begin = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => 1_000_000;

    public override DateTimeOffset GetUtcNow() => Begin + skew + TimeSpan.FromMicroseconds(scheduler.NowMicroseconds);

    public override long GetTimestamp() => scheduler.NowMicroseconds;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => throw new NotSupportedException("The books are asked by their node and keep no timers of their own: a simulated world could not replay them.");
}
