namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>How rough a world is; in millionths, an event each time it could happen. Every seed has its own mixture, some none of a kind.</summary>
internal sealed record Faults
{
    /// <summary>A message gets lost.</summary>
    public int Lost { get; init; }

    /// <summary>A message arrives twice.</summary>
    public int Duplicated { get; init; }

    /// <summary>A message is late by up to half a minute.</summary>
    public int Delayed { get; init; }

    /// <summary>Longest time of a message otherwise, in microseconds.</summary>
    public long DelayMicroseconds { get; init; } = 20_000;

    /// <summary>A link is cut as an order is opened.</summary>
    public int Cut { get; init; }

    /// <summary>A node is killed as an order is opened.</summary>
    public int Killed { get; init; }

    /// <summary>A killed node comes back with an older copy of its database.</summary>
    public int RolledBack { get; init; }

    /// <summary>The caller hangs up before the answer is whole.</summary>
    public int HungUp { get; init; }

    /// <summary>The work breaks off by itself.</summary>
    public int BrokenOff { get; init; }

    /// <summary>A commit fails, and nothing of it is written.</summary>
    public int DiskFailed { get; init; }

    /// <summary>A commit takes up to ten seconds.</summary>
    public int DiskStalled { get; init; }

    /// <summary>All machines sleep for minutes or hours as an order is opened.</summary>
    public int Slept { get; init; }

    /// <summary>The mixture of a seed.</summary>
    public static Faults Of(SimRandom random)
    {
        int Rate(int most) => random.Happens(600_000) ? (int)random.Between(0, most) : 0;
        return new Faults
        {
            Lost = Rate(100_000),
            Duplicated = Rate(100_000),
            Delayed = Rate(100_000),
            DelayMicroseconds = random.Pick<long>([1_000, 20_000, 500_000]),
            Cut = Rate(20_000),
            Killed = Rate(60_000),
            RolledBack = Rate(500_000),
            HungUp = Rate(200_000),
            BrokenOff = Rate(100_000),
            DiskFailed = Rate(5_000),
            DiskStalled = Rate(5_000),
            Slept = Rate(2_000),
        };
    }
}
