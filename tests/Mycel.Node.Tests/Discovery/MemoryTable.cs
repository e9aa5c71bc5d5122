using System.Net;
using Mycel.Dht;
using Mycel.Identity;

namespace Mycel.Node.Tests.Discovery;

/// <summary>Nodes of the table that talk in memory, all on the test's own thread.</summary>
internal sealed class MemoryTable
{
    private readonly Queue<(DhtContact From, DhtContact To, ReadOnlyMemory<byte> Message)> _under = new();
    private readonly Dictionary<DhtAddress, DhtNode> _nodes = [];

    /// <summary>Adds a node, which enters through those that are there.</summary>
    public DhtNode Add(DeviceKey device)
    {
        var contact = new DhtContact(device.PeerId, DhtAddress.From(new IPEndPoint(IPAddress.Loopback, 1000 + _nodes.Count)));
        var node = new DhtNode(device.PeerId, new DhtOptions(), new Sender(this, contact), TimeProvider.System, new SystemRandomness());
        DhtContact[] known = [.. _nodes.Select(pair => new DhtContact(pair.Value.Self.ToPeerId(), pair.Key))];
        _nodes[contact.Address] = node;
        node.Join(known);
        Deliver();
        return node;
    }

    /// <summary>Delivers messages until none is under way.</summary>
    public void Deliver()
    {
        while (_under.TryDequeue(out var next))
        {
            if (_nodes.TryGetValue(next.To.Address, out var node)) node.Receive(next.From, next.Message.Span, isAddressProven: true);
        }
    }

    /// <summary>The records that a node finds under a key.</summary>
    public IReadOnlyList<DhtRecord> Find(DhtNode node, DhtKey key)
    {
        IReadOnlyList<DhtRecord>? found = null;
        Assert.True(node.TryFindRecords(key, result => found = result.Records));
        Deliver();
        return found!;
    }

    private sealed class Sender(MemoryTable table, DhtContact self) : IDhtNetwork
    {
        public void Send(DhtContact to, ReadOnlyMemory<byte> message) => table._under.Enqueue((self, to, message));
    }
}
