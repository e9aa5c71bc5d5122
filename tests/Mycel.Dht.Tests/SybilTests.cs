using Mycel.Dht.Tests.Simulation;

namespace Mycel.Dht.Tests;

/// <summary>
/// An attack on one key by nodes whose ids were made for it, before the record is published and while it is looked up: they say they store what they drop, send
/// askers to each other, and give false records.
/// </summary>
public sealed class SybilTests(ITestOutputHelper output)
{
    private const int Honest = 1000;

    /// <summary>Ids nearer to the key than any honest node, as in the attack on IPFS, each at an address of its own: nothing but the region helps.</summary>
    [Theory]
    [InlineData(50)]
    [InlineData(300)]
    public void A_crowd_at_the_key_does_not_hide_its_record(int sybils) => Attack(sybils, Math.ScaleB(1, -16), ownGroups: true);

    /// <summary>Ids all over the region, as many as it has honest nodes five times over.</summary>
    [Fact]
    public void A_crowd_all_over_the_region_does_not_hide_its_record() => Attack(150, 30.0 / Honest, ownGroups: true);

    /// <summary>Far more than the region has honest nodes, out of eight /24: few of them come into tables and lookups, whoever is heard of in which order.</summary>
    [Fact]
    public void A_crowd_of_few_addresses_does_not_hide_a_record() => Attack(400, 30.0 / Honest, ownGroups: false);

    private void Attack(int sybils, double spread, bool ownGroups)
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
            DhtAddress shared = new(((UInt128)0xFFFF << 32) | (uint)(0x0B000000 + ((i % 8) << 8) + (i / 8)), (ushort)(1024 + i));
            contacts.Add(new DhtContact(publisher.Key.Xor(offset with { Low = network.NextKey().Low }).ToPeerId(), ownGroups ? own : shared));
        }

        var colluders = new KeySpace(contacts);
        foreach (DhtContact contact in contacts)
            network.AddHostile(new HostilePeer(network, contact, colluders, _ => lies));
        network.FillTables(heardInBucket: ownGroups ? 20 : 500);

        DhtLookupResult published = network.Publish(network.Honest[0], publisher.Key, publisher.Make);
        int lookups = Claims.IsFull ? 2000 : 200;
        int found = 0, questions = 0;
        for (int i = 0; i < lookups; i++)
        {
            DhtLookupResult result = network.Find(network.Honest[network.Random.Next(1, Honest)], publisher.Key);
            questions += result.Questions;
            found += result.Records.Any(r => r.Publisher == publisher.Peer) ? 1 : 0;
        }

        output.WriteLine($"{sybils} sybils: stored {published.Stored}, found {found} of {lookups}, {questions / lookups} questions a lookup");
        Assert.True(found >= lookups * 0.99, $"Only {found} of {lookups} lookups found the record.");
    }
}
