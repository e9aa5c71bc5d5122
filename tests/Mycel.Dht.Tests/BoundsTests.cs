using Mycel.Dht.Tests.Simulation;
using Mycel.Dht.Wire;

namespace Mycel.Dht.Tests;

/// <summary>What a node keeps and does by itself stays within bounds, whatever it is told and sent.</summary>
public sealed class BoundsTests
{
    private readonly SimNetwork _network = new(7);

    [Fact]
    public void Of_ever_more_bootstrap_contacts_the_latest_are_kept()
    {
        var (node, sent) = Alone();
        DhtContact[] contacts = [.. Enumerable.Range(0, 3 * Maintenance.MaxBootstrap).Select(_ => Stranger())];
        foreach (DhtContact[] some in contacts.Chunk(20))
            node.Join(some);
        Run(node, TimeSpan.FromMinutes(2));
        sent.Clear();
        Run(node, TimeSpan.FromMinutes(5));
        Assert.Equal(contacts[^Maintenance.MaxBootstrap..].Select(c => c.Key).Order(), sent.Select(s => s.To.Key).Distinct().Order());
    }

    [Fact]
    public void In_one_round_so_many_silent_contacts_are_asked_and_no_more()
    {
        var (node, sent) = Alone(new DhtOptions { RefreshInterval = TimeSpan.FromHours(24) });
        for (int i = 0; i < 200; i++)
            node.Table.Heard(Stranger(), _network.Clock.Ticks);
        Assert.True(node.Table.Count > 3 * Maintenance.MaxChecksPerRound);
        _network.Clock.Ticks += TimeSpan.TicksPerHour;
        node.Tick();
        Assert.Equal(Maintenance.MaxChecksPerRound, sent.Count(s => MessageCodec.Read(s.Message)!.Kind == MessageKind.Ping));
    }

    /// <summary>2,000 messages; MYCEL_FUZZ=60 makes it 120,000.</summary>
    [Fact]
    public void Whatever_a_node_is_sent_it_goes_on_and_keeps_its_bounds()
    {
        var options = new DhtOptions { MaxRecords = 50, MaxRecordsPerKey = 5, MaxLimitedAddresses = 100, MaxTokens = 100, MaxPending = 100, MaxLookups = 4 };
        var (node, sent) = Alone(options);
        var random = new Random(Claims.Seed);
        using var publisher = new Publisher(1, "wanted", _network.Clock);
        for (int i = 0; i < 2_000 * Claims.FuzzFactor; i++)
        {
            // Now and then an answer to what was asked, by the one who was asked.
            (DhtContact To, byte[] Message)? asked = sent.Count > 0 && random.Next(2) == 0 ? sent[random.Next(sent.Count)] : null;
            DhtContact from = asked?.To ?? Stranger();
            ulong id = asked is { } question ? MessageCodec.Read(question.Message)!.Id : 1;
            DhtKey key = _network.NextKey();
            DhtMessage valid = random.Next(7) switch
            {
                0 => new() { Kind = MessageKind.Ping, Id = id },
                1 => new() { Kind = MessageKind.Find, Id = id, Target = key, Key = publisher.Key },
                2 => new() { Kind = MessageKind.Store, Id = id, Key = publisher.Key, Records = [publisher.Make().Bytes] },
                3 => new() { Kind = MessageKind.Token, Id = id, Token = 3 },
                4 => new() { Kind = MessageKind.Pong, Id = id, Token = 3 },
                5 => new() { Kind = MessageKind.Stored, Id = id, Token = 3 },
                _ => new() { Kind = MessageKind.Found, Id = id, Token = 3, Contacts = [Stranger(), Stranger()], Records = [publisher.Make().Bytes] },
            };
            byte[] bytes = MessageCodec.Write(valid);
            node.Receive(from, random.Next(2) == 0 ? bytes : Fuzz.Damage(bytes, random), isAddressProven: random.Next(2) == 0);
            if (i % 50 == 0)
                node.TryFindRecords(publisher.Key, static _ => { });
            if (i % 10 == 0)
                Run(node, TimeSpan.FromMilliseconds(200));
            if (sent.Count > 1000)
                sent.RemoveRange(0, 500);
        }

        DhtStatistics now = node.GetStatistics();
        Assert.InRange(now.Records, 1, options.MaxRecords);
        Assert.InRange(now.QuestionsPending, 0, options.MaxPending);
        Assert.InRange(now.LookupsRunning, 0, options.MaxLookups);
        Assert.InRange(node.Limiter.Count, 1, options.MaxLimitedAddresses);
        Assert.InRange(node.Requests.TokenCount, 1, options.MaxTokens);
        Assert.All(now.Buckets, b => Assert.True(b.Contacts <= options.BucketSize && b.Waiting <= options.MaxReplacements));
        Run(node, TimeSpan.FromMinutes(1));
        Assert.Equal(0, node.GetStatistics().LookupsRunning);
    }

    private DhtContact Stranger() => new(_network.NextKey(), _network.NextAddress());

    private void Run(DhtNode node, TimeSpan time)
    {
        for (long until = _network.Clock.Ticks + time.Ticks; _network.Clock.Ticks < until; _network.Clock.Ticks += TimeSpan.TicksPerMillisecond * 100)
        {
            if (node.UntilNextTick == TimeSpan.Zero)
                node.Tick();
        }
    }

    private (DhtNode Node, List<(DhtContact To, byte[] Message)> Sent) Alone(DhtOptions? options = null)
    {
        var sent = new Recorder();
        return (new DhtNode(_network.NextKey().ToPeerId(), options ?? new DhtOptions(), sent, _network.Clock, new SimRandom(1)), sent.Sent);
    }

    private sealed class Recorder : IDhtNetwork
    {
        public List<(DhtContact To, byte[] Message)> Sent { get; } = [];

        public void Send(DhtContact to, ReadOnlyMemory<byte> message) => Sent.Add((to, message.ToArray()));
    }
}
