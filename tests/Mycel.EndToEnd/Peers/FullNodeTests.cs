using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>A node that has no room refuses at once, and the asking node goes on to the next.</summary>
public sealed class FullNodeTests
{
    private const string Model = "in-two-places";

    /// <summary>Settings under which one request fills the node, and how it then refuses.</summary>
    [Theory]
    [InlineData("limits:\n  total:\n    concurrent: 1\n", "concurrency_limited")]
    [InlineData("relay:\n  max_concurrent: 1\nqueue:\n  depth: 0\n", "queue_full")]
    public async Task A_full_nodes_refusal_sends_the_request_to_another_and_costs_it_nothing(string full, string code)
    {
        await using var busy = FaultyDevice.Start(Model);
        await using var free = FaultyDevice.Start(Model);
        await using var asking = await PeerCalls.StartAsync();
        await using var first = await NodeProcess.StartAsync(new NodeSetup { Devices = [busy], Yaml = full, Environment = PeerCalls.LinkSettings() });
        await PeerGroup.ConnectAsync([asking, first]);
        await asking.SeesAsync(Model);
        var gate = new Gate();
        busy.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var running = first.ChatAsync(Model);
        await busy.RequestAsync();

        // Where it is the only one its refusal is the answer, and says who refused.
        var said = (await asking.ChatAsync(Model)).MustRefuse(429, code);
        Assert.Contains(first.Certificate().DeviceName, said, StringComparison.OrdinalIgnoreCase);

        await using var second = await NodeProcess.StartAsync(new NodeSetup { Devices = [free], Environment = PeerCalls.LinkSettings() });
        await second.JoinAsync(await asking.InviteAsync());
        await asking.OfferedAsync(Model, 2);
        var attempts = new List<int>();
        await Poll.UntilAsync(
            async () =>
            {
                var id = "full-" + Guid.NewGuid().ToString("N");
                (await asking.ChatAsync(Model, stream: attempts.Count % 2 == 0, headers: ("X-Request-ID", id))).MustBe(200);
                attempts.Add((int)(await asking.RecordAsync(id))["attempts"]!);
                return attempts[^1] == 2;
            },
            "a request is refused by the full node and answered by the other");
        Assert.Equal(attempts.Count, free.Requests.Count);
        Assert.Equal(1, busy.HeadsSeen);
        var refused = (await first.AskAsync("/v1/node/requests?limit=200"))["recent"]!.AsArray().Where(request => (int)request!["status"]! == 429).ToList();
        Assert.True(refused.Count >= 2, $"The full node refused {refused.Count} requests of the other.");
        Assert.All(refused, request => Assert.Null(request!["completion_tokens"]));

        gate.Open();
        (await running).MustBe(200);
        await first.IdleAsync();
        Assert.Equal(1, busy.HeadsSeen);
    }
}
