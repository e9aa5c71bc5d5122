using Mycel.Dht.Wire;

namespace Mycel.Dht.Tests.Simulation;

/// <summary>Someone on the simulated network.</summary>
internal abstract class SimPeer(SimNetwork network, DhtContact contact)
{
    public SimNetwork Network { get; } = network;

    public DhtContact Contact { get; } = contact;

    public abstract void Receive(DhtContact from, ReadOnlyMemory<byte> bytes);

    public virtual void Wake()
    {
    }
}

/// <summary>A node with the real code.</summary>
internal sealed class HonestPeer : SimPeer, IDhtNetwork
{
    public HonestPeer(SimNetwork network, DhtContact contact, DhtOptions options, int seed)
        : base(network, contact)
        => Node = new DhtNode(contact.Peer, options, this, network.Clock, new SimRandom(seed));

    public DhtNode Node { get; }

    /// <summary>When this peer is woken next, so that it is not entered twice.</summary>
    private long WakesAt { get; set; } = long.MaxValue;

    public void Send(DhtContact to, ReadOnlyMemory<byte> message) => Network.Send(Contact, to, message);

    public override void Receive(DhtContact from, ReadOnlyMemory<byte> bytes)
    {
        Node.Receive(from, bytes.Span, Network.ProvesAddresses);
        Schedule();
    }

    public override void Wake()
    {
        // An earlier wake took the place of this one, and entered another if one was still needed.
        if (WakesAt != Network.Clock.Ticks)
            return;
        WakesAt = long.MaxValue;
        if (Node.NextDue <= Network.Clock.Ticks)
            Node.Tick();
        Schedule();
    }

    /// <summary>After any call to the node: what is due may have changed.</summary>
    public void Schedule()
    {
        long due = Math.Max(Node.NextDue, Network.Clock.Ticks);
        if (due >= WakesAt)
            return;
        WakesAt = due;
        Network.WakeAt(due, this);
    }
}

/// <summary>
/// A node of an attacker: it knows all the others, answers every question with those of them that are nearest, says that it stored what it drops, and
/// gives false records that are signed as they should be.
/// </summary>
internal sealed class HostilePeer(SimNetwork network, DhtContact contact, KeySpace colluders, Func<DhtKey, IReadOnlyList<ReadOnlyMemory<byte>>>? falseRecords = null) : SimPeer(network, contact)
{
    public override void Receive(DhtContact from, ReadOnlyMemory<byte> bytes)
    {
        if (MessageCodec.Read(bytes.Span) is not { IsQuestion: true } question)
            return;
        DhtMessage answer = question.Kind switch
        {
            MessageKind.Find => Found(question),
            MessageKind.Store => new DhtMessage { Kind = MessageKind.Stored, Id = question.Id, Token = 1 },
            _ => new DhtMessage { Kind = MessageKind.Pong, Id = question.Id, Token = 1 },
        };
        Network.Send(Contact, from, MessageCodec.Write(answer));
    }

    private DhtMessage Found(DhtMessage question)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> records = question.Key is { } key && falseRecords is not null ? falseRecords(key) : [];
        int room = records.Count > 0 ? 9 : DhtLimits.MaxContacts;
        return new DhtMessage { Kind = MessageKind.Found, Id = question.Id, Token = 1, Records = records, Contacts = colluders.Nearest(question.Target, room) };
    }
}
