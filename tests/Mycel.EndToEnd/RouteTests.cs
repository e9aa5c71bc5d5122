using System.Text.Json.Nodes;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Routes that exist, routes that do not, and what neither may give away.</summary>
public sealed class RouteTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private NodeProcess Node => shared.Node;

    [Theory]
    [InlineData("GET", "/v1/nothing")]
    [InlineData("POST", "/v1/chat/completion")]
    [InlineData("POST", "/chat/completions")]
    [InlineData("GET", "/v1")]
    [InlineData("GET", "/v1/")]
    [InlineData("GET", "/v1/node")]
    [InlineData("GET", "/v1/node/nothing")]
    [InlineData("POST", "/v1/node/relay/nothing")]
    [InlineData("GET", "/api/tags")]
    [InlineData("GET", "/favicon.ico")]
    [InlineData("DELETE", "/nowhere")]
    [InlineData("PROPFIND", "/nowhere")]
    public async Task An_unknown_route_is_a_404_in_the_envelope(string method, string path)
    {
        var reply = await Node.Http.CallAsync(new HttpMethod(method), path, method == "POST" ? "{}"u8.ToArray() : null);
        reply.MustRefuse(404, "unknown_route");
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", "POST")]
    [InlineData("PUT", "/v1/chat/completions", "POST")]
    [InlineData("GET", "/v1/completions", "POST")]
    [InlineData("DELETE", "/v1/embeddings", "POST")]
    [InlineData("POST", "/v1/models", "GET")]
    [InlineData("DELETE", "/v1/models/x", "GET")]
    [InlineData("POST", "/v1/node/status", "GET")]
    [InlineData("GET", "/v1/node/relay/add", "POST")]
    [InlineData("GET", "/v1/node/reload", "POST")]
    [InlineData("POST", "/health", "GET")]
    [InlineData("POST", "/metrics", "GET")]
    [InlineData("PROPFIND", "/v1/models", "GET")]
    public async Task A_wrong_method_is_a_405_that_names_the_right_one(string method, string path, string allowed)
    {
        var reply = await Node.Http.CallAsync(new HttpMethod(method), path, method is "POST" or "PUT" ? "{}"u8.ToArray() : null);
        reply.MustRefuse(405, "method_not_allowed");
        Assert.Contains(allowed, reply["Allow"]);
    }

    [Theory]
    [InlineData("/..%2f..%2fetc%2fpasswd")]
    [InlineData("/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/../../../../etc/passwd")]
    [InlineData("/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/..%5c..%5cetc%5cpasswd")]
    [InlineData("/%2e%2e%2f%2e%2e%2fetc%2fpasswd")]
    [InlineData("/..%252f..%252fetc%252fpasswd")]
    [InlineData("/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd")]
    [InlineData("//etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("/%2fetc%2fpasswd")]
    [InlineData("/v1/models/..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/v1/models/%2e%2e%2f%2e%2e%2fdevice.key")]
    [InlineData("/..%2fdata%2fdevice.key")]
    [InlineData("/device.key")]
    [InlineData("/mycel.yaml")]
    [InlineData("/static/..%2f..%2fdevice.key")]
    [InlineData("/public/../device.key")]
    [InlineData("/openapi.json/..%2f..%2fetc%2fpasswd")]
    [InlineData("/..%00/etc/passwd")]
    [InlineData("/etc/passwd%00.json")]
    [InlineData("http://localhost/etc/passwd")]
    [InlineData("file:///etc/passwd")]
    public async Task No_path_leads_to_a_file(string target)
    {
        await using var client = await RawConnection.OpenAsync(Node);
        await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        var reply = Reply.From((await client.ReadHeadAsync(), await client.ReadBodyAsync()));
        Assert.InRange(reply.Status, 400, 404);
        Assert.DoesNotContain("root:", reply.Text);
        Assert.DoesNotContain(Node.DataDir, reply.Text);
    }

    [Theory]
    [InlineData("POST", "/v1/node/relay/add", "{}", 400)]
    [InlineData("POST", "/v1/node/relay/add", "not json", 400)]
    [InlineData("POST", "/v1/node/relay/add", """{"url":5}""", 400)]
    [InlineData("POST", "/v1/node/relay/add", """{"url":"nonsense"}""", 400)]
    [InlineData("POST", "/v1/node/relay/add", """{"url":"ftp://127.0.0.1"}""", 400)]
    [InlineData("POST", "/v1/node/relay/add", """{"url":"http://user:pass@127.0.0.1:1"}""", 400)]
    [InlineData("POST", "/v1/node/relay/add", """{"url":"http://127.0.0.1:1","name":"Bad Name!"}""", 400)]
    [InlineData("POST", "/v1/node/relay/add", """{"url":"http://127.0.0.1:1","max_concurrent":0}""", 400)]
    [InlineData("POST", "/v1/node/relay/add", """{"url":"http://127.0.0.1:1"}""", 502)]
    [InlineData("POST", "/v1/node/relay/remove", """{"url":"http://127.0.0.1:1"}""", 404)]
    [InlineData("POST", "/v1/node/relay/remove", """{"name":"nobody"}""", 404)]
    [InlineData("POST", "/v1/node/relay/remove", "{}", 400)]
    [InlineData("POST", "/v1/node/relay/refresh", """{"name":"nobody"}""", 404)]
    [InlineData("POST", "/v1/node/keys", "{}", 400)]
    [InlineData("POST", "/v1/node/keys", """{"name":"x","scope":"emperor"}""", 400)]
    [InlineData("POST", "/v1/node/keys", """{"name":"x","rate":"fast"}""", 400)]
    [InlineData("DELETE", "/v1/node/keys/k999", null, 404)]
    [InlineData("PUT", "/v1/node/secrets/x", "{}", 400)]
    [InlineData("DELETE", "/v1/node/secrets/none", null, 404)]
    [InlineData("GET", "/v1/node/logs?limit=-1", null, 400)]
    [InlineData("GET", "/v1/node/logs?level=loud", null, 400)]
    [InlineData("GET", "/v1/node/requests?limit=abc", null, 400)]
    public async Task An_admin_request_that_fails_says_so_by_its_status(string method, string path, string? body, int status)
    {
        var reply = await Node.Http.CallAsync(new HttpMethod(method), path, body is null ? null : System.Text.Encoding.UTF8.GetBytes(body));
        reply.MustRefuse(status);
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/openapi.json")]
    [InlineData("/v1/models")]
    [InlineData("/v1/node/status")]
    [InlineData("/v1/node/relay")]
    [InlineData("/v1/node/requests")]
    [InlineData("/v1/node/config")]
    [InlineData("/v1/node/keys")]
    [InlineData("/v1/node/secrets")]
    [InlineData("/v1/node/logs")]
    public async Task A_success_holds_no_error(string path)
    {
        var reply = (await Node.GetAsync(path)).MustBe(200);
        Assert.StartsWith("application/json", reply["Content-Type"]);
        Assert.False(reply.Json.AsObject().ContainsKey("error"), reply.Text);
    }

    [Fact]
    public async Task The_API_description_is_valid_and_lists_every_route()
    {
        var description = (await Node.GetAsync("/openapi.json")).MustBe(200).Json;
        Assert.StartsWith("3.", (string?)description["openapi"]);
        Assert.False(string.IsNullOrEmpty((string?)description["info"]!["title"]));
        Assert.NotEqual("", (string?)description["info"]!["version"]);
        var paths = description["paths"]!.AsObject();
        (string Path, string Method)[] routes =
        [
            ("/v1/chat/completions", "post"), ("/v1/completions", "post"), ("/v1/embeddings", "post"), ("/v1/models", "get"), ("/health", "get"),
            ("/ready", "get"), ("/metrics", "get"), ("/v1/node/status", "get"), ("/v1/node/relay", "get"), ("/v1/node/relay/add", "post"),
            ("/v1/node/relay/remove", "post"), ("/v1/node/relay/refresh", "post"), ("/v1/node/requests", "get"), ("/v1/node/reload", "post"),
            ("/v1/node/config", "get"), ("/v1/node/keys", "get"), ("/v1/node/keys", "post"), ("/v1/node/keys/{id}", "delete"), ("/v1/node/secrets", "get"),
            ("/v1/node/secrets/{name}", "put"), ("/v1/node/logs", "get"), ("/v1/node/logs/stream", "get"),
        ];
        foreach (var (path, method) in routes)
        {
            Assert.True(paths[path]?[method] is JsonObject, $"{method} {path} is not described.");
            Assert.NotEmpty(paths[path]![method]!["responses"]!.AsObject());
        }

        Assert.Contains(paths, path => path.Key.StartsWith("/v1/models/{", StringComparison.Ordinal));
        Assert.Equal((string?)(await Node.StatusAsync())["version"], (string?)description["info"]!["version"]);
    }

    [Fact]
    public async Task The_model_list_has_OpenAIs_shape_and_names_each_model_once()
    {
        await using var first = await shared.AddAsync(models: "twice-listed");
        await using var second = await shared.AddAsync(models: "twice-listed");
        var list = (await Node.GetAsync("/v1/models")).MustBe(200).Json;
        Assert.Equal("list", (string?)list["object"]);
        var entry = Assert.Single(list["data"]!.AsArray(), model => (string?)model!["id"] == "relay:twice-listed")!;
        Assert.Equal("model", (string?)entry["object"]);
        Assert.True((long)entry["created"]! > 0);
        Assert.Equal("relay", (string?)entry["owned_by"]);
        var single = (await Node.GetAsync("/v1/models/relay:twice-listed")).MustBe(200).Json;
        Assert.True(JsonNode.DeepEquals(entry, single), single.ToJsonString());
    }
}
