using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>What a node lets its owner see.</summary>
public sealed class ObservabilityTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private NodeProcess Node => shared.Node;

    [Theory]
    [InlineData("X-Request-ID")]
    [InlineData("Request-Id")]
    public async Task A_request_id_is_honoured_echoed_and_given_to_the_device(string header)
    {
        await using var device = await shared.AddAsync();
        foreach (var stream in new[] { false, true })
        {
            var id = "my-id." + Guid.NewGuid().ToString("N");
            var reply = (await Node.ChatAsync(device.Model, stream, "", (header, id))).MustBe(200);
            Assert.Equal(id, reply["X-Request-ID"]);
            Assert.Equal(id, device.Requests[^1].Head["X-Request-ID"]);
            Assert.Equal(id, (string?)(await Node.RecordAsync(id))["id"]);
        }

        Assert.Equal("for-a-refusal", (await Node.ChatAsync("nobody", false, "", (header, "for-a-refusal")))["X-Request-ID"]);
        Assert.Equal("for-a-list", (await Node.GetAsync("/v1/models", (header, "for-a-list")))["X-Request-ID"]);
    }

    [Fact]
    public async Task A_request_id_is_made_where_none_is_given_and_no_two_are_equal()
    {
        await using var device = await shared.AddAsync();
        var ids = new HashSet<string>();
        for (var i = 0; i < 50; i++)
        {
            var reply = (await Node.ChatAsync(device.Model, stream: i % 2 == 0)).MustBe(200);
            Assert.True(ids.Add(reply["X-Request-ID"]!));
            Assert.Equal(reply["X-Request-ID"], device.Requests[^1].Head["X-Request-ID"]);
        }
    }

    [Fact]
    public async Task A_request_id_that_is_no_id_is_replaced()
    {
        await using var device = await shared.AddAsync();
        foreach (var odd in new[] { new string('x', 5_000), "with space", "quote\"", "<script>" })
        {
            await using var client = await RawConnection.OpenAsync(Node);
            var reply = Reply.From(await client.ExchangeAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model), $"X-Request-ID: {odd}\r\n")));
            reply.MustBe(200);
            Assert.Matches("^[A-Za-z0-9._:-]{1,200}$", reply["X-Request-ID"]!);
        }
    }

    [Fact]
    public async Task Reply_headers_name_the_route_and_the_time_taken()
    {
        await using var device = await shared.AddAsync(name: "route-name");
        foreach (var stream in new[] { false, true })
        {
            var reply = (await Node.ChatAsync(device.Model, stream)).MustBe(200);
            Assert.Equal("relay:route-name", reply["X-Mycel-Route"]);
            Assert.Equal("1", reply["X-Mycel-Attempts"]);
            Assert.Matches(@"^[a-z_]+;dur=[0-9.]+(, [a-z_]+;dur=[0-9.]+)*$", reply["Server-Timing"]!);
        }

        var embedding = (await Node.PostAsync("/v1/embeddings", $$"""{"model":"{{device.Model}}","input":"x"}""")).MustBe(200);
        Assert.Equal("relay:route-name", embedding["X-Mycel-Route"]);
    }

    [Fact]
    public async Task Health_and_readiness()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var health = (await node.GetAsync("/health")).MustBe(200).Json;
        Assert.Equal("ok", (string?)health["status"]);
        Assert.False(string.IsNullOrEmpty((string?)health["version"]));
        await Poll.UntilAsync(async () => (await node.GetAsync("/ready")).Status == 200, "the node is ready");
        Assert.NotNull((string?)(await node.GetAsync("/ready")).Json["status"]);
    }

    [Fact]
    public async Task Status_tells_what_runs_and_what_was_done()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        (await node.ChatAsync("m")).MustBe(200);
        (await node.ChatAsync("m", stream: true)).MustBe(200);
        device.Next(Scripts.Json(500, "{}"));
        await node.ChatAsync("m");
        var gate = new Gate();
        device.Next(Scripts.Held(gate, Scripts.Proper));
        var running = node.ChatAsync("m", false, "", ("X-Request-ID", "running-now"));
        await device.RequestAsync(4);

        var status = await node.StatusAsync();
        foreach (var field in new[] { "version", "node_id", "name", "state", "started_at", "uptime_s", "endpoint", "data_dir", "config_file", "requests", "tokens", "slots", "relays", "models", "keys" })
        {
            Assert.True(status.AsObject().ContainsKey(field), $"No {field}: {status.ToJsonString()}");
        }

        Assert.Equal(1, (int)status["requests"]!["active"]!);
        Assert.Equal(0, (int)status["requests"]!["queued"]!);
        Assert.Equal(1, (int)status["requests"]!["failed"]!);
        Assert.Equal(14, (int)status["tokens"]!["prompt"]!);
        Assert.Equal(6, (int)status["tokens"]!["completion"]!);
        Assert.Equal(1, (int)status["slots"]!["used"]!);
        Assert.Equal(32, (int)status["slots"]!["total"]!);
        Assert.Equal(1, (int)status["relays"]!["online"]!);
        Assert.Equal(1, (int)status["models"]!);
        Assert.Equal(0, (int)status["keys"]!);
        Assert.Equal(node.DataDir, (string?)status["data_dir"]);

        var active = Assert.Single((await node.AskAsync("/v1/node/requests"))["active"]!.AsArray())!;
        Assert.Equal("running-now", (string?)active["id"]);
        gate.Open();
        (await running).MustBe(200);
        var record = await node.RecordAsync("running-now");
        Assert.EndsWith("m", (string?)record["model"]);
        Assert.Equal(200, (int)record["status"]!);
        Assert.Equal(1, (int)record["attempts"]!);
        Assert.True((double)record["duration_ms"]! > 0);
        Assert.Single((await node.AskAsync("/v1/node/requests?limit=1"))["recent"]!.AsArray());
    }

    [Fact]
    public async Task Metrics_are_well_formed_and_count()
    {
        await using var device = FaultyDevice.Start("odd \"model\" \\ name", "plain");
        await using var node = await NodeProcess.StartAsync(device);
        foreach (var model in device.Models)
        {
            (await node.ChatAsync(model)).MustBe(200);
            (await node.ChatAsync(model, stream: true)).MustBe(200);
        }

        device.Next(Scripts.Json(500, "{}"));
        await node.ChatAsync("plain");
        await node.ChatAsync("nobody");
        await node.IdleAsync();

        var reply = (await node.GetAsync("/metrics")).MustBe(200);
        Assert.StartsWith("text/plain; version=0.0.4", reply["Content-Type"]);
        var metrics = new PrometheusText(reply.Text);
        Assert.All(metrics.Types.Keys, name => Assert.Matches("^(mycel|process|dotnet)_", name));
        Assert.Equal(3, metrics.Sum("mycel_requests_total", ("model", "plain")));
        Assert.Equal(2, metrics.Sum("mycel_requests_total", ("model", "odd \"model\" \\ name")));
        Assert.True(metrics.Family("mycel_requests_total").All(s => s.Labels.ContainsKey("route")));
        Assert.Equal(12, metrics.Sum("mycel_tokens_total", ("direction", "completion")));
        Assert.Equal(28, metrics.Sum("mycel_tokens_total", ("direction", "prompt")));
        foreach (var topic in new[] { "first_token", "token_gap|inter_token", "queue", "slots", "relay" })
        {
            Assert.Contains(metrics.Types.Keys, name => Regex.IsMatch(name, topic));
        }

        Assert.Contains(metrics.Types, family => family.Value == "histogram" && metrics.Family(family.Key + "_count").Sum(s => s.Value) > 0);
    }

    [Fact]
    public async Task Two_looks_at_the_metrics_of_a_node_at_rest_differ_in_nothing_but_time()
    {
        await using var node = await NodeProcess.StartAsync();
        static string Steady(string text) => string.Join('\n', text.Split('\n').Where(line => !Regex.IsMatch(line, "uptime|process|cpu|memory|gc|http_")));
        var first = (await node.GetAsync("/metrics")).MustBe(200).Text;
        Assert.Equal(Steady(first), Steady((await node.GetAsync("/metrics")).MustBe(200).Text));
    }

    [Fact]
    public async Task Names_that_callers_invent_do_not_grow_the_metrics()
    {
        await using var node = await NodeProcess.StartAsync();
        await node.ChatAsync("invented-0");
        var before = (await node.GetAsync("/metrics")).Bytes.Length;
        for (var i = 1; i < 200; i++) await node.ChatAsync($"invented-{i}");
        var after = (await node.GetAsync("/metrics")).MustBe(200);
        Assert.True(after.Bytes.Length < before + 500, $"From {before} to {after.Bytes.Length} bytes.");
        Assert.DoesNotContain("invented", after.Text);
    }

    [Fact]
    public async Task Names_that_callers_invent_are_counted_together_and_not_by_model()
    {
        await using var device = FaultyDevice.Start("here");
        await using var node = await NodeProcess.StartAsync();
        await node.AddRelayAsync(device);
        device.OnRequest = Scripts.Proper;
        (await node.ChatAsync("relay:here")).MustBe(200);
        for (var i = 0; i < 60; i++) (await node.ChatAsync($"invented-{i}")).MustRefuse(404, "model_not_found");

        var requests = await node.AskAsync("/v1/node/requests");

        Assert.Equal(["relay:here"], requests["by_model"]!.AsArray().Select(figures => (string)figures!["name"]!));
        Assert.Equal(60, (int)requests["unknown_models"]!);
        Assert.False((bool)requests["recent"]![0]!["is_model_known"]!);
    }

    [Fact]
    public async Task Logs_can_be_read_and_followed()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "log:\n  level: debug\n  format: json\n" });
        var streaming = node.Http.GetAsync("/v1/node/logs/stream?level=info", HttpCompletionOption.ResponseHeadersRead);
        using var stream = await streaming;
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType!.MediaType);
        await node.AddRelayAsync(device, name: "logged-device");

        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());
        JsonNode? entry = null;
        while (entry is null || !entry.ToJsonString().Contains("logged-device", StringComparison.Ordinal))
        {
            var line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(10));
            Assert.NotNull(line);
            if (line.StartsWith("data:", StringComparison.Ordinal)) entry = JsonNode.Parse(line[5..]);
        }

        foreach (var field in new[] { "ts", "level", "category", "event", "message" }) Assert.True(entry.AsObject().ContainsKey(field), entry.ToJsonString());
        var logs = (await node.AskAsync("/v1/node/logs?limit=500&level=debug"))["logs"]!.AsArray();
        Assert.Contains(logs, log => log!.ToJsonString().Contains("logged-device", StringComparison.Ordinal));
        Assert.Equal(2, (await node.AskAsync("/v1/node/logs?limit=2&level=debug"))["logs"]!.AsArray().Count);
        Assert.All((await node.AskAsync("/v1/node/logs?level=error"))["logs"]!.AsArray(), log => Assert.Matches("(?i)err|crit|fatal", (string)log!["level"]!));
        foreach (var line in node.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Assert.NotNull(JsonNode.Parse(line));
    }

    [Fact]
    public async Task Nothing_that_was_said_nor_any_key_is_logged_even_at_debug()
    {
        const string prompt = "PROMPT-that-must-stay-private";
        const string answer = "ANSWER-that-must-stay-private";
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "log:\n  level: debug\n", Devices = [device] });
        var key = await node.CreateKeyAsync("k");
        (string, string) bearer = ("Authorization", "Bearer " + key);
        var body = $$"""{"model":"m","messages":[{"role":"user","content":"{{prompt}}"}]""";
        device.Next(
            Scripts.Chat(answer), Scripts.Stream(Sse.Answer([answer], usage: true)), Scripts.Json(500, $$$"""{"error":{"message":"{{{answer}}}"}}"""), Scripts.Json(400, $$$"""{"error":{"message":"{{{answer}}}"}}"""),
            Scripts.StreamThen(End.Reset, Sse.Token(answer)), Scripts.Raw(answer), Scripts.Json(200, answer));
        for (var i = 0; i < 7; i++) await node.PostAsync(NodeCalls.ChatPath, body + (i is 1 or 4 ? ",\"stream\":true}" : "}"), bearer);
        await node.PostAsync(NodeCalls.ChatPath, body + ",oops", bearer);
        await node.PostAsync(NodeCalls.ChatPath, body + "}", ("Authorization", "Bearer " + key + "wrong"));
        await node.GetAsync("/v1/models?api_key=" + key);
        await node.IdleAsync();

        var logs = (await node.Control.CallAsync(HttpMethod.Get, "/v1/node/logs?limit=1000&level=debug", (byte[]?)null)).MustBe(200).Text;
        foreach (var text in new[] { node.Output, logs, (await node.AskAsync("/v1/node/requests?limit=100")).ToJsonString() })
        {
            Assert.DoesNotContain(prompt, text);
            Assert.DoesNotContain(answer, text);
            Assert.DoesNotContain(key, text);
        }

        Assert.Contains("m", logs);
        Assert.True(Encoding.UTF8.GetByteCount(logs) > 500, "The debug log is all but empty, so this test proves nothing.");
    }

    [Fact]
    public async Task What_a_caller_sends_cannot_forge_a_line_of_the_log()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "log:\n  level: debug\n  format: text\n" });
        await node.ChatAsync("x\nFORGED line\r\nFORGED again\u001b[31m");
        await node.GetAsync("/nothing%0aFORGED%0dFORGED");
        await node.IdleAsync();
        Assert.DoesNotContain(node.Output.Split('\n'), line => line.StartsWith("FORGED", StringComparison.Ordinal));
        Assert.DoesNotContain("\u001b[31m", node.Output);
    }
}
