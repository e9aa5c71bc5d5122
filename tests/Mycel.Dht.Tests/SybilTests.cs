using Mycel.Dht.Tests.Simulation;
using Mycel.Dht.Wire;

namespace Mycel.Dht.Tests;

/// <summary>
/// An attack on one key by nodes whose ids were made for it, before the record is published and while it is looked up: they say they store what they drop, send
/// askers to each other, and give false records. All nodes know them for as long as each other.
/// </summary>
public sealed class SybilTests(ITestOutputHelper output)
{
    private const int Honest = 1000;
    private const double Region = 30.0 / Honest;
    private const double AtTheKey = 1.0 / 65536;

    /// <summary>Ids nearer to the key than any honest node, as in the attack on IPFS, each at an address of its own: nothing but the region helps.</summary>
    [Theory]
    [InlineData(50)]
    [InlineData(300)]
    public void A_crowd_at_the_key_does_not_hide_its_record(int sybils) => Attack(sybils, AtTheKey, NextAddress);

    /// <summary>Ids all over the region, each at an address of its own: five and ten times as many as it has honest nodes.</summary>
    [Theory]
    [InlineData(150)]
    [InlineData(300)]
    public void A_crowd_all_over_the_region_does_not_hide_its_record(int sybils) => Attack(sybils, Region, NextAddress);

    /// <summary>Far more than the network has honest nodes, out of eight /24: few of them come into tables and lookups, whoever is heard of in which order.</summary>
    [Theory]
    [InlineData(AtTheKey)]
    [InlineData(Region)]
    public void A_crowd_of_few_addresses_does_not_hide_a_record(double spread) => Attack(2000, spread, static (_, number) => OfFew(number, 8), heardInBucket: 500);

    /// <summary>
    /// Honest nodes are brought false records that are properly signed, before the true one and after it: far more than they keep of a key, out of eight /24; and fifty, each
    /// from an address of its own.
    /// </summary>
    [Theory]
    [InlineData(100, 8)]
    [InlineData(50, 50)]
    public void Many_false_records_do_not_hide_the_true_one(int count, int groups)
    {
        int found = 0, lookups = 0;
        foreach (SimNetwork network in Claims.Networks(output))
        {
            using var publisher = new Publisher(1, "wanted", network.Clock);
            for (int i = 0; i < Honest; i++)
                network.AddHonest();
            network.FillTables();
            byte[][] lies = [.. Lies(network, count).Select(lie => MessageCodec.Write(new DhtMessage { Kind = MessageKind.Store, Id = 1, Key = publisher.Key, Records = [lie] }))];
            Flood(network, publisher.Key, lies, groups);
            network.Publish(network.Honest[0], publisher.Key, publisher.Make);
            Flood(network, publisher.Key, lies, groups);
            (int foundHere, int lookupsHere) = Find(network, publisher);
            (found, lookups) = (found + foundHere, lookups + lookupsHere);
        }

        Assert.True(found >= lookups * 0.99, $"Only {found} of {lookups} lookups found the record.");
    }

    private static DhtAddress NextAddress(SimNetwork network, int number) => network.NextAddress();

    private static DhtAddress OfFew(int number, int groups)
        => new(((UInt128)0xFFFF << 32) | (uint)(0x0B000000 + ((number % groups) << 8) + (number / groups)), (ushort)(1024 + number));

    private static List<ReadOnlyMemory<byte>> Lies(SimNetwork network, int count)
    {
        List<ReadOnlyMemory<byte>> lies = [];
        for (int i = 0; i < count; i++)
        {
            using var liar = new Publisher(1000 + i, "wanted", network.Clock);
            lies.Add(liar.Make().Bytes);
        }

        return lies;
    }

    /// <summary>Brings records to all nodes around a key, from addresses that are proven.</summary>
    private static void Flood(SimNetwork network, DhtKey key, byte[][] stores, int groups)
    {
        foreach (HonestPeer peer in network.Honest.Where(p => p.Contact.Key.Xor(key).Share() < 3 * Region))
        {
            for (int i = 0; i < stores.Length; i++)
                peer.Node.Receive(new DhtContact(network.NextKey(), OfFew(i, groups)), stores[i], isAddressProven: true);
        }
    }

    private void Attack(int sybils, double spread, Func<SimNetwork, int, DhtAddress> address, int heardInBucket = 20)
    {
        int found = 0, lookups = 0;
        foreach (SimNetwork network in Claims.Networks(output))
        {
            using var publisher = new Publisher(1, "wanted", network.Clock);
            List<ReadOnlyMemory<byte>> lies = Lies(network, 3);
            for (int i = 0; i < Honest; i++)
                network.AddHonest();
            List<DhtContact> contacts = [];
            for (int i = 0; i < sybils; i++)
            {
                DhtKey offset = DhtKey.FromShare(spread * network.Random.NextDouble()) with { Low = network.NextKey().Low };
                contacts.Add(new DhtContact(publisher.Key.Xor(offset).ToPeerId(), address(network, i)));
            }

            var colluders = new KeySpace(contacts);
            foreach (DhtContact contact in contacts)
                network.AddHostile(new HostilePeer(network, contact, colluders, _ => lies));
            network.FillTables(heardInBucket);

            network.Publish(network.Honest[0], publisher.Key, publisher.Make);
            (int foundHere, int lookupsHere) = Find(network, publisher);
            (found, lookups) = (found + foundHere, lookups + lookupsHere);
        }

        Assert.True(found >= lookups * 0.99, $"Only {found} of {lookups} lookups found the record.");
    }

    private (int Found, int Lookups) Find(SimNetwork network, Publisher publisher)
    {
        int lookups = Claims.IsFull ? 200 : 100;
        DhtLookupResult[] results = network.FindAll([.. Enumerable.Range(0, lookups).Select(_ => (network.Honest[network.Random.Next(1, Honest)], publisher.Key))]);
        int found = results.Count(r => r.Records.Any(x => x.Publisher == publisher.Peer));
        output.WriteLine($"found {found} of {lookups}, {results.Average(r => r.Questions):F0} questions a lookup; {network.Honest.Count(p => p.Node.Store.Count > 0)} honest nodes store records");
        return (found, lookups);
    }
}
