using Mycel.Dht.Requests;
using Mycel.Dht.Tests.Simulation;
using Mycel.Dht.Wire;

namespace Mycel.Dht.Tests;

/// <summary>One node and those around it: what it answers to whom, what it keeps, and how it comes and stays in a network.</summary>
public sealed class NodeTests
{
    private readonly SimNetwork _network = new(42);

    [Fact]
    public void Who_has_not_shown_that_it_receives_at_its_address_gets_no_more_bytes_than_it_sent()
    {
        var (node, sent) = Alone();
        DhtContact asker = Stranger();
        DhtKey key = _network.NextKey();
        DhtMessage[] questions =
        [
            new() { Kind = MessageKind.Ping, Id = 1 },
            new() { Kind = MessageKind.Find, Id = 2, Target = key, Key = key },
            new() { Kind = MessageKind.Find, Id = 3, Target = key, Token = 12345 },
            new() { Kind = MessageKind.Store, Id = 4, Key = key, Records = [new byte[] { 1 }] },
        ];
        foreach (DhtMessage question in questions)
        {
            byte[] bytes = MessageCodec.Write(question);
            node.Receive(asker, bytes);
            Assert.InRange(sent[^1].Length, 1, bytes.Length);
        }

        Assert.Equal(questions.Length, sent.Count);
        Assert.Equal((0, 0), (node.Table.Count, node.Store.Count));
    }

    [Fact]
    public void A_token_is_for_one_node_at_one_address_and_ends()
    {
        var (node, sent) = Alone();
        DhtContact asker = Stranger();
        node.Receive(asker, MessageCodec.Write(new DhtMessage { Kind = MessageKind.Ping, Id = 1 }));
        ulong token = MessageCodec.Read(sent[^1])!.Token;
        Assert.Equal(MessageKind.Found, Ask(asker));
        Assert.Equal(MessageKind.Token, Ask(new DhtContact(asker.Key, _network.NextAddress())));
        Assert.Equal(MessageKind.Token, Ask(new DhtContact(_network.NextKey(), asker.Address)));
        Assert.True(node.Table.Contains(asker.Key));
        for (int i = 0; i < 2; i++)
        {
            _network.Clock.Ticks += EndpointTokens.Rotation.Ticks;
            Assert.Equal(i == 0 ? MessageKind.Found : MessageKind.Token, TickAndAsk());
        }

        MessageKind Ask(DhtContact from)
        {
            node.Receive(from, MessageCodec.Write(new DhtMessage { Kind = MessageKind.Find, Id = 2, Token = token, Target = _network.NextKey() }));
            return MessageCodec.Read(sent[^1])!.Kind;
        }

        MessageKind TickAndAsk()
        {
            node.Tick();
            return Ask(asker);
        }
    }

    [Fact]
    public void An_address_that_asks_too_much_is_not_answered_and_others_are()
    {
        var (node, sent) = Alone(new DhtOptions { QuestionBurst = 10, QuestionsPerSecond = 5, MaxLimitedAddresses = 3 });
        DhtContact loud = Stranger();
        Assert.Equal(10, Answers(loud, 100));
        Assert.Equal(0, Answers(new DhtContact(_network.NextKey(), loud.Address), 100));
        Assert.Equal(10, Answers(Stranger(), 100));
        _network.Clock.Ticks += TimeSpan.TicksPerSecond;
        Assert.Equal(5, Answers(loud, 100));

        // Addresses beyond those remembered share what one may ask.
        Answers(Stranger(), 1);
        Assert.Equal(10, Enumerable.Range(0, 100).Sum(_ => Answers(Stranger(), 1)));
        Assert.Equal(3, node.Limiter.Count);
        Assert.True(node.GetStatistics().QuestionsLimited > 0);

        // And come in again once others have been quiet.
        _network.Clock.Ticks += 10 * TimeSpan.TicksPerSecond;
        Assert.Equal(10, Answers(Stranger(), 100));
        Assert.Equal(1, node.Limiter.Count);

        int Answers(DhtContact from, int questions)
        {
            int before = sent.Count;
            for (int i = 0; i < questions; i++)
                node.Receive(from, MessageCodec.Write(new DhtMessage { Kind = MessageKind.Ping, Id = 1 }));
            return sent.Count - before;
        }
    }

