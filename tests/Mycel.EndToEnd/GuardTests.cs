using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Host, Origin and forwarded-for: a web page or a proxy's client must not pass for a local caller.</summary>
public sealed class GuardTests
{
    [Fact]
    public async Task A_strange_Host_is_refused_everywhere()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "api:\n  allowed_hosts: [gateway.example]\n", Devices = [device] });
        foreach (var host in new[] { "evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1.evil.example", "gateway.example.evil.example", "localhost@evil.example" })
        {
            foreach (var path in new[] { "/v1/models", "/v1/node/status", "/health", "/metrics", "/nothing" })
            {
                await using var client = await RawConnection.OpenAsync(node);
                await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                var reply = Reply.From((await client.ReadHeadAsync(), await client.ReadBodyAsync()));
                Assert.True(reply.Status is 403 or 400, $"{host}{path}: {reply.Status}");
                if (reply.Status == 403) reply.MustRefuse(403, "host_not_allowed");
            }

            await using var chat = await RawConnection.OpenAsync(node);
            await chat.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}");
            Assert.InRange((await chat.ReadHeadAsync()).Status, 400, 403);
        }

        foreach (var host in new[] { "localhost", "LOCALHOST:" + node.Port, "127.0.0.1:" + node.Port, "[::1]", "192.168.1.7:8420", "gateway.example", "Gateway.Example:443", Environment.MachineName })
        {
            (await node.GetAsync("/v1/models", ("Host", host))).MustBe(200);
        }
    }

    [Fact]
    public async Task A_request_without_one_Host_is_refused()
    {
        await using var node = await NodeProcess.StartAsync();
        foreach (var hosts in new[] { "", "Host: localhost\r\nHost: evil.example\r\n" })
        {
            await using var client = await RawConnection.OpenAsync(node);
            await client.SendAsync($"GET /v1/models HTTP/1.1\r\n{hosts}\r\n");
            Assert.InRange((await client.ReadHeadAsync()).Status, 400, 403);
        }
    }

    [Fact]
    public async Task Web_pages_of_other_origins_are_refused()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "api:\n  allowed_origins: [\"https://app.example\"]\n", Devices = [device] });
        foreach (var origin in new[] { "https://evil.example", "null", "http://app.example", "https://app.example:444", "https://app.example.evil.example", "http://localhost:1" })
        {
            var refused = await node.GetAsync("/v1/models", ("Origin", origin));
            refused.MustRefuse(403, "origin_not_allowed");
            Assert.Null(refused["Access-Control-Allow-Origin"]);
            (await node.ChatAsync("m", false, "", ("Origin", origin))).MustRefuse(403, "origin_not_allowed");
            (await node.Http.CallAsync(HttpMethod.Post, "/v1/node/reload", "{}", ("Origin", origin))).MustRefuse(403, "origin_not_allowed");
        }

        Assert.Empty(device.Requests);
        (await node.GetAsync("/v1/models", ("Origin", node.Url))).MustBe(200);
        (await node.GetAsync("/v1/models")).MustBe(200);

        var allowed = (await node.ChatAsync("m", true, "", ("Origin", "https://app.example"))).MustBe(200);
        Assert.Equal("https://app.example", allowed["Access-Control-Allow-Origin"]);
        Assert.Contains("Origin", allowed["Vary"]);
        var refusal = await node.ChatAsync("nobody", false, "", ("Origin", "https://app.example"));
        refusal.MustRefuse(404, "model_not_found");
        Assert.Equal("https://app.example", refusal["Access-Control-Allow-Origin"]);
    }

    [Fact]
    public async Task A_browser_may_ask_first_what_it_is_allowed()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "api:\n  allowed_origins: [\"https://app.example\"]\n" });
        await node.CreateKeyAsync("k");
        (string, string)[] ask = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type")];
        var allowed = await node.Http.CallAsync(HttpMethod.Options, NodeCalls.ChatPath, (byte[]?)null, [("Origin", "https://app.example"), .. ask]);
        Assert.InRange(allowed.Status, 200, 204);
        Assert.Equal("https://app.example", allowed["Access-Control-Allow-Origin"]);
        Assert.Contains("POST", allowed["Access-Control-Allow-Methods"]);
        Assert.Contains("authorization", allowed["Access-Control-Allow-Headers"], StringComparison.OrdinalIgnoreCase);

        var refused = await node.Http.CallAsync(HttpMethod.Options, NodeCalls.ChatPath, (byte[]?)null, [("Origin", "https://evil.example"), .. ask]);
        refused.MustRefuse(403, "origin_not_allowed");
        Assert.Null(refused["Access-Control-Allow-Origin"]);
    }

    [Fact]
    public async Task Forwarded_for_is_believed_from_a_configured_proxy_only()
    {
        await using var device = FaultyDevice.Start("m");
        await using var plain = await NodeProcess.StartAsync(device);
        (await plain.ChatAsync("m", false, "", ("X-Forwarded-For", "203.0.113.9"))).MustBe(200);

        // Behind a proxy on the same machine every caller seems local; a caller from elsewhere still needs a key.
        await using var proxied = await NodeProcess.StartAsync(new NodeSetup { Yaml = "api:\n  trusted_proxies: [127.0.0.1/32]\n", Devices = [device] });
        (await proxied.ChatAsync("m")).MustBe(200);
        (await proxied.ChatAsync("m", false, "", ("X-Forwarded-For", "127.0.0.1"))).MustBe(200);
        foreach (var chain in new[] { "203.0.113.9", "127.0.0.1, 203.0.113.9", "203.0.113.9, 127.0.0.1", "2001:db8::1", "nonsense" })
        {
            (await proxied.ChatAsync("m", false, "", ("X-Forwarded-For", chain))).MustRefuse(401, "invalid_api_key");
            (await proxied.GetAsync("/v1/node/status", ("X-Forwarded-For", chain))).MustRefuse(401, "invalid_api_key");
        }
    }
}
