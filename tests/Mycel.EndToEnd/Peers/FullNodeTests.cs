using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>A node that has no room refuses at once, and the asking node goes on to the next.</summary>
public sealed class FullNodeTests
{
    private const string Model = "in-two-places";

    private const string OneAtOnce = "limits:\n  total:\n    concurrent: 1\n";

    /// <summary>Limits that the asking node cannot know of beforehand: from one whose slots are taken it stays away by itself.</summary>
    [Theory]
    [InlineData(OneAtOnce)]
    [InlineData("limits:\n  total:\n    rate: 1/h\n")]
    public async Task A_full_nodes_refusal_sends_the_request_to_another_and_costs_it_nothing(string full)
    {
        await using var busy = FaultyDevice.Start(Model);
        await using var free = FaultyDevice.Start(Model);
        await using var asking = await PeerCalls.StartAsync();
        await using var first = await NodeProcess.StartAsync(new NodeSetup { Devices = [busy], Yaml = full, Environment = PeerCalls.LinkSettings() });
        await using var second = await PeerCalls.StartAsync(free);
        var gate = new Gate();
        busy.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var running = first.ChatAsync(Model);
        await busy.RequestAsync();
        await PeerGroup.ConnectAsync([asking, first, second]);
        await asking.OfferedAsync(Model, 2);

        var attempts = new List<int>();
        while (attempts.Count < 20 && !attempts.Contains(2))
        {
            var id = "full-" + Guid.NewGuid().ToString("N");
            (await asking.ChatAsync(Model, stream: attempts.Count % 2 == 0, headers: ("X-Request-ID", id))).MustBe(200);
            attempts.Add((int)(await asking.RecordAsync(id))["attempts"]!);
        }

        Assert.Contains(2, attempts);
        Assert.Equal(attempts.Count, free.Requests.Count);
        Assert.NotEmpty(await RefusalsAsync(first));
        gate.Open();
        (await running).MustBe(200);
        await first.IdleAsync();
        Assert.Equal(1, busy.HeadsSeen);
    }

    /// <summary>Where it is the only one its refusal is the answer, and says who refused.</summary>
    [Theory]
    [InlineData(OneAtOnce, "concurrency_limited")]
    [InlineData("relay:\n  max_concurrent: 1\nqueue:\n  depth: 0\n", "queue_full")]
    public async Task The_refusal_of_the_only_node_is_shown_and_nothing_was_computed(string full, string code)
    {
        await using var busy = FaultyDevice.Start(Model);
        await using var asking = await PeerCalls.StartAsync();
        await using var first = await NodeProcess.StartAsync(new NodeSetup { Devices = [busy], Yaml = full, Environment = PeerCalls.LinkSettings() });
        await PeerGroup.ConnectAsync([asking, first]);
        await asking.SeesAsync(Model);
        var gate = new Gate();
        busy.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var running = first.ChatAsync(Model);
        await busy.RequestAsync();

        Assert.Contains(first.Certificate().DeviceName, (await asking.ChatAsync(Model)).MustRefuse(429, code), StringComparison.OrdinalIgnoreCase);

        Assert.All(await RefusalsAsync(first), request => Assert.Null(request!["completion_tokens"]));
        gate.Open();
        (await running).MustBe(200);
        await first.IdleAsync();
        Assert.Equal(1, busy.HeadsSeen);
        (await asking.ChatAsync(Model)).MustBe(200);
    }

    private static async Task<IReadOnlyList<System.Text.Json.Nodes.JsonNode?>> RefusalsAsync(NodeProcess node) =>
        [.. (await node.AskAsync("/v1/node/requests?limit=200"))["recent"]!.AsArray().Where(request => (int)request!["status"]! == 429)];
}