    [Fact]
    public void Answers_nobody_waits_for_and_noise_change_nothing()
    {
        var (node, sent) = Alone();
        DhtContact stranger = Stranger();
        node.Receive(stranger, MessageCodec.Write(new DhtMessage { Kind = MessageKind.Found, Id = 1, Token = 1, Contacts = [Stranger()] }));
        node.Receive(stranger, [1, 2, 3]);
        node.Receive(new DhtContact(_network.NextKey(), default), MessageCodec.Write(new DhtMessage { Kind = MessageKind.Ping, Id = 1 }));
        Assert.Empty(sent);
        Assert.Equal((0, 3L), (node.Table.Count, node.GetStatistics().MessagesDropped));
    }

    [Fact]
    public void Questions_under_way_tokens_and_lookups_are_bounded()
    {
        var (node, sent) = Alone(new DhtOptions { MaxPending = 16, MaxTokens = 16, MaxLookups = 2 });
        for (int i = 0; i < 20; i++)
            node.TryAsk(Stranger(), Question.Ping, static _ => { });
        Assert.Equal((16, 16), (node.Requests.Count, sent.Count));
        _network.Clock.Ticks += TimeSpan.TicksPerSecond;
        node.Tick();
        Assert.Equal((0, 16L), (node.Requests.Count, node.GetStatistics().QuestionsUnanswered));

        for (int i = 0; i < 40; i++)
        {
            DhtContact asked = Stranger();
            Assert.True(node.TryAsk(asked, Question.Ping, static _ => { }));
            node.Receive(asked, MessageCodec.Write(new DhtMessage { Kind = MessageKind.Pong, Id = MessageCodec.Read(sent[^1])!.Id, Token = 5 }));
            _network.Clock.Ticks += TimeSpan.TicksPerSecond;
            node.Tick();
        }

        Assert.Equal(16, node.Requests.TokenCount);
        Assert.True(node.TryFindNodes(_network.NextKey(), static _ => { }));
        Assert.True(node.TryFindNodes(_network.NextKey(), static _ => { }));
        Assert.False(node.TryFindNodes(_network.NextKey(), static _ => { }));
    }

    [Fact]
    public void Publications_are_bounded()
    {
        var (node, _) = Alone(new DhtOptions { MaxPublications = 2 });
        using var publisher = new Publisher(1, "a", _network.Clock);
        Assert.True(node.TryPublish(_network.NextKey(), publisher.Make));
        DhtKey second = _network.NextKey();
        Assert.True(node.TryPublish(second, publisher.Make));
        Assert.True(node.TryPublish(second, publisher.Make));
        Assert.False(node.TryPublish(_network.NextKey(), publisher.Make));
        node.Withdraw(second);
        Assert.True(node.TryPublish(_network.NextKey(), publisher.Make));
    }

    [Fact]
    public void A_lookup_that_is_told_of_ever_more_nodes_ends()
    {
        var options = new DhtOptions { MaxQuestionsPerLookup = 64, MaxCandidates = 128 };
        HonestPeer asker = _network.AddHonest(options);
        DhtKey wanted = _network.NextKey();
        var space = new KeySpace(Enumerable.Range(0, 3000).Select(_ => new DhtContact(wanted.Xor(DhtKey.FromShare(_network.Random.NextDouble() / 1000)), _network.NextAddress())));
        foreach (DhtContact contact in space.Nearest(wanted, 3000))
            _network.AddHostile(new HostilePeer(_network, contact, space));
        asker.Node.Join(space.Nearest(wanted, 5));
        asker.Schedule();
        _network.Run(TimeSpan.FromMinutes(2));
        DhtLookupResult result = _network.Find(asker, wanted);
        Assert.InRange(result.Questions, 20, 64);
    }

