namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What a seed stands for. All of it follows from the seed; only tests of the simulator itself say otherwise.</summary>
internal sealed record SimPlan
{
    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Orders that are opened.</summary>
    public required int Orders { get; init; }

    /// <summary>Whether signatures are Ed25519's instead of their cheap stand-in.</summary>
    public required bool RealSignatures { get; init; }

    /// <summary>Whether books are kept in SQLite instead of its stand-in in memory.</summary>
    public required bool Sqlite { get; init; }

    /// <summary>Makes PostgreSQL databases, in which all books are kept; null where they are not.</summary>
    public Func<string>? NewPostgres { get; init; }

    /// <summary>Whether a question takes so long that there should be few of them.</summary>
    public bool IsSlow => Sqlite || NewPostgres is not null;

    /// <summary>How rough it is.</summary>
    public required Faults Faults { get; init; }

    /// <summary>A rule that is broken on purpose, which the checks must notice; null but in the tests of the simulator.</summary>
    public Sabotage Sabotage { get; init; }

    /// <summary>The plan of a seed: every eighth with real signatures, every 128th with the real database as well.</summary>
    public static SimPlan Of(ulong seed)
    {
        var random = new SimRandom(seed ^ 0x5EED);
        return new SimPlan
        {
            Seed = seed,
            Orders = random.Happens(900_000) ? (int)random.Between(10, 80) : (int)random.Between(80, 600),
            RealSignatures = seed % 8 == 0,
            Sqlite = seed % 128 == 0,
            Faults = Faults.Of(random),
        };
    }
}

/// <summary>Rules broken on purpose: the simulator must notice each.</summary>
internal enum Sabotage
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A provider without a cap.</summary>
    NoCap,

    /// <summary>A ledger that posts an order twice.</summary>
    PostsTwice,

    /// <summary>A ledger that takes from the payer and gives the provider nothing.</summary>
    HalfTransfer,

    /// <summary>A database that loses what it acknowledged.</summary>
    ForgetsCommits,

    /// <summary>A ledger without credit lines.</summary>
    NoLine,

    /// <summary>A payer that signs whatever it is billed.</summary>
    PaysAnything,
}
