using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>New settings while the node runs, by signal and by command.</summary>
public sealed class ReloadTests
{
    [Theory]
    [InlineData("signal")]
    [InlineData("command")]
    [InlineData("api")]
    public async Task A_good_file_is_put_in_force_and_streams_survive(string way)
    {
        await using var first = FaultyDevice.Start("first");
        await using var second = FaultyDevice.Start("second");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = $"relays:\n  - {first.Url}\nqueue:\n  depth: 5\n" });
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Contains("relay:first"), "the first device's model");
        var gate = new Gate();
        first.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        using var stream = await node.BeginChatAsync("first");

        await File.WriteAllTextAsync(node.ConfigFile, $"relays:\n  - {second.Url}\nqueue:\n  depth: 0\nrelay:\n  max_concurrent: 1\napi:\n  max_connections: 99\n");
        await ReloadAsync(node, way);
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()) is ["relay:second"], "the second device's model alone");
        (await node.ChatAsync("first")).MustRefuse(404, "model_not_found");
        var hold = new Gate();
        second.Next(Scripts.Held(hold, Scripts.Proper));
        var running = node.ChatAsync("second");
        await second.RequestAsync();
        (await node.ChatAsync("second")).MustRefuse(429, "queue_full");
        hold.Open();
        (await running).MustBe(200);

        gate.Open();
        Assert.EndsWith(Sse.Done, await stream.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task What_needs_a_restart_is_said()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "api:\n  max_connections: 100\nqueue:\n  depth: 5\n" });
        await File.WriteAllTextAsync(node.ConfigFile, "api:\n  max_connections: 200\nqueue:\n  depth: 6\n");
        var reply = (await node.TellAsync("/v1/node/reload", new { })).MustBe(200).Json;
        Assert.Contains(reply["applied"]!.AsArray(), key => (string?)key == "queue.depth");
        var restart = Assert.Single(reply["restart_required"]!.AsArray())!;
        Assert.Equal("api.max_connections", (string?)restart["key"]);
        Assert.Equal("100", restart["from"]!.ToString());
        Assert.Equal("200", restart["to"]!.ToString());

        var unchanged = (await node.TellAsync("/v1/node/reload", new { })).MustBe(200).Json;
        Assert.Empty(unchanged["applied"]!.AsArray());
    }

    [Theory]
    [InlineData("signal")]
    [InlineData("command")]
    [InlineData("api")]
    public async Task A_broken_file_keeps_the_old_settings_and_says_why(string way)
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = $"relays:\n  - {device.Url}\nqueue:\n  depth: 5\n" });
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Count == 1, "the device's model");
        var gate = new Gate();
        device.Next(Scripts.StreamHeldAfterFirstToken(gate));
        using var stream = await node.BeginChatAsync("m");

        foreach (var broken in new[] { "queue:\n  depth: lots\n", "queue: [\n", "quue:\n  depth: 1\n" })
        {
            await File.WriteAllTextAsync(node.ConfigFile, broken);
            if (way == "signal")
            {
                var before = node.Output.Length;
                node.Signal(ProcessSignals.Hangup);
                await Poll.UntilAsync(() => node.Output[before..].Contains("mycel.yaml", StringComparison.Ordinal), "the log says what is wrong");
            }
            else if (way == "command")
            {
                var result = await node.CommandAsync("reload");
                Assert.InRange(result.ExitCode, 1, 2);
                Assert.Contains("mycel.yaml", result.All);
            }
            else
            {
                Assert.Contains("mycel.yaml", (await node.TellAsync("/v1/node/reload", new { })).MustRefuse(400));
            }

            var depth = (await node.AskAsync("/v1/node/config"))["values"]!.AsArray().Single(value => (string?)value!["key"] == "queue.depth")!;
            Assert.Equal("5", depth["value"]!.ToString());
            (await node.ChatAsync("m")).MustBe(200);
        }

        gate.Open();
        Assert.EndsWith(Sse.Done, await stream.Content.ReadAsStringAsync());
        await File.WriteAllTextAsync(node.ConfigFile, $"relays:\n  - {device.Url}\nqueue:\n  depth: 6\n");
        (await node.TellAsync("/v1/node/reload", new { })).MustBe(200);
    }

    [Fact]
    public async Task A_file_that_vanished_keeps_the_old_settings()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "queue:\n  depth: 5\n" });
        File.Delete(node.ConfigFile);
        (await node.TellAsync("/v1/node/reload", new { })).MustRefuse(400);
        (await node.GetAsync("/health")).MustBe(200);
    }

    [Fact]
    public async Task Limits_and_log_level_change_without_a_restart()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "log:\n  level: error\n", Devices = [device] });
        (await node.ChatAsync("m")).MustBe(200);
        await File.WriteAllTextAsync(node.ConfigFile, "log:\n  level: debug\nlimits:\n  total:\n    rate: 1/1h\n");
        (await node.TellAsync("/v1/node/reload", new { })).MustBe(200);
        (await node.ChatAsync("m")).MustBe(200);
        (await node.ChatAsync("m")).MustRefuse(429, "rate_limited");
        await Poll.UntilAsync(() => node.Output.Contains("dbug", StringComparison.OrdinalIgnoreCase) || node.Output.Contains("debug", StringComparison.OrdinalIgnoreCase), "a line of debug level");
        Assert.NotNull((await node.AskAsync("/v1/node/relay"))["relays"]!.AsArray().Single());
    }

    [Fact]
    public async Task Relays_added_by_hand_stay_over_a_reload()
    {
        await using var added = FaultyDevice.Start("added");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "queue:\n  depth: 5\n" });
        await node.AddRelayAsync(added);
        await File.WriteAllTextAsync(node.ConfigFile, "queue:\n  depth: 6\n");
        (await node.TellAsync("/v1/node/reload", new { })).MustBe(200);
        (await node.ChatAsync("added")).MustBe(200);
    }

    private static async Task ReloadAsync(NodeProcess node, string way)
    {
        switch (way)
        {
            case "signal":
                node.Signal(ProcessSignals.Hangup);
                break;
            case "command":
                var result = await node.CommandAsync("reload");
                Assert.True(result.ExitCode == 0, result.All);
                Assert.Contains("api.max_connections", result.All);
                break;
            default:
                var reply = (await node.TellAsync("/v1/node/reload", new JsonObject())).MustBe(200);
                Assert.NotNull(reply.Json["applied"]);
                break;
        }
    }
}
