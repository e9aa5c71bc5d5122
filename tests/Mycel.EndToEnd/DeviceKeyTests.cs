using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>A device's own API key: from the environment or the secret store, to that device alone, and nowhere in clear.</summary>
public sealed class DeviceKeyTests
{
    private const string Secret = "sk-device-0123456789-abcdef-SECRET";

    [Fact]
    public async Task From_the_environment()
    {
        await using var device = FaultyDevice.Start("m");
        await using var other = FaultyDevice.Start("n");
        await using var node = await NodeProcess.StartAsync(new NodeSetup
        {
            Yaml = $"log:\n  level: debug\nrelays:\n  - url: {device.Url}\n    api_key: env:DESK_KEY\n  - {other.Url}\n",
            Environment = new Dictionary<string, string> { ["DESK_KEY"] = Secret },
        });
        await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Count == 2, "both models");
        await AssertUsedAsync(node, device);
        (await node.ChatAsync("n")).MustBe(200);
        Assert.False(other.Requests[0].Head.Has("Authorization"));
        AssertNowhere(node);
    }

    [Fact]
    public async Task From_the_secret_store()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "log:\n  level: debug\n" });
        (await node.Control.CallAsync(HttpMethod.Put, "/v1/node/secrets/desk", new JsonObject { ["value"] = Secret }.ToJsonString())).MustBe(204);
        var entry = (await node.TellAsync("/v1/node/relay/add", new { url = device.Url, api_key = "secret:desk" })).MustBe(200).Json;
        Assert.True((bool)entry["has_key"]!);
        await AssertUsedAsync(node, device);
        var listed = await node.AskAsync("/v1/node/secrets");
        Assert.Equal("desk", (string?)listed["secrets"]!.AsArray().Single()!["name"]);
        Assert.DoesNotContain(Secret, listed.ToJsonString());
        AssertNowhere(node);
    }

    [Fact]
    public async Task Given_as_it_is_it_goes_to_the_secret_store_and_works_after_a_restart()
    {
        await using var device = FaultyDevice.Start("m");
        TempFolder folder;
        await using (var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "log:\n  level: debug\n" }))
        {
            var entry = (await node.TellAsync("/v1/node/relay/add", new { url = device.Url, name = "desk", api_key = Secret })).MustBe(200).Json;
            Assert.DoesNotContain(Secret, entry.ToJsonString());
            await AssertUsedAsync(node, device);
            Assert.Equal("relay-desk", (string?)(await node.AskAsync("/v1/node/secrets"))["secrets"]!.AsArray().Single()!["name"]);
            AssertNowhere(node);
            folder = node.KeepFolder();
            await node.StopAsync();
        }

        await using var again = await NodeProcess.StartAsync(new NodeSetup { Folder = folder, Yaml = "log:\n  level: debug\n" });
        await Poll.UntilAsync(async () => (await again.ModelIdsAsync()).Count == 1, "the device's model");
        await AssertUsedAsync(again, device);
        AssertNowhere(again);
    }

    [Fact]
    public async Task A_key_that_is_missing_is_named_and_nothing_is_sent_without_it()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync();
        Assert.Contains("nowhere", (await node.TellAsync("/v1/node/relay/add", new { url = device.Url, api_key = "secret:nowhere" })).MustRefuse(400));
        Assert.Contains("NO_SUCH_KEY", (await node.TellAsync("/v1/node/relay/add", new { url = device.Url, api_key = "env:NO_SUCH_KEY" })).MustRefuse(400));
        Assert.Equal(0, device.Polls);
    }

    [Fact]
    public async Task A_key_with_a_line_break_in_it_adds_no_header()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync();
        var reply = await node.TellAsync("/v1/node/relay/add", new { url = device.Url, api_key = "x\r\nX-Injected: 1" });
        reply.MustRefuse(400);
        Assert.Equal(0, device.Polls);
    }

    private static async Task AssertUsedAsync(NodeProcess node, FaultyDevice device)
    {
        var count = device.Requests.Count;
        (await node.ChatAsync("m", false, "", ("Authorization", "Bearer the-callers-own"))).MustBe(200);
        (await node.ChatAsync("m", stream: true)).MustBe(200);
        foreach (var request in device.Requests.Skip(count)) Assert.Equal("Bearer " + Secret, request.Head["Authorization"]);
    }

    private static void AssertNowhere(NodeProcess node)
    {
        Assert.Empty(SecretSearch.FilesWith(node.DataDir, Secret));
        Assert.DoesNotContain(Secret, node.Output);
    }
}
