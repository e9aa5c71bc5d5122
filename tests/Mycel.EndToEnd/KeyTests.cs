using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Who may use a node.</summary>
public sealed class KeyTests
{
    private static readonly (string Method, string Path, string? Body)[] AdminRoutes =
    [
        ("GET", "/v1/node/status", null), ("GET", "/v1/node/relay", null), ("POST", "/v1/node/relay/add", """{"url":"http://127.0.0.1:1"}"""),
        ("POST", "/v1/node/relay/remove", """{"url":"http://127.0.0.1:1"}"""), ("POST", "/v1/node/relay/refresh", "{}"), ("GET", "/v1/node/requests", null),
        ("POST", "/v1/node/reload", "{}"), ("GET", "/v1/node/config", null), ("GET", "/v1/node/keys", null), ("POST", "/v1/node/keys", """{"name":"x"}"""),
        ("DELETE", "/v1/node/keys/k1", null), ("GET", "/v1/node/secrets", null), ("PUT", "/v1/node/secrets/x", """{"value":"y"}"""),
        ("DELETE", "/v1/node/secrets/x", null), ("GET", "/v1/node/logs", null), ("GET", "/v1/node/logs/stream", null),
    ];

    private static (string, string) Bearer(string key) => ("Authorization", "Bearer " + key);

    [Fact]
    public async Task Loopback_is_open_until_the_first_key_exists()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        (await node.ChatAsync("m")).MustBe(200);
        (await node.GetAsync("/v1/node/status")).MustBe(200);

        var key = await node.CreateKeyAsync("first");
        Assert.Matches("^mycel-[A-Za-z0-9_-]{43}$", key);
        foreach (var stream in new[] { false, true })
        {
            var refused = await node.ChatAsync("m", stream);
            refused.MustRefuse(401, "invalid_api_key");
            Assert.StartsWith("Bearer", refused["WWW-Authenticate"]);
            (await node.ChatAsync("m", stream, "", Bearer(key))).MustBe(200);
            (await node.ChatAsync("m", stream, "", ("x-api-key", key))).MustBe(200);
            (await node.ChatAsync("m", stream, "", ("Authorization", "bearer " + key))).MustBe(200);
        }

        foreach (var wrong in new[] { "mycel-" + new string('A', 43), key[..^1], key + "x", "", "x", key.ToUpperInvariant() })
        {
            (await node.ChatAsync("m", false, "", Bearer(wrong))).MustRefuse(401, "invalid_api_key");
            (await node.ChatAsync("m", false, "", ("x-api-key", wrong))).MustRefuse(401, "invalid_api_key");
        }

        (await node.ChatAsync("m", false, "", ("Authorization", "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("u:" + key))))).MustRefuse(401, "invalid_api_key");
        (await node.GetAsync("/v1/models?api_key=" + key)).MustRefuse(401, "invalid_api_key");
        (await node.GetAsync("/v1/models", Bearer(key))).MustBe(200);
        foreach (var open in new[] { "/health", "/ready", "/openapi.json" }) (await node.GetAsync(open)).MustBe(200);
        foreach (var closed in new[] { "/metrics", "/v1/models", "/v1/models/m", "/v1/node/status" }) (await node.GetAsync(closed)).MustRefuse(401, "invalid_api_key");
    }

    [Fact]
    public async Task No_key_of_a_caller_reaches_a_device()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var key = await node.CreateKeyAsync("secretive");
        (await node.ChatAsync("m", true, "", Bearer(key))).MustBe(200);
        (await node.ChatAsync("m", false, "", ("x-api-key", key))).MustBe(200);
        (await node.ChatAsync("m", false, "", ("x-api-key", key), ("api-key", key), ("X-Goog-Api-Key", key), ("Proxy-Authorization", "Bearer " + key))).MustBe(200);
        foreach (var request in device.Requests)
        {
            Assert.DoesNotContain(key, Encoding.Latin1.GetString(request.Head.Bytes));
            Assert.False(request.Head.Has("Authorization"));
            Assert.False(request.Head.Has("x-api-key"));
        }
    }

    [Fact]
    public async Task Every_admin_route_refuses_who_may_not_use_it()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var inference = await node.CreateKeyAsync("user");
        var metrics = await node.CreateKeyAsync("scraper", "metrics");
        foreach (var (method, path, body) in AdminRoutes)
        {
            var bytes = body is null ? null : Encoding.UTF8.GetBytes(body);
            (await node.Http.CallAsync(new HttpMethod(method), path, bytes)).MustRefuse(401, "invalid_api_key");
            (await node.Http.CallAsync(new HttpMethod(method), path, bytes, Bearer("mycel-wrong"))).MustRefuse(401, "invalid_api_key");
            (await node.Http.CallAsync(new HttpMethod(method), path, bytes, Bearer(inference))).MustRefuse(403, "insufficient_scope");
            (await node.Http.CallAsync(new HttpMethod(method), path, bytes, Bearer(metrics))).MustRefuse(403, "insufficient_scope");
        }

        (await node.GetAsync("/metrics", Bearer(metrics))).MustBe(200);
        (await node.ChatAsync("m", false, "", Bearer(metrics))).MustRefuse(403, "insufficient_scope");
        (await node.GetAsync("/v1/models", Bearer(metrics))).MustRefuse(403, "insufficient_scope");
        (await node.GetAsync("/metrics", Bearer(inference))).MustRefuse(403, "insufficient_scope");
        Assert.Single((await node.AskAsync("/v1/node/relay"))["relays"]!.AsArray());
        Assert.Equal(2, (await node.AskAsync("/v1/node/keys"))["keys"]!.AsArray().Count);

        var admin = await node.CreateKeyAsync("owner", "admin");
        (await node.GetAsync("/v1/node/status", Bearer(admin))).MustBe(200);
        (await node.GetAsync("/metrics", Bearer(admin))).MustBe(200);
        (await node.ChatAsync("m", false, "", Bearer(admin))).MustBe(200);
    }

