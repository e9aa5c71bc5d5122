using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Models appear, vanish and return with their device; a device is healthy because it generates.</summary>
public sealed class DeviceHealthTests
{
    [Fact]
    public async Task Models_vanish_with_a_dead_device_and_return_with_it()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  poll_s: 1\n  withdraw_after: 2\n", Devices = [device] });
        (await node.ChatAsync("m")).MustBe(200);
        device.Die();
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Count == 0, "the model is withdrawn", TimeSpan.FromSeconds(8));
        var entry = await node.RelayAsync(device);
        Assert.False((bool)entry!["online"]!);
        Assert.NotNull((string?)entry["last_error"]);
        Assert.Equal(0, (int)entry["model_count"]!);
        (await node.ChatAsync("m")).MustRefuse(404, "model_not_found");

        device.Return();
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Count == 1, "the model is back", TimeSpan.FromSeconds(5));
        (await node.ChatAsync("m")).MustBe(200);
        entry = await node.RelayAsync(device);
        Assert.True((bool)entry!["online"]!);
        Assert.True((bool)entry["healthy"]!);
    }

    [Fact]
    public async Task A_device_that_is_dead_at_the_start_is_found_when_it_comes()
    {
        await using var device = FaultyDevice.Start("m");
        device.Die();
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  poll_s: 1\n", Devices = [device] });
        Assert.Empty(await node.ModelIdsAsync());
        device.Return();
        await Poll.UntilAsync(async () => (await node.ChatAsync("m")).Status == 200, "the device is used", TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("error")]
    [InlineData("reset")]
    [InlineData("page")]
    public async Task One_flapping_poll_withdraws_nothing(string failure)
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  poll_s: 1\n", Devices = [device] });
        var failures = 0;
        device.OnModels = exchange =>
        {
            // Every second look fails.
            if (Interlocked.Increment(ref failures) % 2 == 0) return Scripts.ModelList(exchange);
            return failure switch
            {
                "error" => Scripts.Json(500, "{}")(exchange),
                "reset" => Scripts.Reset(exchange),
                _ => Scripts.Document(200, "text/html", "<html>")(exchange),
            };
        };
        await Poll.UntilAsync(
            async () =>
            {
                Assert.Equal(["relay:m"], await node.ModelIdsAsync());
                (await node.ChatAsync("m")).MustBe(200);
                return failures >= 4;
            },
            "four more polls");
    }

    [Fact]
    public async Task A_failed_poll_is_looked_at_again_at_once()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        device.Models = ["n"];
        device.OnModels = exchange =>
        {
            device.OnModels = Scripts.ModelList;
            return Scripts.Reset(exchange);
        };
        await node.TellAsync("/v1/node/relay/refresh", new { });
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()) is ["relay:n"], "the second look, long before the next minute", TimeSpan.FromSeconds(6));
    }

    [Fact]
    public async Task A_failed_request_makes_the_node_look_at_the_device_at_once()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var polls = device.Polls;
        device.Next(Scripts.Reset, Scripts.Reset, Scripts.Reset);
        await node.ChatAsync("m");
        await Poll.UntilAsync(() => device.Polls > polls, "another look at the device", TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_device_that_lists_but_does_not_generate_loses_its_preference()
    {
        await using var broken = FaultyDevice.Start("m");
        await using var good = FaultyDevice.Start("m");
        broken.OnRequest = Scripts.Json(500, """{"error":{"message":"CUDA error","type":"x","param":null,"code":null}}""");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  poll_s: 1\n", Devices = [broken, good] });
        for (var i = 0; i < 40; i++) (await node.ChatAsync("m", stream: i % 2 == 0)).MustBe(200);
        Assert.InRange(broken.Requests.Count, 1, 12);

        // It is tried now and then, and counts as unhealthy after some failures in a row.
        await Poll.UntilAsync(
            async () =>
            {
                (await node.ChatAsync("m")).MustBe(200);
                return !(bool)(await node.RelayAsync(broken))!["healthy"]!;
            },
            "the device counts as unhealthy");
        Assert.True((bool)(await node.RelayAsync(broken))!["online"]!);
        Assert.True((bool)(await node.RelayAsync(good))!["healthy"]!);

        // It is still there when nobody else is, and is trusted again once it generates.
        broken.OnRequest = Scripts.Proper;
        good.Die();
        for (var i = 0; i < 4; i++) (await node.ChatAsync("m")).MustBe(200);
        await Poll.UntilAsync(async () => (bool)(await node.RelayAsync(broken))!["healthy"]!, "the device counts as healthy again");
    }

    [Fact]
    public async Task A_device_added_while_the_node_runs_is_watched_as_well()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  poll_s: 1\n  withdraw_after: 2\n" });
        await node.AddRelayAsync(device);
        device.Models = ["n"];
        await Poll.UntilAsync(async () => await node.ModelIdsAsync() is ["relay:n"], "the changed list", TimeSpan.FromSeconds(5));
        device.Die();
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Count == 0, "the model is withdrawn", TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task A_device_that_hangs_on_its_list_does_not_hold_up_the_node()
    {
        await using var hangs = FaultyDevice.Start("h");
        await using var good = FaultyDevice.Start("m");
        hangs.OnModels = Scripts.HangAsync;
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--relay", hangs.Url, "--relay", good.Url] });
        await Poll.UntilAsync(async () => (await node.ChatAsync("m")).Status == 200, "the good device serves", TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_refusal_of_the_devices_models_keeps_the_key_question_apart()
    {
        await using var device = FaultyDevice.Start("m");
        device.OnModels = Scripts.Json(401, """{"error":{"message":"key please","type":"x","param":null,"code":null}}""");
        await using var node = await NodeProcess.StartAsync(device);
        var entry = await node.RelayAsync(device);
        Assert.False((bool)entry!["online"]!);
        Assert.Contains("401", (string?)entry["last_error"]);
    }
}
