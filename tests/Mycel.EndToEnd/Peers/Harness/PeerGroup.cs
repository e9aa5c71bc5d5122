using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>Three nodes of three persons in one network, each linked with the others. The first founded it.</summary>
public sealed class PeerGroup : IAsyncLifetime
{
    private readonly List<NodeProcess> _nodes = [];

    internal IReadOnlyList<NodeProcess> Nodes => _nodes;

    internal NodeProcess First => _nodes[0];

    internal NodeProcess Second => _nodes[1];

    internal NodeProcess Third => _nodes[2];

    public async ValueTask InitializeAsync()
    {
        _nodes.AddRange(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PeerCalls.StartAsync())));
        await ConnectAsync(_nodes);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
    }

    /// <summary>Makes a network of nodes: the first founds it, the others join, and all are linked with all.</summary>
    internal static async Task ConnectAsync(IReadOnlyList<NodeProcess> nodes)
    {
        await nodes[0].CreateNetworkAsync();
        var token = await nodes[0].InviteAsync(nodes.Count);
        await Task.WhenAll(nodes.Skip(1).Select(node => node.JoinAsync(token)));
        foreach (var node in nodes)
        {
            foreach (var other in nodes.Where(other => other != node)) await node.LinkedAsync(other);
        }
    }

    /// <summary>A new device with a new model behind one node, known to the others; disposing of it takes it off again.</summary>
    internal async Task<FaultyDevice> AddAsync(NodeProcess node, int? maxConcurrent = null, string? model = null)
    {
        var device = FaultyDevice.Start(model ?? "model-" + Guid.NewGuid().ToString("N")[..10]);
        await node.AddRelayAsync(device, maxConcurrent: maxConcurrent);
        device.BeforeClose = async () => (await node.TellAsync("/v1/node/relay/remove", new JsonObject { ["url"] = device.Url })).MustBe(200);
        foreach (var other in _nodes.Where(other => other != node)) await other.SeesAsync(device.Model);
        return device;
    }
}
