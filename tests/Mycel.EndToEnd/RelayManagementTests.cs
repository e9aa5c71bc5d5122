using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Devices added, listed, refreshed and removed while the node runs.</summary>
public sealed class RelayManagementTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private static readonly string[] Fields =
    [
        "url", "name", "online", "healthy", "models", "model_count", "max_concurrent", "in_flight", "has_key", "source", "latency_ms", "last_error", "last_poll_at",
    ];

    private NodeProcess Node => shared.Node;

    [Fact]
    public async Task A_device_that_is_added_is_described_and_used_at_once()
    {
        await using var device = FaultyDevice.Start("add-1", "add-2");
        var entry = await Node.AddRelayAsync(device, name: "added-device");
        Assert.Equal("added", (string?)entry["status"]);
        foreach (var field in Fields) Assert.True(entry.AsObject().ContainsKey(field), $"No {field}: {entry.ToJsonString()}");
        Assert.Equal(device.Url, ((string)entry["url"]!).TrimEnd('/'));
        Assert.True((bool)entry["online"]!);
        Assert.Equal(2, (int)entry["model_count"]!);
        Assert.Equal(["add-1", "add-2"], entry["models"]!.AsArray().Select(model => (string)model!));
        Assert.Equal(32, (int)entry["max_concurrent"]!);
        Assert.False((bool)entry["has_key"]!);
        Assert.Equal("api", (string?)entry["source"]);
        (await Node.ChatAsync("relay:added-device:add-2")).MustBe(200);

        var removed = (await Node.TellAsync("/v1/node/relay/remove", new { name = "added-device" })).MustBe(200).Json;
        Assert.Equal("removed", (string?)removed["status"]);
        Assert.Equal("added-device", (string?)removed["name"]);
        Assert.Null(await Node.RelayAsync(device));
        (await Node.ChatAsync("add-1")).MustRefuse(404, "model_not_found");
    }

    [Fact]
    public async Task An_address_where_nobody_answers_is_refused_with_the_reason()
    {
        await using var device = FaultyDevice.Start("late");
        device.StopListening();
        var message = (await Node.TellAsync("/v1/node/relay/add", new { url = device.Url })).MustRefuse(502, "relay_unreachable");
        Assert.Contains(device.Url, message);
        Assert.Null(await Node.RelayAsync(device));

        var forced = (await Node.TellAsync("/v1/node/relay/add", new { url = device.Url, force = true })).MustBe(200).Json;
        Assert.False((bool)forced["online"]!);
        Assert.NotNull((string?)forced["last_error"]);
        device.Return();
        await Node.RefreshAsync();
        (await Node.ChatAsync("late")).MustBe(200);
        (await Node.TellAsync("/v1/node/relay/remove", new { url = device.Url })).MustBe(200);
    }

    private static Dictionary<string, string> Wrong => new()
    {
        ["a web page"] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>",
        ["no JSON"] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
        ["another document"] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"hi\":true}",
        ["not found"] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        ["key wanted"] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        ["an error"] = "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
        ["a redirect"] = "HTTP/1.1 301 X\r\nLocation: https://example.org/\r\nContent-Length: 0\r\n\r\n",
        ["no HTTP"] = "SSH-2.0-OpenSSH\r\n\r\n",
    };

    public static TheoryData<string> WrongNames => [.. Wrong.Keys];

    [Theory]
    [MemberData(nameof(WrongNames))]
    public async Task An_address_with_something_else_behind_it_is_refused_with_the_reason(string what)
    {
        await using var device = FaultyDevice.Start();
        device.OnModels = Scripts.Raw(Wrong[what]);
        var message = (await Node.TellAsync("/v1/node/relay/add", new { url = device.Url })).MustRefuse(502, "relay_unreachable");
        Assert.Contains(device.Url, message);
        Assert.Null(await Node.RelayAsync(device));
    }

    [Fact]
    public async Task The_same_address_or_name_twice_is_refused()
    {
        await using var device = await shared.AddAsync(name: "taken-name");
        (await Node.TellAsync("/v1/node/relay/add", new { url = device.Url + "/v1/" })).MustRefuse(409);
        await using var other = FaultyDevice.Start();
        Assert.Contains("taken-name", (await Node.TellAsync("/v1/node/relay/add", new { url = other.Url, name = "taken-name" })).MustRefuse(409));
        Assert.Null(await Node.RelayAsync(other));
    }

    [Theory]
    [InlineData("library")]
    [InlineData("vllm")]
    [InlineData("system")]
    [InlineData("organization_owner")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_model_counts_whatever_its_owner_is_called(string? owner)
    {
        await using var device = FaultyDevice.Start("owned-" + Guid.NewGuid().ToString("N")[..8]);
        device.OnModels = Scripts.Models(device.Models, owner);
        Assert.Equal(1, (int)(await Node.AddRelayAsync(device))["model_count"]!);
        Assert.Contains("relay:" + device.Model, await Node.ModelIdsAsync());
        (await Node.ChatAsync("relay:" + device.Model, stream: true)).MustBe(200);
        (await Node.TellAsync("/v1/node/relay/remove", new { url = device.Url })).MustBe(200);
    }

    [Fact]
    public async Task A_list_that_changes_is_followed()
    {
        await using var device = await shared.AddAsync(models: ["list-a", "list-b"]);
        device.Models = ["list-b", "list-c"];
        await Node.RefreshAsync();
        var ids = await Node.ModelIdsAsync();
        Assert.DoesNotContain("relay:list-a", ids);
        Assert.Contains("relay:list-b", ids);
        Assert.Contains("relay:list-c", ids);
        (await Node.ChatAsync("list-a")).MustRefuse(404, "model_not_found");
        (await Node.ChatAsync("list-c")).MustBe(200);

        device.Models = [];
        await Node.RefreshAsync();
        Assert.DoesNotContain(await Node.ModelIdsAsync(), id => id.StartsWith("relay:list-", StringComparison.Ordinal));
        Assert.True((bool)(await Node.RelayAsync(device))!["online"]!);
    }

    [Theory]
    [InlineData("""{"object":"list","data":[{"id":"odd-ok"},{"id":5},{"name":"x"},null,7,{"id":""},{"id":"odd-ok"}]}""")]
    [InlineData("""{"data":[{"id":"odd-ok","created":"yesterday","owned_by":{"a":1},"meta":[[[]]]}]}""")]
    [InlineData("""  {"x":{"data":[{"id":"inner"}]},"data":[{"id":"odd-ok"}],"has_more":false}  """)]
    public async Task An_odd_list_gives_what_can_be_used_of_it(string list)
    {
        await using var device = FaultyDevice.Start("odd-ok");
        device.OnModels = Scripts.Json(200, list);
        var entry = await Node.AddRelayAsync(device);
        Assert.Equal(["odd-ok"], entry["models"]!.AsArray().Select(model => (string)model!));
        (await Node.ChatAsync("odd-ok")).MustBe(200);
        (await Node.TellAsync("/v1/node/relay/remove", new { url = device.Url })).MustBe(200);
    }

    [Fact]
    public async Task A_list_without_end_is_refused()
    {
        await using var device = FaultyDevice.Start();
        device.OnModels = async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
            await exchange.SendAsync(Scripts.Chunk("{\"data\":["));
            var piece = Scripts.Chunk(string.Concat(Enumerable.Repeat("{\"id\":\"endless\"},", 4_000)));
            while (true) await exchange.SendAsync(piece);
        };
        var before = Node.ResidentBytes();
        (await Node.TellAsync("/v1/node/relay/add", new { url = device.Url })).MustRefuse(502, "relay_unreachable");
        Assert.True(Node.ResidentBytes() - before < 150L << 20);
    }

    [Fact]
    public async Task Removing_one_device_leaves_anothers_share_of_a_name()
    {
        await using var stays = await shared.AddAsync(models: ["both-have", "only-stays"]);
        await using var goes = await shared.AddAsync(models: ["both-have", "only-goes"]);
        (await Node.TellAsync("/v1/node/relay/remove", new { url = goes.Url })).MustBe(200);
        var ids = await Node.ModelIdsAsync();
        Assert.Contains("relay:both-have", ids);
        Assert.DoesNotContain("relay:only-goes", ids);
        for (var i = 0; i < 4; i++) (await Node.ChatAsync("both-have")).MustBe(200);
        Assert.Equal(4, stays.Requests.Count);
    }

    [Fact]
    public async Task Devices_added_survive_a_restart_and_removed_ones_stay_away()
    {
        await using var kept = FaultyDevice.Start("kept");
        await using var dropped = FaultyDevice.Start("dropped");
        TempFolder folder;
        await using (var node = await NodeProcess.StartAsync())
        {
            await node.AddRelayAsync(kept, name: "keeper", maxConcurrent: 3);
            await node.AddRelayAsync(dropped);
            (await node.TellAsync("/v1/node/relay/remove", new { url = dropped.Url })).MustBe(200);
            folder = node.KeepFolder();
            node.Kill();
        }

        await using var again = await NodeProcess.StartAsync(new NodeSetup { Folder = folder });
        await Poll.UntilAsync(async () => (await again.ModelIdsAsync()).Contains("relay:kept"), "the kept device's model");
        var entry = Assert.Single((await again.AskAsync("/v1/node/relay"))["relays"]!.AsArray())!;
        Assert.Equal("keeper", (string?)entry["name"]);
        Assert.Equal(3, (int)entry["max_concurrent"]!);
        (await again.ChatAsync("kept")).MustBe(200);
    }

    [Fact]
    public async Task Refresh_of_one_device_brings_its_present_models()
    {
        await using var asked = await shared.AddAsync(name: "refresh-me");
        var before = asked.Polls;
        asked.Models = ["refreshed"];
        var reply = (await Node.TellAsync("/v1/node/relay/refresh", new JsonObject { ["name"] = "refresh-me" })).MustBe(200).Json;
        var entry = Assert.Single(reply["relays"]!.AsArray(), relay => (string?)relay!["name"] == "refresh-me")!;
        Assert.Equal("refreshed", (string?)entry["models"]![0]);
        Assert.True(asked.Polls > before);
    }
}
