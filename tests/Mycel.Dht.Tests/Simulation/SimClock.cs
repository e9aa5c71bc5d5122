namespace Mycel.Dht.Tests.Simulation;

/// <summary>A clock that stands still until the simulation moves it.</summary>
internal sealed class SimClock : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public long Ticks { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Ticks;

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(Ticks);
}
