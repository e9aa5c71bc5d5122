using Mycel.Dht.Tests.Simulation;

namespace Mycel.Dht.Tests;

/// <summary>What lookups achieve, with the real code on a simulated network.</summary>
public sealed class LookupClaimsTests(ITestOutputHelper output)
{
    private static readonly TimeSpan JoinEvery = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void A_thousand_nodes_find_records_in_three_hops_and_all_through_an_hour_of_churn()
    {
        int found = 0, ended = 0;
        foreach (SimNetwork network in Claims.Networks(output))
        {
            Fill(network, 1000);
            List<Publisher> publishers = Publish(network, 40);
            Assert.InRange(MedianHops(Lookups(network, publishers, 200)), 1, 3);
            (int foundHere, int endedHere) = Churn(network, publishers, 2_000);
            (found, ended) = (found + foundHere, ended + endedHere);
            Dispose(publishers);
        }

        Assert.True(found >= ended * 0.999, $"Only {found} of {ended} lookups found the record.");
    }

    [Fact]
    public void Nodes_that_join_one_after_another_find_everything_and_know_how_many_they_are()
    {
        int nodes = Claims.IsFull ? 1000 : 250;
        SimNetwork network = Claims.Networks(output).First();
        for (int i = 0; i < nodes; i++)
        {
            HonestPeer peer = network.AddHonest();
            if (i > 0)
                Join(network, peer);
            network.Run(JoinEvery);
        }

        network.Run(TimeSpan.FromMinutes(2));
        output.WriteLine($"joined: {network.MessagesSent / nodes} messages and {network.BytesSent / nodes / 1000} kB a node");
        List<Publisher> publishers = Publish(network, 40);
        DhtLookupResult[] results = Lookups(network, publishers, 200);
        Assert.InRange(MedianHops(results), 1, 3);
        Assert.All(results, r => Assert.NotEmpty(r.Records));

        // The first came into a network of few; what they know of it grows as they refresh.
        network.Run(TimeSpan.FromHours(1));
        double estimate = Median(network.Honest.Select(p => p.Node.EstimatedNodes));
        output.WriteLine($"estimated nodes, median: {estimate:F0} of {nodes}");
        Assert.InRange(estimate, 0.7 * nodes, 1.4 * nodes);
        Dispose(publishers);
    }

    [Fact]
    public void Ten_thousand_nodes_find_records_in_four_hops()
    {
        SimNetwork network = Claims.Networks(output).First();
        Fill(network, 10_000);
        List<Publisher> publishers = Publish(network, 30);
        DhtLookupResult[] results = Lookups(network, publishers, Claims.IsFull ? 2000 : 200);
        Assert.InRange(MedianHops(results), 1, 4);
        Assert.All(results, r => Assert.NotEmpty(r.Records));
        Dispose(publishers);
    }

    [Theory]
    [InlineData(0.2, 0.99)]
    [InlineData(0.5, 0.85)]
    public void Records_are_found_among_hostile_nodes(double hostile, double wanted)
    {
        int found = 0, lookups = 0;
        foreach (SimNetwork network in Claims.Networks(output))
        {
            const int Nodes = 1000;
            int hostileCount = (int)(Nodes * hostile);
            List<DhtContact> colluders = [.. Enumerable.Range(0, hostileCount).Select(_ => new DhtContact(network.NextKey().ToPeerId(), network.NextAddress()))];
            var space = new KeySpace(colluders);
            foreach (DhtContact contact in colluders)
                network.AddHostile(new HostilePeer(network, contact, space));
            Fill(network, Nodes - hostileCount);
            List<Publisher> publishers = Publish(network, 40);
            DhtLookupResult[] results = Lookups(network, publishers, Claims.IsFull ? 1000 : 400);
            found += results.Count(r => r.Records.Count > 0);
            lookups += results.Length;
            Dispose(publishers);
        }

        output.WriteLine($"found {found} of {lookups}");
        Assert.True(found >= lookups * wanted, $"Only {found} of {lookups} lookups found the record.");
    }

    /// <summary>Every three seconds of an hour a node goes without a word and another joins, which is 20 % an hour for a thousand; lookups go on all the time.</summary>
    private (int Found, int Ended) Churn(SimNetwork network, List<Publisher> publishers, int lookups)
    {
        var stay = network.Honest.Where(p => p.Node.GetStatistics().Publications > 0).ToHashSet();
        int found = 0, ended = 0, begun = 0;
        int replaced = network.Honest.Count / 5;
        for (int i = 0; i < replaced; i++)
        {
            HonestPeer leaves;
            do
            {
                leaves = network.Honest[network.Random.Next(network.Honest.Count)];
            }
            while (stay.Contains(leaves));
            network.Remove(leaves);
            Join(network, network.AddHonest());
            for (; begun < lookups * (i + 1L) / replaced; begun++)
            {
                HonestPeer asker = network.Honest[network.Random.Next(network.Honest.Count - 30)];
                Publisher wanted = publishers[network.Random.Next(publishers.Count)];
                // A node that is asked to begin and goes before it ends is not counted: it is not there to miss the record.
                Assert.True(asker.Node.TryFindRecords(wanted.Key, r =>
                {
                    ended++;
                    found += r.Records.Any(x => x.Publisher == wanted.Peer) ? 1 : 0;
                }));
                asker.Schedule();
            }

            network.Run(TimeSpan.FromHours(1) / replaced);
        }

        network.Run(TimeSpan.FromMinutes(1));
        output.WriteLine($"churn: found {found} of {ended}");
        Assert.InRange(ended, begun * 0.99, begun);
        return (found, ended);
    }

    private static void Fill(SimNetwork network, int honest)
    {
        for (int i = 0; i < honest; i++)
            network.AddHonest();
        network.FillTables();
    }

    private static void Join(SimNetwork network, HonestPeer peer)
    {
        peer.Node.Join([network.Honest[network.Random.Next(network.Honest.Count - 1)].Contact]);
        peer.Schedule();
    }

    private static List<Publisher> Publish(SimNetwork network, int count)
    {
        var publishers = new List<Publisher>();
        int stored = 0;
        for (int i = 0; i < count; i++)
        {
            var publisher = new Publisher(i, $"model-{i}", network.Clock);
            publishers.Add(publisher);
            HonestPeer node = network.Honest[network.Random.Next(network.Honest.Count)];
            stored += network.Publish(node, publisher.Key, publisher.Make).Stored;
        }

        Assert.True(stored >= count * 15);
        return publishers;
    }

    private static DhtLookupResult[] Lookups(SimNetwork network, List<Publisher> publishers, int count)
        => network.FindAll([.. Enumerable.Range(0, count).Select(i => (network.Honest[network.Random.Next(network.Honest.Count)], publishers[i % publishers.Count].Key))]);

    private double MedianHops(DhtLookupResult[] results)
    {
        double median = Median(results.Select(r => (double)r.Hops));
        output.WriteLine($"hops: median {median}, most {results.Max(r => r.Hops)}; {results.Average(r => r.Questions):F0} questions a lookup");
        return median;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static void Dispose(List<Publisher> publishers) => publishers.ForEach(p => p.Dispose());
}
