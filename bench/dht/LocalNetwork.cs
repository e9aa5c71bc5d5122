using System.Buffers.Binary;
using System.Security.Cryptography;
using Mycel.Dht;
using Mycel.Identity;

namespace Mycel.Bench.Dht;

/// <summary>Nodes in one process and one loop; what one sends is at the other's at once, so that all time is that of the library.</summary>
internal sealed class LocalNetwork
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<DhtAddress, Endpoint> _endpoints = [];
    private readonly Queue<(DhtContact From, DhtContact To, ReadOnlyMemory<byte> Message)> _messages = new();
    private readonly Clock _clock = new();
    private long _tickedAt = TimeProvider.System.GetTimestamp();

    public List<DhtNode> Nodes { get; } = [];

    /// <summary>Bytes of all messages so far, without what a carrier adds.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Messages so far.</summary>
    public long MessagesSent { get; private set; }

    /// <summary>Nodes come one after another, each through one that is there.</summary>
    public void Join(int count)
    {
        List<DhtContact> contacts = [];
        for (int i = 0; i < count; i++)
        {
            // Each in a /24 of its own, from 20.0.0.1 on.
            var bytes = new byte[DhtAddress.Ipv4SizeBytes];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x14000001 + ((uint)i << 8));
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), 8422);
            DhtAddress.TryRead(bytes, out DhtAddress address);
            var contact = new DhtContact(new PeerId(RandomNumberGenerator.GetBytes(PeerId.SizeBytes)), address);
            var endpoint = new Endpoint(this, contact);
            _endpoints[address] = endpoint;
            Nodes.Add(endpoint.Node);
            if (i > 0)
                endpoint.Node.Join([contacts[Random.Shared.Next(i)]]);
            contacts.Add(contact);
            Deliver(() => _messages.Count == 0);
        }
    }

    /// <summary>Lets an hour pass, in which all nodes look around once more: those that came first came into a small network.</summary>
    public void Age()
    {
        for (int i = 0; i < 120; i++)
        {
            _clock.Ahead += TimeSpan.FromSeconds(30);
            Tick();
            Deliver(() => _messages.Count == 0);
        }
    }

    /// <summary>Delivers messages until something is so.</summary>
    public void Deliver(Func<bool> isSo)
    {
        while (!isSo())
        {
            if (TimeProvider.System.GetElapsedTime(_tickedAt) > TickEvery)
                Tick();
            if (_messages.TryDequeue(out var next))
                _endpoints[next.To.Address].Node.Receive(next.From, next.Message.Span);
        }
    }

    private void Tick()
    {
        _tickedAt = TimeProvider.System.GetTimestamp();
        foreach (DhtNode node in Nodes)
        {
            if (node.UntilNextTick == TimeSpan.Zero)
                node.Tick();
        }
    }

    private sealed class Endpoint : IDhtNetwork
    {
        private readonly LocalNetwork _network;
        private readonly DhtContact _contact;

        public Endpoint(LocalNetwork network, DhtContact contact)
        {
            (_network, _contact) = (network, contact);
            Node = new DhtNode(contact.Peer, new DhtOptions(), this, network._clock, new SystemRandomness());
        }

        public DhtNode Node { get; }

        public void Send(DhtContact to, ReadOnlyMemory<byte> message)
        {
            _network.MessagesSent++;
            _network.BytesSent += message.Length;
            _network._messages.Enqueue((_contact, to, message));
        }
    }

    /// <summary>The system's clock, set ahead.</summary>
    private sealed class Clock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
