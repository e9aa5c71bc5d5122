using System.Globalization;
using Mycel.Ledger.Tests.Simulation.World;
using Mycel.Ledger.Tests.Storage;

namespace Mycel.Ledger.Tests.Simulation;

/// <summary>
/// Networks of payers, providers and clearing nodes with the real books, in simulated worlds of every sort of trouble and fraud: money is never
/// made or lost, and in the end all books agree. MYCEL_SIM_SEED replays a seed; MYCEL_SIM_SEEDS, MYCEL_SIM_SECONDS and MYCEL_SIM_FIRST say what a
/// long run is; MYCEL_SIM_REPORT names a file for its figures.
/// </summary>
public sealed class SimulatorTests(ITestOutputHelper output, PostgresServer postgres)
{
    private const long FirstSeed = 1;
    private const int SeedsOfEveryRun = 2_000;

    [Fact]
    public void All_books_agree_after_every_trouble_and_fraud()
    {
        if (Setting("MYCEL_SIM_SEED") is { } seed)
        {
            SimResult result = SimWorld.Run(SimPlan.Of((ulong)seed), keepTrace: true);
            output.WriteLine(result.ToString());
            Assert.Null(result.Failure);
            return;
        }

        long? seeds = Setting("MYCEL_SIM_SEEDS"), seconds = Setting("MYCEL_SIM_SECONDS");
        var runner = new SimRunner();
        runner.Run(
            (ulong)(Setting("MYCEL_SIM_FIRST") ?? FirstSeed),
            seeds ?? (seconds is null ? SeedsOfEveryRun : long.MaxValue),
            seconds is { } limit ? TimeSpan.FromSeconds(limit) : TimeSpan.MaxValue);
        string report = runner.Report() + string.Join("\n\n", runner.Failures);
        output.WriteLine(report);
        if (Environment.GetEnvironmentVariable("MYCEL_SIM_REPORT") is { Length: > 0 } file) File.WriteAllText(file, report);
        Assert.True(runner.Failures.Count == 0, report);
    }

    /// <summary>Seeds that found a defect, each the first of its kind.</summary>
    [Theory]
    [InlineData(300_222, "a ledger set back and filled again gave receipts other numbers, which nobody noticed")]
    [InlineData(2_003_473, "a receipt stayed posted in its provider's book, and was in no ledger any more")]
    [InlineData(2_004_069, "what was refused a day after the work was forgotten at once")]
    [InlineData(3_010_465, "a payer that started anew paid for more of a broken answer than had come")]
    public void A_seed_that_failed_once_holds(int seed, string defect)
    {
        SimResult result = SimWorld.Run(SimPlan.Of((ulong)seed), keepTrace: true);
        Assert.True(result.Failure is null, $"Again {defect}? {result}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(13)]
    public void All_books_agree_in_PostgreSQL_too(int seed)
    {
        postgres.NewDatabase();
        SimPlan plan = SimPlan.Of((ulong)seed);
        SimResult result = SimWorld.Run(plan with { NewPostgres = postgres.NewDatabase, Orders = Math.Min(plan.Orders, 40), Faults = plan.Faults with { RolledBack = 0 } }, keepTrace: true);
        output.WriteLine(result.ToString());
        Assert.Null(result.Failure);
        Assert.NotEqual(0, result.Counts["ledger entries verified"]);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(11)]
    [InlineData(21)]
    [InlineData(128)]
    public void A_seed_takes_the_same_course_again(int seed)
    {
        SimResult first = SimWorld.Run(SimPlan.Of((ulong)seed));
        SimResult again = SimWorld.Run(SimPlan.Of((ulong)seed), keepTrace: true);
        Assert.Equal(first.Hash, again.Hash);
        Assert.Equal(first.Steps, again.Steps);
        Assert.Equal(first.Counts.OrderBy(pair => pair.Key), again.Counts.OrderBy(pair => pair.Key));
        Assert.NotEqual(first.Hash, SimWorld.Run(SimPlan.Of((ulong)seed + 1_000)).Hash);
    }

    private static long? Setting(string name)
        => long.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
