namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What came of a seed.</summary>
internal sealed record SimResult
{
    public required ulong Seed { get; init; }

    /// <summary>What was wrong; null where nothing was.</summary>
    public string? Failure { get; init; }

    /// <summary>Follows from every event.</summary>
    public required ulong Hash { get; init; }

    /// <summary>The last events; empty where they were not kept.</summary>
    public string Trace { get; init; } = "";

    /// <summary>Events.</summary>
    public required long Steps { get; init; }

    /// <summary>What happened how often, such as orders and crashes.</summary>
    public required IReadOnlyDictionary<string, long> Counts { get; init; }

    /// <summary>Orders that a payer signed.</summary>
    public long Orders => Counts.GetValueOrDefault("orders");

    /// <summary>For people who look for the cause.</summary>
    public override string ToString() => Failure is null
        ? $"Seed {Seed}: no failure, {Steps:N0} events, hash {Hash:x16}."
        : $"Seed {Seed}: {Failure}\nReplay: MYCEL_SIM_SEED={Seed} dotnet run --project tests/Mycel.Ledger.Tests -c Release -- -class \"*SimulatorTests\"\n{Trace}";
}
