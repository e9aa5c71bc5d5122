namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>A rule that must always hold does not.</summary>
internal sealed class SimFailure(string message) : Exception(message);
