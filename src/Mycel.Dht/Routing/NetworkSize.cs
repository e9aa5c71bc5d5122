namespace Mycel.Dht.Routing;

/// <summary>
/// How many nodes the network has, told by how near the nearest nodes to random keys are: of N nodes, the m-th nearest to a key lies on average at the
/// share m / (N + 1) of the space. The median of many lookups, so that neither a crowd at one key nor a few wrong lookups move it (Eli Sohl,
/// "Efficient Size Estimation for Kademlia-Style Peer Swarms", 2018; go-libp2p-kad-dht counts alike).
/// </summary>
internal sealed class NetworkSize
{
    /// <summary>Lookups remembered.</summary>
    public const int MaxSamples = 32;

    private const int FewestSamples = 3;

    private readonly Queue<double> _samples = new();
    private double _median;

    /// <summary>The estimate of nodes, 1 or more; 0 before enough is known.</summary>
    public double Estimate => _samples.Count >= FewestSamples ? _median : 0;

    /// <summary>Takes the result of a lookup of a random key: the distance of the <paramref name="count"/>-th nearest node.</summary>
    public void Add(int count, DhtKey distance)
    {
        if (Of(count, distance) is not (> 0 and var sample))
            return;
        if (_samples.Count == MaxSamples)
            _samples.Dequeue();
        _samples.Enqueue(sample);
        double[] sorted = [.. _samples.Order()];
        _median = sorted[sorted.Length / 2];
    }

    /// <summary>The estimate by one lookup; 0 where it found too few to tell.</summary>
    public static double Of(int count, DhtKey distance) => count >= 2 && distance.Share() is > 0 and var share ? Math.Max(count, (count - 1) / share) : 0;
}
