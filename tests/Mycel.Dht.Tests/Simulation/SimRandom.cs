namespace Mycel.Dht.Tests.Simulation;

/// <summary>Randomness that a seed repeats.</summary>
internal sealed class SimRandom(int seed) : IDhtRandom
{
    private readonly Random _random = new(seed);

    public void Fill(Span<byte> destination) => _random.NextBytes(destination);
}