    [Fact]
    public void Nobody_on_the_Internet_sends_others_into_private_networks()
    {
        HonestPeer asker = _network.AddHonest();
        Assert.True(DhtAddress.TryParse("192.168.1.1:53", out DhtAddress inside));
        var victim = new DhtContact(_network.NextKey(), inside);
        var liar = Stranger();
        _network.AddHostile(new HostilePeer(_network, liar, new KeySpace([victim])));
        var reached = new HostilePeer(_network, victim, new KeySpace([]));
        _network.AddHostile(reached);
        asker.Node.Join([liar]);
        asker.Schedule();
        _network.Run(TimeSpan.FromMinutes(2));
        Assert.True(asker.Node.Table.Contains(liar.Key));
        Assert.False(asker.Node.Table.Contains(victim.Key));

        // And whoever asks from the Internet is not told of one either.
        asker.Node.Table.Heard(victim, 1);
        HonestPeer other = _network.AddHonest();
        other.Node.Join([asker.Contact]);
        other.Schedule();
        _network.Run(TimeSpan.FromMinutes(2));
        Assert.True(other.Node.Table.Contains(asker.Contact.Key));
        Assert.False(other.Node.Table.Contains(victim.Key));
    }

    [Fact]
    public void Nodes_on_one_machine_find_each_other_and_what_one_provides_after_the_first_is_gone()
    {
        List<HonestPeer> peers = [];
        for (int i = 0; i < 20; i++)
        {
            Assert.True(DhtAddress.TryParse($"127.0.0.1:{9000 + i}", out DhtAddress address));
            HonestPeer peer = _network.AddHonest(address: address);
            peers.Add(peer);
            if (i > 0)
                peer.Node.Join([peers[0].Contact]);
            peer.Schedule();
            _network.Run(TimeSpan.FromSeconds(1));
        }

        using var publisher = new Publisher(1, "wanted", _network.Clock);
        Assert.InRange(_network.Publish(peers[7], publisher.Key, publisher.Make).Stored, 15, 19);
        _network.Remove(peers[0]);
        Assert.True(DhtAddress.TryParse("127.0.0.1:9999", out DhtAddress last));
        HonestPeer late = _network.AddHonest(address: last);
        late.Node.Join([peers[13].Contact]);
        late.Schedule();
        _network.Run(TimeSpan.FromSeconds(2));
        DhtRecord found = Assert.Single(_network.Find(late, publisher.Key).Records);
        Assert.Equal(publisher.Peer, found.Publisher);
    }

    [Fact]
    public void A_record_stays_while_it_is_published_and_expires_when_its_node_is_gone()
    {
        for (int i = 0; i < 30; i++)
            _network.AddHonest();
        _network.FillTables();
        using var publisher = new Publisher(1, "wanted", _network.Clock);
        HonestPeer node = _network.Honest[0];
        _network.Publish(node, publisher.Key, publisher.Make);
        _network.Run(TimeSpan.FromHours(6));
        Assert.Single(_network.Find(_network.Honest[^1], publisher.Key).Records);
        _network.Remove(node);
        _network.Run(TimeSpan.FromHours(3.1));
        Assert.Empty(_network.Find(_network.Honest[^1], publisher.Key).Records);
        Assert.All(_network.Honest, p => Assert.Equal(0, p.Node.Store.Count));
    }

    [Fact]
    public void A_node_that_nobody_can_reach_asks_and_is_in_nobodys_table()
    {
        for (int i = 0; i < 30; i++)
            _network.AddHonest();
        _network.FillTables();
        HonestPeer passive = _network.AddHonest(new DhtOptions { Passive = true });
        passive.Node.Join([_network.Honest[0].Contact]);
        passive.Schedule();
        _network.Run(TimeSpan.FromMinutes(5));
        Assert.True(passive.Node.Table.Count > 20);
        Assert.DoesNotContain(_network.Honest, p => p.Node.Table.Contains(passive.Contact.Key));
    }

    [Fact]
    public void Contacts_that_went_are_replaced_and_lookups_survive_lost_messages()
    {
        var lossy = new SimNetwork(5, loss: 0.05);
        for (int i = 0; i < 100; i++)
            lossy.AddHonest();
        lossy.FillTables();
        using var publisher = new Publisher(1, "wanted", lossy.Clock);
        lossy.Publish(lossy.Honest[0], publisher.Key, publisher.Make);
        for (int i = 0; i < 30; i++)
            lossy.Remove(lossy.Honest[^1]);
        lossy.Run(TimeSpan.FromHours(1));
        for (int i = 0; i < 20; i++)
            Assert.Single(lossy.Find(lossy.Honest[1 + i], publisher.Key).Records);
        Assert.All(lossy.Honest, p => Assert.True(p.Node.GetStatistics().Contacts >= 20));
    }