    [Fact]
    public async Task A_trick_with_the_path_opens_nothing()
    {
        await using var node = await NodeProcess.StartAsync();
        await node.CreateKeyAsync("only");
        foreach (var target in new[]
        {
            "/v1/node/status?x=/public/", "/v1/node/public/../status", "/V1/NODE/STATUS", "//v1/node/status", "/v1//node/status", "/v1/node/status/",
            "/health/../v1/node/status", "/health/%2e%2e/v1/node/status", "/v1/node%2fstatus", "/v1/node/status;/health", "/public/v1/node/status", "/v1/%6eode/status",
        })
        {
            await using var client = await RawConnection.OpenAsync(node);
            await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            var head = await client.ReadHeadAsync();
            Assert.True(head.Status is 400 or 401 or 404, $"{target}: {head.Status}");
            Assert.DoesNotContain("uptime", Encoding.UTF8.GetString(await client.ReadBodyAsync()));
        }
    }

    [Fact]
    public async Task A_revoked_key_is_refused_at_once_and_its_id_is_not_used_again()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var kept = await node.CreateKeyAsync("kept");
        var revoked = await node.CreateKeyAsync("gone");
        (await node.ChatAsync("m", false, "", Bearer(revoked))).MustBe(200);
        var id = (string)(await node.AskAsync("/v1/node/keys"))["keys"]!.AsArray().Single(key => (string?)key!["name"] == "gone")!["id"]!;
        (await node.Control.CallAsync(HttpMethod.Delete, "/v1/node/keys/" + id, (byte[]?)null)).MustBe(204);
        (await node.ChatAsync("m", false, "", Bearer(revoked))).MustRefuse(401, "invalid_api_key");
        (await node.ChatAsync("m", false, "", Bearer(kept))).MustBe(200);
        (await node.Control.CallAsync(HttpMethod.Delete, "/v1/node/keys/" + id, (byte[]?)null)).MustRefuse(404);

