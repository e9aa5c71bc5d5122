using Mycel.Dht.Tests.Simulation;

namespace Mycel.Dht.Tests;

/// <summary>
/// An attack on one key by nodes whose ids were made for it, before the record is published and while it is looked up: they say they store what they drop, send
/// askers to each other, and give false records.
/// </summary>
public sealed class SybilTests(ITestOutputHelper output)
{
    private const int Honest = 1000;

    [Theory]
    [InlineData(50, 0.0, 0)]
    [InlineData(300, 0.0, 0)]
    [InlineData(150, 1.0, 0)]
    [InlineData(300, 1.0, 0)]
    [InlineData(600, 1.0, 0)]
    [InlineData(1000, 1.0, 0)]
    [InlineData(1000, 3.0, 0)]
    [InlineData(400, 1.0, 8)]
    [InlineData(2000, 1.0, 8)]
    [InlineData(2000, 0.0, 8)]
    public void X(int sybils, double regions, int groups) => Attack(sybils, regions == 0 ? Math.ScaleB(1, -16) : regions * 30.0 / Honest, groups);

    private void Attack(int sybils, double spread, int groups)
    {
        SimNetwork network = Claims.Network(output);
        using var publisher = new Publisher(1, "wanted", network.Clock);
        List<ReadOnlyMemory<byte>> lies = [];
        for (int i = 0; i < 3; i++)
        {
            using var liar = new Publisher(1000 + i, "wanted", network.Clock);
            lies.Add(liar.Make().Bytes);
        }

        for (int i = 0; i < Honest; i++)
            network.AddHonest();
        var contacts = new List<DhtContact>();
        for (int i = 0; i < sybils; i++)
        {
            DhtKey offset = DhtKey.FromShare(spread * network.Random.NextDouble());
            DhtAddress own = network.NextAddress();
            DhtAddress shared = groups == 0 ? own : new(((UInt128)0xFFFF << 32) | (uint)(0x0B000000 + ((i % groups) << 8) + (i / groups)), (ushort)(1024 + i));
            contacts.Add(new DhtContact(publisher.Key.Xor(offset with { Low = network.NextKey().Low }).ToPeerId(), shared));
        }

        var colluders = new KeySpace(contacts);
        foreach (DhtContact contact in contacts)
            network.AddHostile(new HostilePeer(network, contact, colluders, _ => lies));
        network.FillTables(heardInBucket: groups == 0 ? 20 : 500);

        DhtLookupResult published = network.Publish(network.Honest[0], publisher.Key, publisher.Make);
        int lookups = Claims.IsFull ? 2000 : 200;
        DhtLookupResult[] results = network.FindAll([.. Enumerable.Range(0, lookups).Select(_ => (network.Honest[network.Random.Next(1, Honest)], publisher.Key))]);
        int found = results.Count(r => r.Records.Any(r => r.Publisher == publisher.Peer));
        int inRegion = network.Honest.Count(h => h.Contact.Key.Xor(publisher.Key).Share() < 0.03);
        int stored = network.Honest.Count(h => h.Node.Store.Count > 0);
        output.WriteLine($"{sybils} sybils {spread} {groups}: stored {published.Stored} honest {stored} region {inRegion}, found {found} of {lookups}, {results.Average(r => r.Questions):F0} questions a lookup");
        foreach (DhtLookupResult r in results.Where(r => !r.Records.Any(r => r.Publisher == publisher.Peer)).Take(3))
            output.WriteLine($"  miss: q {r.Questions}, nodes {r.Nodes.Count} honest {r.Nodes.Count(n => network.Honest.Any(h => h.Contact.Key == n.Key))}");
        Assert.True(found >= lookups * 0.99, $"Only {found} of {lookups} lookups found the record.");
    }
}
