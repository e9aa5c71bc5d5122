using System.Globalization;

namespace Mycel.Dht.Tests.Simulation;

/// <summary>
/// What the environment says of the simulations: <c>MYCEL_DHT_SEED</c> repeats a run, <c>MYCEL_DHT_FULL=1</c> makes them as large as the claims go, and
/// <c>MYCEL_FUZZ</c> multiplies damaged inputs.
/// </summary>
internal static class Claims
{
    public static int Seed { get; } = Number("MYCEL_DHT_SEED", Random.Shared.Next());

    public static bool IsFull { get; } = Number("MYCEL_DHT_FULL", 0) != 0;

    public static int FuzzFactor { get; } = Number("MYCEL_FUZZ", 1);

    /// <summary>Networks that a claim is tried on, each with a seed of its own that is in the test's output: one, or ten where runs are to be large.</summary>
    public static IEnumerable<SimNetwork> Networks(ITestOutputHelper output)
    {
        for (int i = 0; i < (IsFull ? 10 : 1); i++)
        {
            output.WriteLine($"MYCEL_DHT_SEED={Seed + i}");
            yield return new SimNetwork(Seed + i);
        }
    }

    private static int Number(string name, int otherwise)
        => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