        await node.CreateKeyAsync("next");
        Assert.DoesNotContain((await node.AskAsync("/v1/node/keys"))["keys"]!.AsArray(), key => (string?)key!["id"] == id);
    }

    [Fact]
    public async Task Revoking_the_last_key_does_not_open_the_node()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        await node.CreateKeyAsync("last");
        var id = (string)(await node.AskAsync("/v1/node/keys"))["keys"]![0]!["id"]!;
        var reply = await node.Control.CallAsync(HttpMethod.Delete, "/v1/node/keys/" + id, (byte[]?)null);
        Assert.InRange(reply.Status, 200, 409);

        // Without any key loopback callers need none: that is the rule, and the node is bound to loopback.
        if (reply.Status == 204) (await node.ChatAsync("m")).MustBe(200);
    }

    [Fact]
    public async Task Keys_survive_a_restart_and_are_nowhere_in_clear()
    {
        await using var device = FaultyDevice.Start("m");
        string key;
        TempFolder folder;
        await using (var node = await NodeProcess.StartAsync(device))
        {
            key = await node.CreateKeyAsync("durable", "inference", concurrent: 3, rate: "100/m");
            folder = node.KeepFolder();
            node.Kill();
        }

        await using var again = await NodeProcess.StartAsync(new NodeSetup { Devices = [device], Folder = folder });
        (await again.ChatAsync("m")).MustRefuse(401, "invalid_api_key");
        (await again.ChatAsync("m", false, "", Bearer(key))).MustBe(200);
        var entry = (await again.AskAsync("/v1/node/keys"))["keys"]!.AsArray().Single()!;
        Assert.Equal("durable", (string?)entry["name"]);
        Assert.Equal("inference", (string?)entry["scope"]);
        Assert.Equal(3, (int?)entry["concurrent"]);
        Assert.Equal(key[..10], (string?)entry["prefix"]);
        Assert.False(entry.AsObject().ContainsKey("secret"));
        Assert.NotEmpty(Directory.GetFiles(again.DataDir, "*", SearchOption.AllDirectories));
        Assert.DoesNotContain(SecretSearch.FilesWith(again.DataDir, key), _ => true);
        Assert.DoesNotContain(key, again.Output);
    }

    [Fact]
    public async Task The_data_folder_is_its_owners_alone()
    {
        await using var node = await NodeProcess.StartAsync();
        await node.CreateKeyAsync("k");
        await node.Control.CallAsync(HttpMethod.Put, "/v1/node/secrets/s", """{"value":"v"}""");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(node.DataDir));
        foreach (var file in Directory.GetFiles(node.DataDir, "*", SearchOption.AllDirectories))
        {
            Assert.True((File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) == 0, $"{Path.GetFileName(file)} has mode {File.GetUnixFileMode(file)}.");
        }
    }

    [Fact]
    public async Task Beyond_loopback_a_node_without_keys_does_not_start()
    {
        var result = await NodeProcess.RunToEndAsync(new NodeSetup { Arguments = ["--host", "0.0.0.0"] });
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--open", result.All);
        Assert.Contains("mycel keys create", result.All);
        Assert.DoesNotContain("   at ", result.All);
    }

    [Fact]
    public async Task Beyond_loopback_open_is_a_choice_with_a_warning()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--host", "0.0.0.0", "--open"], Devices = [device] });
        (await node.ChatAsync("m")).MustBe(200);
        Assert.Matches("(?i)warn", node.Output);
        Assert.Matches("(?i)without (a )?key|no key|anyone", node.Output);
    }

    [Fact]
    public async Task Beyond_loopback_an_open_node_gives_its_models_and_nothing_more()
    {
        var address = (await Dns.GetHostAddressesAsync(Dns.GetHostName(), AddressFamily.InterNetwork)).FirstOrDefault(a => !IPAddress.IsLoopback(a));
        Assert.SkipWhen(address is null, "This machine has no address but loopback.");
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--host", "0.0.0.0", "--open"], Devices = [device] });
        using var elsewhere = new HttpClient { BaseAddress = new Uri($"http://{address}:{node.Port}") };
        (await elsewhere.CallAsync(HttpMethod.Post, NodeCalls.ChatPath, NodeCalls.ChatBody("m"))).MustBe(200);
        (await elsewhere.CallAsync(HttpMethod.Get, "/v1/models", (byte[]?)null)).MustBe(200);
        foreach (var (method, path, body) in AdminRoutes)
        {
            (await elsewhere.CallAsync(new HttpMethod(method), path, body is null ? null : Encoding.UTF8.GetBytes(body))).MustRefuse(401, "invalid_api_key");
        }
    }

    [Fact]
    public async Task Beyond_loopback_a_node_with_keys_starts()
    {
        await using var device = FaultyDevice.Start("m");
        string key;
        TempFolder folder;
        await using (var node = await NodeProcess.StartAsync())
        {
            key = await node.CreateKeyAsync("k");
            folder = node.KeepFolder();
        }

        await using var again = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--host", "0.0.0.0"], Devices = [device], Folder = folder });
        (await again.ChatAsync("m")).MustRefuse(401, "invalid_api_key");
        (await again.ChatAsync("m", false, "", Bearer(key))).MustBe(200);
    }

    [Fact]
    public async Task Many_wrong_keys_do_not_lock_out_a_right_one()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var key = await node.CreateKeyAsync("right");
        var replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => node.ChatAsync("m", false, "", Bearer($"mycel-wrong-{i}"))));
        Assert.All(replies, reply => Assert.Contains(reply.Status, new[] { 401, 429 }));
        (await node.ChatAsync("m", false, "", Bearer(key))).MustBe(200);
        (await node.Control.CallAsync(HttpMethod.Get, "/v1/node/status", (byte[]?)null)).MustBe(200);
    }

    [Fact]
    public async Task The_answer_to_a_new_key_shows_it_once()
    {
        await using var node = await NodeProcess.StartAsync();
        var made = (await node.TellAsync("/v1/node/keys", new JsonObject { ["name"] = "once", ["scope"] = "admin" })).MustBe(201).Json;
        Assert.NotNull((string?)made["id"]);
        Assert.NotNull((string?)made["secret"]);
        Assert.Equal("admin", (string?)made["scope"]);
        Assert.DoesNotContain((string)made["secret"]!, (await node.AskAsync("/v1/node/keys")).ToJsonString());
        (await node.TellAsync("/v1/node/keys", new JsonObject { ["name"] = "" })).MustRefuse(400);
        (await node.TellAsync("/v1/node/keys", new JsonObject { ["name"] = new string('n', 10_000) })).MustRefuse(400);
    }
}