    [Fact]
    public void A_node_whose_first_question_is_lost_asks_again_and_then_publishes_at_once()
    {
        DhtContact first = Stranger();
        HonestPeer node = _network.AddHonest();
        using var publisher = new Publisher(1, "wanted", _network.Clock);
        List<int> stored = [];
        Assert.True(node.Node.TryPublish(publisher.Key, publisher.Make, result => stored.Add(result.Stored)));
        node.Node.Join([first]);
        node.Schedule();
        _network.Run(TimeSpan.FromMinutes(10));
        Assert.Equal(0, node.Node.ContactCount);
        // Neither knocks nor publishes without end where nobody is.
        Assert.InRange(node.Node.GetStatistics().QuestionsSent, 10, 35);
        Assert.InRange(stored.Count, 5, 10);

        // Told of it once more, it needs no round.
        node.Node.Join([first]);
        node.Schedule();
        _network.Run(TimeSpan.FromSeconds(1));
        HonestPeer other = _network.AddHonest(key: first.Key, address: first.Address);
        _network.Run(TimeSpan.FromSeconds(5));
        Assert.True(node.Node.Table.Contains(first.Key));
        Assert.Equal((1, 1), (stored[^1], other.Node.Store.Count));
    }

    [Fact]
    public void A_node_that_was_told_of_nobody_looks_up_nothing_until_somebody_comes_and_then_all_around()
    {
        HonestPeer first = _network.AddHonest();
        first.Node.Join([]);
        first.Schedule();
        _network.Run(TimeSpan.FromMinutes(10));
        Assert.Equal((0L, 0L), (first.Node.GetStatistics().LookupsStarted, first.Node.GetStatistics().QuestionsSent));

        HonestPeer guest = _network.AddHonest();
        guest.Node.Join([first.Contact]);
        guest.Schedule();
        _network.Run(TimeSpan.FromMinutes(1));
        Assert.True(first.Node.Table.Contains(guest.Contact.Key));
        Assert.NotEqual(0L, first.Node.GetStatistics().LookupsStarted);
    }

    [Fact]
    public void A_node_that_was_told_of_is_asked_three_times()
    {
        DhtContact told = Stranger();
        HonestPeer node = _network.AddHonest();
        node.Node.Suggest(told);
        node.Schedule();
        _network.Run(TimeSpan.FromSeconds(1.5));
        _network.AddHonest(key: told.Key, address: told.Address);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.True(node.Node.Table.Contains(told.Key));

        long before = node.Node.GetStatistics().QuestionsSent;
        node.Node.Suggest(Stranger());
        node.Schedule();
        _network.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(3, node.Node.GetStatistics().QuestionsSent - before);
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        Assert.Equal(Run(3), Run(3));
        Assert.NotEqual(Run(3), Run(4));

        static (long, long) Run(int seed)
        {
            var network = new SimNetwork(seed, loss: 0.01);
            for (int i = 0; i < 30; i++)
            {
                HonestPeer peer = network.AddHonest();
                peer.Node.Join([network.Honest[0].Contact]);
                peer.Schedule();
            }

            network.Run(TimeSpan.FromMinutes(5));
            return (network.MessagesSent, network.BytesSent);
        }
    }

    [Fact]
    public void Options_out_of_range_are_named()
        => Assert.Contains(nameof(DhtOptions.BucketSize), Assert.Throws<ArgumentException>(() => Alone(new DhtOptions { BucketSize = 21 })).Message, StringComparison.Ordinal);

    private DhtContact Stranger() => new(_network.NextKey(), _network.NextAddress());

    private (DhtNode Node, List<byte[]> Sent) Alone(DhtOptions? options = null)
    {
        var sent = new Recorder();
        return (new DhtNode(_network.NextKey().ToPeerId(), options ?? new DhtOptions(), sent, _network.Clock, new SimRandom(1)), sent.Sent);
    }

    private sealed class Recorder : IDhtNetwork
    {
        public List<byte[]> Sent { get; } = [];

        public void Send(DhtContact to, ReadOnlyMemory<byte> message) => Sent.Add(message.ToArray());
    }
}
