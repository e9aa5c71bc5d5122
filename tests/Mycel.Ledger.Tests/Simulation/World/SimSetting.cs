namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>Numbers that a world's books are set to. Small enough that lines and caps are reached.</summary>
internal sealed record SimSetting
{
    /// <summary>Micro-credits that a provider lets an account owe it, in all.</summary>
    public required long Cap { get; init; }

    /// <summary>Accounts, the network's root among them.</summary>
    public required int Accounts { get; init; }

    /// <summary>Devices of an account, at most.</summary>
    public required int DevicesPerAccount { get; init; }

    /// <summary>Clearing nodes, over one database.</summary>
    public required int ClearingNodes { get; init; }

    /// <summary>Accounts that cheat, at most; the root never does.</summary>
    public required int Cheats { get; init; }

    /// <summary>Whether the clearing nodes sign two standings under one sequence now and then.</summary>
    public required bool ClearingEquivocates { get; init; }

    /// <summary>Micro-credits for a million tokens, about.</summary>
    public required long Price { get; init; }

    /// <summary>Between two orders, in microseconds, at most.</summary>
    public required long PauseMicroseconds { get; init; }

    /// <summary>Between two rounds of settling, in microseconds, about.</summary>
    public required long SettleMicroseconds { get; init; }

    /// <summary>Between two rounds of clearing, in microseconds, about.</summary>
    public required long ClearMicroseconds { get; init; }

    /// <summary>Those of a seed.</summary>
    public static SimSetting Of(SimRandom random, bool isSlow)
    {
        SimSetting any = Of(random);

        // A question to the real database costs a hundred times as much: fewer of them while nothing happens.
        return isSlow ? any with { PauseMicroseconds = 50_000, SettleMicroseconds = 10_000_000, ClearMicroseconds = 10_000_000 } : any;
    }

    private static SimSetting Of(SimRandom random) => new()
    {
        Cap = random.Pick<long>([1_000_000, 10_000_000, 10_000_000, 100_000_000]),
        Accounts = (int)random.Between(3, 5),
        DevicesPerAccount = (int)random.Between(1, 2),
        ClearingNodes = random.Happens(250_000) ? 2 : 1,
        Cheats = random.Happens(600_000) ? (int)random.Between(1, 2) : 0,
        ClearingEquivocates = random.Happens(30_000),
        Price = random.Pick<long>([100_000_000, 1_000_000_000, 5_000_000_000]),
        PauseMicroseconds = random.Pick<long>([2_000, 50_000, 2_000_000]),
        SettleMicroseconds = random.Pick<long>([1_000_000, 10_000_000]),
        ClearMicroseconds = random.Pick<long>([500_000, 10_000_000, 120_000_000]),
    };
}
