using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Credit.Harness;

/// <summary>Three accounts in one network whose models have a price. The first founded it, and keeps its ledger.</summary>
public sealed class PayingGroup : IAsyncLifetime
{
    private readonly List<NodeProcess> _nodes = [];

    internal IReadOnlyList<NodeProcess> Nodes => _nodes;

    internal NodeProcess Ann => _nodes[0];

    internal NodeProcess Ben => _nodes[1];

    internal NodeProcess Cleo => _nodes[2];

    public async ValueTask InitializeAsync()
    {
        _nodes.AddRange(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CreditCalls.StartAsync())));
        await PeerGroup.ConnectAsync(_nodes);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
    }
}
