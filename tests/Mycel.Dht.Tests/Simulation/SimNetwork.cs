using System.Diagnostics;

namespace Mycel.Dht.Tests.Simulation;

/// <summary>
/// A network of nodes with the real code in simulated time: each message takes 10–60 ms, and some are lost. The same seed gives the same run to the last
/// message.
/// </summary>
internal sealed class SimNetwork
{
    private readonly PriorityQueue<Event, (long At, long Order)> _events = new();
    private readonly Dictionary<DhtAddress, SimPeer> _peers = [];
    private readonly double _loss;
    private long _order;
    private int _addresses;

    public SimNetwork(int seed, double loss = 0)
    {
        Seed = seed;
        _loss = loss;
        Random = new Random(seed);
    }

    public int Seed { get; }

    public Random Random { get; }

    public SimClock Clock { get; } = new();

    /// <summary>Whether messages come over links, which prove addresses.</summary>
    public bool ProvesAddresses { get; init; }

    /// <summary>Bytes of all messages so far.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Messages so far.</summary>
    public long MessagesSent { get; private set; }

    public List<HonestPeer> Honest { get; } = [];

    public List<HostilePeer> Hostile { get; } = [];

    /// <summary>An address on the Internet whose /24 nobody else has.</summary>
    public DhtAddress NextAddress() => new(((UInt128)0xFFFF << 32) | (uint)(0x14000001 + (_addresses++ << 8)), 8422);

    public DhtKey NextKey()
    {
        Span<byte> bytes = stackalloc byte[DhtKey.SizeBytes];
        Random.NextBytes(bytes);
        return DhtKey.Read(bytes);
    }

    public HonestPeer AddHonest(DhtOptions? options = null, DhtKey? key = null, DhtAddress? address = null)
    {
        var peer = new HonestPeer(this, new DhtContact((key ?? NextKey()).ToPeerId(), address ?? NextAddress()), options ?? new DhtOptions(), Random.Next());
        _peers[peer.Contact.Address] = peer;
        Honest.Add(peer);
        peer.Schedule();
        return peer;
    }

    public void AddHostile(HostilePeer peer)
    {
        _peers[peer.Contact.Address] = peer;
        Hostile.Add(peer);
    }

    public void Remove(HonestPeer peer)
    {
        _peers.Remove(peer.Contact.Address);
        Honest.Remove(peer);
    }

    /// <summary>
    /// Fills the tables of nodes as they are after a long time in the network: each bucket with random nodes of its range; and their estimates of the network's size, with
    /// what lookups of random keys would have found.
    /// </summary>
    /// <param name="heardInBucket">Nodes of each range that were heard of; the table may refuse some.</param>
    public void FillTables(int heardInBucket = 20)
    {
        var space = new KeySpace(Honest.Select(p => p.Contact).Concat(Hostile.Select(p => p.Contact)));
        (int Count, DhtKey Distance)[] sizes = [.. Enumerable.Range(0, 100).Select(_ => NextKey()).Select(k => space.Nearest(k, 20) is var near ? (near.Count, near[^1].Key.Xor(k)) : default)];
        foreach (HonestPeer peer in Honest)
        {
            for (int i = 0; i < 8; i++)
            {
                (int count, DhtKey distance) = sizes[Random.Next(sizes.Length)];
                peer.Node.Size.Add(count, distance);
            }

            for (int bits = 0; bits < 64; bits++)
            {
                foreach (DhtContact contact in space.InBucket(peer.Contact.Key, bits, heardInBucket, Random))
                    peer.Node.Table.Heard(contact, Clock.Ticks);
            }
        }
    }

    public void Send(DhtContact from, DhtContact to, ReadOnlyMemory<byte> bytes)
    {
        MessagesSent++;
        BytesSent += bytes.Length;
        if (_loss > 0 && Random.NextDouble() < _loss)
            return;
        Enqueue(Clock.Ticks + Random.NextInt64(10, 61) * TimeSpan.TicksPerMillisecond, new Event(null, from, to, bytes));
    }

    public void WakeAt(long at, SimPeer peer) => Enqueue(at, new Event(peer, null, null, default));

    /// <summary>Runs for a time.</summary>
    public void Run(TimeSpan time)
    {
        long until = Clock.Ticks + time.Ticks;
        while (Step(until))
        {
        }

        Clock.Ticks = until;
    }

    /// <summary>Runs until something is so; fails when it is not within an hour.</summary>
    public void RunUntil(Func<bool> isSo)
    {
        long until = Clock.Ticks + TimeSpan.TicksPerHour;
        while (!isSo())
            Assert.True(Step(until), "It did not come about within a simulated hour.");
    }

    /// <summary>Looks up a key's records from a node and waits for the end.</summary>
    public DhtLookupResult Find(HonestPeer from, DhtKey key)
    {
        DhtLookupResult? result = null;
        Assert.True(from.Node.TryFindRecords(key, r => result = r));
        from.Schedule();
        RunUntil(() => result is not null);
        return result!;
    }

    /// <summary>Looks up keys from nodes, so many at a time, and waits for all; results are in the order of the lookups.</summary>
    public DhtLookupResult[] FindAll(IReadOnlyList<(HonestPeer From, DhtKey Key)> lookups, int atOnce = 20)
    {
        var results = new DhtLookupResult[lookups.Count];
        int begun = 0, ended = 0;
        while (ended < lookups.Count)
        {
            for (; begun < lookups.Count && begun - ended < atOnce; begun++)
            {
                int index = begun;
                Assert.True(lookups[index].From.Node.TryFindRecords(lookups[index].Key, r => (results[index], ended) = (r, ended + 1)));
                lookups[index].From.Schedule();
            }

            int before = ended;
            RunUntil(() => ended > before);
        }

        return results;
    }

    /// <summary>Publishes a record from a node and waits for the end.</summary>
    public DhtLookupResult Publish(HonestPeer from, DhtKey key, Func<DhtRecord> make)
    {
        DhtLookupResult? result = null;
        Assert.True(from.Node.TryPublish(key, make, r => result ??= r));
        from.Schedule();
        RunUntil(() => result is not null);
        return result!;
    }

    private bool Step(long until)
    {
        if (!_events.TryPeek(out _, out (long At, long Order) first) || first.At > until)
            return false;
        Event next = _events.Dequeue();
        Debug.Assert(first.At >= Clock.Ticks, "Time does not run backwards.");
        Clock.Ticks = first.At;
        if (next.Wakes is { } peer)
        {
            if (_peers.GetValueOrDefault(peer.Contact.Address) == peer)
                peer.Wake();
        }
        else if (_peers.TryGetValue(next.To!.Address, out SimPeer? to) && to.Contact.Key == next.To.Key)
        {
            to.Receive(next.From!, next.Bytes);
        }

        return true;
    }

    private void Enqueue(long at, Event happens) => _events.Enqueue(happens, (at, _order++));

    private readonly record struct Event(SimPeer? Wakes, DhtContact? From, DhtContact? To, ReadOnlyMemory<byte> Bytes);
}
