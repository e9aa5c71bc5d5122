using Mycel.Ledger.Tests.Simulation.World;

namespace Mycel.Ledger.Tests.Simulation;

/// <summary>The simulator notices what it is there for: with one rule broken on purpose it fails soon, and from its seed alone again.</summary>
public sealed class SabotageTests
{
    private const int Seeds = 300;

    [Theory]
    [InlineData("NoCap", "risks")]
    [InlineData("PostsTwice", "posted twice")]
    [InlineData("HalfTransfer", "The ledger says")]
    [InlineData("ForgetsCommits", "")]
    [InlineData("NoLine", "")]
    [InlineData("PaysAnything", "an honest payer")]
    public void A_broken_rule_is_noticed(string rule, string message)
    {
        var sabotage = Enum.Parse<Sabotage>(rule);
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            SimPlan plan = SimPlan.Of(seed) with { Sabotage = sabotage, Sqlite = false, RealSignatures = false };
            SimResult result = SimWorld.Run(plan);
            if (result.Failure is null) continue;
            Assert.Contains(message, result.Failure, StringComparison.OrdinalIgnoreCase);
            SimResult again = SimWorld.Run(plan, keepTrace: true);
            Assert.Equal(result.Failure, again.Failure);
            Assert.Equal(result.Hash, again.Hash);
            Assert.NotEmpty(again.Trace);
            return;
        }

        Assert.Fail($"{Seeds} seeds did not notice {rule}.");
    }
}
