using System.Globalization;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Limits a key and overall: concurrent requests and rate, charged all or nothing, named when they refuse.</summary>
public sealed class LimitTests
{
    private static (string, string) Bearer(string key) => ("Authorization", "Bearer " + key);

    [Theory]
    [InlineData("limits.total.concurrent", "limits:\n  total:\n    concurrent: 1\n")]
    [InlineData("limits.per_key.concurrent", "limits:\n  per_key:\n    concurrent: 1\n")]
    public async Task Requests_at_once_are_limited(string limit, string yaml)
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = yaml, Devices = [device] });
        var key = await node.CreateKeyAsync("k");
        var gate = new Gate();
        device.Next(Scripts.StreamHeldAfterFirstToken(gate));
        using (var running = await node.BeginChatAsync("m", true, default, Bearer(key)))
        {
            foreach (var stream in new[] { false, true })
            {
                var refused = await node.ChatAsync("m", stream, "", Bearer(key));
                Assert.Contains(limit, refused.MustRefuse(429, "concurrency_limited"));
            }

            Assert.Single(device.Requests);
        }

        // The running client has hung up: that frees its place.
        await node.IdleAsync(TimeSpan.FromSeconds(1));
        (await node.ChatAsync("m", false, "", Bearer(key))).MustBe(200);
        for (var i = 0; i < 5; i++) (await node.ChatAsync("m", i % 2 == 0, "", Bearer(key))).MustBe(200);
    }

    [Theory]
    [InlineData("limits.total.rate", "limits:\n  total:\n    rate: 2/60s\n")]
    [InlineData("limits.per_key.rate", "limits:\n  per_key:\n    rate: 2/60s\n")]
    public async Task Requests_in_a_time_are_limited(string limit, string yaml)
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = yaml, Devices = [device] });
        var key = await node.CreateKeyAsync("k");
        for (var i = 0; i < 2; i++) (await node.ChatAsync("m", false, "", Bearer(key))).MustBe(200);
        var refused = await node.ChatAsync("m", true, "", Bearer(key));
        Assert.Contains(limit, refused.MustRefuse(429, "rate_limited"));
        Assert.InRange(int.Parse(refused["Retry-After"]!, CultureInfo.InvariantCulture), 1, 30);
        Assert.Equal(2, device.Requests.Count);

        // Reading what the node says of itself is no inference.
        (await node.GetAsync("/v1/models", Bearer(key))).MustBe(200);
    }

    [Fact]
    public async Task One_key_does_not_use_up_anothers_share()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "limits:\n  per_key:\n    rate: 2/60s\n    concurrent: 1\n", Devices = [device] });
        var a = await node.CreateKeyAsync("a");
        var b = await node.CreateKeyAsync("b");
        var generous = await node.CreateKeyAsync("generous", "inference", concurrent: 0, rate: "50/60s");
        for (var i = 0; i < 2; i++) (await node.ChatAsync("m", false, "", Bearer(a))).MustBe(200);
        (await node.ChatAsync("m", false, "", Bearer(a))).MustRefuse(429, "rate_limited");
        for (var i = 0; i < 2; i++) (await node.ChatAsync("m", false, "", Bearer(b))).MustBe(200);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => node.ChatAsync("m", false, "", Bearer(generous)))), reply => reply.MustBe(200));
    }

    [Fact]
    public async Task A_request_that_is_refused_is_charged_to_nobody()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "limits:\n  total:\n    concurrent: 1\n    rate: 4/1h\n  per_key:\n    rate: 2/1h\n", Devices = [device] });
        var holder = await node.CreateKeyAsync("holder");
        var other = await node.CreateKeyAsync("other");
        var gate = new Gate();
        device.Next(Scripts.Held(gate, Scripts.Proper));
        var running = node.ChatAsync("m", false, "", Bearer(holder));
        await device.RequestAsync();
        for (var i = 0; i < 10; i++)
        {
            Assert.Contains("limits.total.concurrent", (await node.ChatAsync("m", false, "", Bearer(other))).MustRefuse(429, "concurrency_limited"));
        }

        gate.Open();
        (await running).MustBe(200);
        for (var i = 0; i < 2; i++) (await node.ChatAsync("m", false, "", Bearer(other))).MustBe(200);
        Assert.Contains("limits.per_key.rate", (await node.ChatAsync("m", false, "", Bearer(other))).MustRefuse(429, "rate_limited"));
        (await node.ChatAsync("m", false, "", Bearer(holder))).MustBe(200);
        (await node.ChatAsync("m", false, "", Bearer(holder))).MustRefuse(429, "rate_limited");
    }

    [Fact]
    public async Task Every_way_out_gives_the_place_back()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "limits:\n  total:\n    concurrent: 1\n", Devices = [device] });
        device.Next(Scripts.Json(400, "{}"), Scripts.Json(500, "{}"), Scripts.Reset, Scripts.Reset, Scripts.StreamThen(End.Reset, Sse.Token("a")));
        (await node.ChatAsync("m")).MustBe(400);
        (await node.ChatAsync("m")).MustBe(500);
        await node.ChatAsync("m", stream: true);
        await node.ChatAsync("m", stream: true);
        await node.ChatAsync("m", stream: true);
        (await node.ChatAsync("nobody")).MustRefuse(404);
        (await node.PostAsync(NodeCalls.ChatPath, "{")).MustRefuse(400);
        await node.IdleAsync();
        device.OnRequest = Scripts.Proper;
        (await node.ChatAsync("m")).MustBe(200);
        (await node.ChatAsync("m", stream: true)).MustBe(200);
    }
}
