using Mycel.Dht.Tests.Simulation;

namespace Mycel.Dht.Tests;

/// <summary>What lookups achieve, with the real code on a simulated network.</summary>
public sealed class LookupClaimsTests(ITestOutputHelper output)
{
    private static readonly TimeSpan JoinEvery = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void A_thousand_nodes_that_joined_one_after_another_find_records_in_three_hops_and_all_through_an_hour_of_churn()
    {
        SimNetwork network = Joined(1000);
        List<Publisher> publishers = Publish(network, 40, network.Honest);
        List<int> hops = [.. Lookups(network, publishers, 200).Select(r => r.Hops)];
        output.WriteLine($"hops: median {Median(hops.Select(h => (double)h)):F1}, most {hops.Max()}");
        Assert.InRange(Median(hops.Select(h => (double)h)), 1, 3);

        Churn(network, publishers, Claims.IsFull ? 20_000 : 2_000);
        // By now every node has looked up random keys in the whole network, not only in the one that it came into.
        double estimate = Median(network.Honest.Select(p => p.Node.EstimatedNodes));
        output.WriteLine($"estimated nodes, median: {estimate:F0}");
        Assert.InRange(estimate, 700, 1400);
        Dispose(publishers);
    }

    [Fact]
    public void Ten_thousand_nodes_find_records_in_four_hops()
    {
        SimNetwork network = Claims.Network(output);
        for (int i = 0; i < 10_000; i++)
            network.AddHonest();
        network.FillTables();
        List<Publisher> publishers = Publish(network, 30, network.Honest);
        List<DhtLookupResult> results = Lookups(network, publishers, Claims.IsFull ? 2000 : 100);
        output.WriteLine($"hops: median {Median(results.Select(r => (double)r.Hops)):F1}; questions {results.Average(r => r.Questions):F0}");
        output.WriteLine($"memory: {GC.GetTotalMemory(true) >> 20} MB");
        Assert.InRange(Median(results.Select(r => (double)r.Hops)), 1, 4);
        Assert.All(results, r => Assert.NotEmpty(r.Records));
        Dispose(publishers);
    }

    [Theory]
    [InlineData(0.2, 0.99)]
    [InlineData(0.5, 0.85)]
    public void Records_are_found_among_hostile_nodes(double hostile, double wanted)
    {
        SimNetwork network = Claims.Network(output);
        const int Nodes = 1000;
        int hostileCount = (int)(Nodes * hostile);
        List<DhtContact> colluders = [.. Enumerable.Range(0, hostileCount).Select(_ => new DhtContact(network.NextKey().ToPeerId(), network.NextAddress()))];
        var space = new KeySpace(colluders);
        foreach (DhtContact contact in colluders)
            network.AddHostile(new HostilePeer(network, contact, space));
        for (int i = hostileCount; i < Nodes; i++)
            network.AddHonest();
        network.FillTables();

        List<Publisher> publishers = Publish(network, 40, network.Honest);
        int lookups = Claims.IsFull ? 5000 : 300;
        int found = Lookups(network, publishers, lookups).Count(r => r.Records.Count > 0);
        output.WriteLine($"found {found} of {lookups}");
        Assert.True(found >= lookups * wanted, $"Only {found} of {lookups} lookups found the record.");
        Dispose(publishers);
    }

    /// <summary>Every three seconds of an hour a node goes without a word and another joins, which is 20 % an hour for a thousand; lookups go on all the time.</summary>
    private void Churn(SimNetwork network, List<Publisher> publishers, int lookups)
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
        Assert.True(found >= ended * 0.999, $"Only {found} of {ended} lookups found the record.");
    }

    private SimNetwork Joined(int nodes)
    {
        SimNetwork network = Claims.Network(output);
        for (int i = 0; i < nodes; i++)
        {
            HonestPeer peer = network.AddHonest();
            if (i > 0)
                Join(network, peer);
            network.Run(JoinEvery);
        }

        network.Run(TimeSpan.FromMinutes(2));
        output.WriteLine($"joined: {network.MessagesSent:N0} messages, {network.BytesSent >> 20} MB");
        return network;
    }

    private static void Join(SimNetwork network, HonestPeer peer)
    {
        peer.Node.Join([network.Honest[network.Random.Next(network.Honest.Count - 1)].Contact]);
        peer.Schedule();
    }

    private static List<Publisher> Publish(SimNetwork network, int count, List<HonestPeer> nodes)
    {
        var publishers = new List<Publisher>();
        int stored = 0;
        for (int i = 0; i < count; i++)
        {
            var publisher = new Publisher(i, $"model-{i}", network.Clock);
            publishers.Add(publisher);
            HonestPeer node = nodes[network.Random.Next(nodes.Count - 1)];
            stored += network.Publish(node, publisher.Key, publisher.Make).Stored;
        }

        Assert.True(stored >= count * 15);
        return publishers;
    }

    private static List<DhtLookupResult> Lookups(SimNetwork network, List<Publisher> publishers, int count)
        => [.. Enumerable.Range(0, count).Select(i => network.Find(network.Honest[network.Random.Next(network.Honest.Count)], publishers[i % publishers.Count].Key))];

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static void Dispose(List<Publisher> publishers) => publishers.ForEach(p => p.Dispose());
}
