using System.Diagnostics;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>A node as another node's device.</summary>
public sealed class ChainTests
{
    [Fact]
    public async Task A_node_behind_a_node_answers_as_the_device_does()
    {
        await using var device = FaultyDevice.Start("m");
        await using var inner = await NodeProcess.StartAsync(device);
        await using var outer = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--relay", inner.Url] });
        await Poll.UntilAsync(async () => (await outer.ModelIdsAsync()).Count > 0, "the outer node lists the model");
        Assert.Equal(["relay:m"], await outer.ModelIdsAsync());

        foreach (var name in new[] { "m", "relay:m" })
        {
            var plain = (await outer.ChatAsync(name, false, "", ("X-Request-ID", "through-both"))).MustBe(200);
            Assert.Equal(Scripts.ChatBody("Hello there!", "m"), plain.Text);
            Assert.Equal("through-both", device.Requests[^1].Head["X-Request-ID"]);
            var stream = (await outer.ChatAsync(name, stream: true)).MustBe(200);
            Assert.Equal(Sse.Answer(["Hello", " there", "!"], usage: false, "m"), stream.Text);
            var usage = (await outer.ChatAsync(name, true, ",\"stream_options\":{\"include_usage\":true}")).MustBe(200);
            Assert.Equal(Sse.Answer(["Hello", " there", "!"], usage: true, "m"), usage.Text);
        }

        Assert.Equal(6, device.Requests.Count);
        Assert.All(device.Requests, request => Assert.Equal("m", (string?)request.Json["model"]));
    }

    [Fact]
    public async Task A_client_that_leaves_the_outer_node_stops_the_device()
    {
        await using var device = FaultyDevice.Start("m");
        await using var inner = await NodeProcess.StartAsync(device);
        await using var outer = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--relay", inner.Url] });
        await Poll.UntilAsync(async () => (await outer.ModelIdsAsync()).Count > 0, "the outer node lists the model");
        device.OnRequest = Scripts.HangAsync;
        var client = await RawConnection.OpenAsync(outer);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody("m", stream: true)));
        var request = await device.RequestAsync();
        client.HangUp();
        await request.Closed.WaitAsync(TimeSpan.FromSeconds(1));
        await inner.IdleAsync(TimeSpan.FromSeconds(1));
        await outer.IdleAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Two_nodes_that_relay_to_each_other_do_not_pass_a_request_round_for_ever()
    {
        await using var device = FaultyDevice.Start("m");
        await using var a = await NodeProcess.StartAsync(device);
        await using var b = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--relay", a.Url] });
        await Poll.UntilAsync(async () => (await b.ModelIdsAsync()).Count > 0, "the second node lists the model");
        (await a.TellAsync("/v1/node/relay/add", new { url = b.Url, name = "loop" })).MustBe(200);
        (await a.ChatAsync("m")).MustBe(200);
        (await b.ChatAsync("m")).MustBe(200);

        device.Die();
        foreach (var node in new[] { a, b })
        {
            foreach (var stream in new[] { false, true })
            {
                var clock = Stopwatch.StartNew();
                var reply = await node.ChatAsync("m", stream);
                Assert.True(reply.Status >= 400, reply.Text);
                reply.MustRefuse(reply.Status);
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(3), $"{clock.Elapsed.TotalSeconds:0.00} s");
            }
        }

        await a.IdleAsync();
        await b.IdleAsync();
        Assert.True((int)(await a.StatusAsync())["requests"]!["total"]! < 12, "Requests went round.");
    }

    [Fact]
    public async Task A_node_that_relays_to_itself_refuses_or_ends()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        await node.TellAsync("/v1/node/relay/add", new { url = node.Url, name = "self" });
        device.Die();
        var clock = Stopwatch.StartNew();
        var reply = await node.ChatAsync("m");
        reply.MustRefuse(reply.Status);
        Assert.InRange(reply.Status, 400, 599);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(3));
        await node.IdleAsync();
        Assert.True((int)(await node.StatusAsync())["requests"]!["total"]! < 6);
    }
}
