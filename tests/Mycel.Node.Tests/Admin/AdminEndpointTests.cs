using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Mycel.Node.Api.Admin;
using Mycel.Node.Observability.Logs;
using Mycel.Node.Tests.Logs;

namespace Mycel.Node.Tests.Admin;

public class AdminEndpointTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_are_made_listed_and_revoked()
    {
        await using var server = await AdminServer.StartAsync();

        var (status, made) = await SendAsync(server, "POST", "/v1/node/keys", """{"name":"alice","scope":"admin","concurrent":0,"rate":"60/m","budget":"5/month"}""");
        Assert.Equal(HttpStatusCode.Created, status);
        var secret = (string)made!["secret"]!;
        Assert.Equal("k1", server.Keys.Find(secret)!.Id);
        Assert.Equal(["id", "name", "scope", "prefix", "created_at", "concurrent", "rate", "budget", "secret"], made.AsObject().Select(p => p.Key));

        var (_, list) = await SendAsync(server, "GET", "/v1/node/keys");
        Assert.DoesNotContain(secret, list!.ToJsonString(), StringComparison.Ordinal);
        var key = Assert.Single(list["keys"]!.AsArray())!;
        Assert.Equal(("alice", "admin", 0, "60/m", false), ((string)key["name"]!, (string)key["scope"]!, (int)key["concurrent"]!, (string)key["rate"]!, key.AsObject().ContainsKey("secret")));

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(server, "DELETE", "/v1/node/keys/k1")).Status);
        Assert.Null(server.Keys.Find(secret));
        await AssertErrorAsync(server, "DELETE", "/v1/node/keys/k1", null, HttpStatusCode.NotFound, "key_not_found");
    }

    [Theory]
    [InlineData("", "invalid_json", "valid JSON")]
    [InlineData("{", "invalid_json", "valid JSON")]
    [InlineData("null", "invalid_json", "object")]
    [InlineData("[]", "invalid_json", "")]
    [InlineData("{}", "invalid_fields", "name, scope, concurrent, rate")]
    [InlineData("""{"name":null}""", "invalid_type", "name")]
    [InlineData("""{"name":5}""", "invalid_type", "name")]
    [InlineData("""{"name":"a","concurrent":"5"}""", "invalid_type", "concurrent")]
    [InlineData("""{"name":"a","scop":"admin"}""", "invalid_fields", "scope")]
    [InlineData("""{"name":"a","scope":"root"}""", "invalid_value", "inference, metrics or admin")]
    [InlineData("""{"name":"a","rate":"fast"}""", "invalid_value", "COUNT")]
    [InlineData("""{"name":"a","budget":"5/week"}""", "invalid_value", "5/month")]
    [InlineData("""{"name":"a","concurrent":-1}""", "invalid_value", "0")]
    [InlineData("""{"name":""}""", "invalid_value", "name")]
    public async Task A_wrong_body_is_refused_with_what_is_wrong(string body, string code, string words)
    {
        await using var server = await AdminServer.StartAsync();

        var message = await AssertErrorAsync(server, "POST", "/v1/node/keys", body, HttpStatusCode.BadRequest, code);

        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.False(server.Keys.HasKeys);
    }

    [Fact]
    public async Task A_taken_name_is_a_conflict_and_a_huge_body_is_too_large()
    {
        await using var server = await AdminServer.StartAsync();
        server.Keys.Create("alice", Mycel.Node.Admission.KeyScope.Inference);

        await AssertErrorAsync(server, "POST", "/v1/node/keys", """{"name":"Alice"}""", HttpStatusCode.Conflict, "name_taken");
        await AssertErrorAsync(server, "POST", "/v1/node/keys", new string(' ', AdminBody.MaxBytes + 1), HttpStatusCode.RequestEntityTooLarge, "body_too_large");
    }

    [Fact]
    public async Task Secrets_are_set_listed_and_removed_and_never_shown()
    {
        await using var server = await AdminServer.StartAsync();

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(server, "PUT", "/v1/node/secrets/gpu", """{"value":"hunter2"}""")).Status);
        Assert.Equal("hunter2", server.Secrets.Get("gpu"));
        var (_, list) = await SendAsync(server, "GET", "/v1/node/secrets");
        Assert.Equal(["name", "updated_at", "damaged"], list!["secrets"]![0]!.AsObject().Select(p => p.Key));
        Assert.DoesNotContain("hunter2", list.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(server, "DELETE", "/v1/node/secrets/gpu")).Status);

        await AssertErrorAsync(server, "DELETE", "/v1/node/secrets/gpu", null, HttpStatusCode.NotFound, "secret_not_found");
        await AssertErrorAsync(server, "PUT", "/v1/node/secrets/a%20b", """{"value":"x"}""", HttpStatusCode.BadRequest, "invalid_value");
        await AssertErrorAsync(server, "PUT", "/v1/node/secrets/a", """{"value":""}""", HttpStatusCode.BadRequest, "invalid_value");
        var message = await AssertErrorAsync(server, "PUT", "/v1/node/secrets/a", """{"value":["hunter2"]}""", HttpStatusCode.BadRequest, "invalid_type");
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(server, "PUT", "/v1/node/secrets/a", $$"""{"value":"{{new string('x', 64 * 1024)}}"}""")).Status);
        await AssertErrorAsync(server, "PUT", "/v1/node/secrets/a", $$"""{"value":"{{new string('x', (64 * 1024) + 1)}}"}""", HttpStatusCode.BadRequest, "invalid_value");
    }

    [Fact]
    public async Task Settings_are_shown_and_reloaded()
    {
        await using var server = await AdminServer.StartAsync();
        server.Configuration.Load("queue:\n  depth: 5\napi:\n  port: 99\n");

        var (status, reloaded) = await SendAsync(server, "POST", "/v1/node/reload");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("""{"applied":["queue.depth"],"restart_required":[{"key":"api.port","from":"8420","to":"99"}]}""", reloaded!.ToJsonString());

        var (_, shown) = await SendAsync(server, "GET", "/v1/node/config");
        Assert.Equal(server.Configuration.File, (string)shown!["file"]!);
        var values = shown["values"]!.AsArray().ToDictionary(v => (string)v!["key"]!, v => v!.ToJsonString());
        Assert.Equal("""{"key":"queue.depth","value":5,"source":"file","line":2,"name":null}""", values["queue.depth"]);
        Assert.Equal("""{"key":"api.port","value":8420,"source":"default","line":null,"name":null}""", values["api.port"]);
        Assert.Equal("""{"key":"relays","value":[],"source":"default","line":null,"name":null}""", values["relays"]);

        server.Configuration.Load("queue:\n  depth: x\n");
        var message = await AssertErrorAsync(server, "POST", "/v1/node/reload", null, HttpStatusCode.BadRequest, "config_invalid");
        Assert.Contains($"{server.Configuration.File}:2: queue.depth: found \"x\"", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_are_listed_by_number_and_level()
    {
        await using var server = await AdminServer.StartAsync();
        TestEvents.Numbered(server.Logger, 1);
        TestEvents.Said(server.Logger, "x");
        TestEvents.Numbered(server.Logger, 2);

        var (_, all) = await SendAsync(server, "GET", "/v1/node/logs");
        Assert.Equal(["entry 1", "said x", "entry 2"], all!["logs"]!.AsArray().Select(e => (string)e!["message"]!));
        var (_, warnings) = await SendAsync(server, "GET", "/v1/node/logs?level=warn&limit=5");
        Assert.Equal("x", (string)Assert.Single(warnings!["logs"]!.AsArray())!["text"]!);
        await AssertErrorAsync(server, "GET", "/v1/node/logs?limit=0", null, HttpStatusCode.BadRequest, "invalid_parameter");
        await AssertErrorAsync(server, "GET", "/v1/node/logs?limit=1001", null, HttpStatusCode.BadRequest, "invalid_parameter");
        await AssertErrorAsync(server, "GET", "/v1/node/logs?level=loud", null, HttpStatusCode.BadRequest, "invalid_parameter");
    }

    [Fact]
    public async Task The_log_can_be_followed_and_a_follower_does_not_hold_up_the_stop()
    {
        await using var server = await AdminServer.StartAsync();
        using var response = await server.Client.GetAsync(new Uri("/v1/node/logs/stream?level=warn", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        Assert.Equal(": following", await reader.ReadLineAsync(Cancel));
        Assert.Equal("", await reader.ReadLineAsync(Cancel));

        TestEvents.Numbered(server.Logger, 1);
        TestEvents.Said(server.Logger, "x");

        var line = await reader.ReadLineAsync(Cancel);
        Assert.StartsWith("data: {", line, StringComparison.Ordinal);
        Assert.Equal("said x", (string)JsonNode.Parse(line!["data: ".Length..])!["message"]!);
        Assert.Equal("", await reader.ReadLineAsync(Cancel));
        var stopping = server.StopAsync();
        Assert.Equal("", await reader.ReadToEndAsync(Cancel));
        await stopping;
    }

    [Fact]
    public async Task Followers_are_bounded()
    {
        await using var server = await AdminServer.StartAsync();
        var followers = new List<HttpResponseMessage>();
        for (var i = 0; i < LogBuffer.MaxSubscribers; i++)
            followers.Add(await server.Client.GetAsync(new Uri("/v1/node/logs/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancel));

        await AssertErrorAsync(server, "GET", "/v1/node/logs/stream", null, HttpStatusCode.ServiceUnavailable, "too_many_readers");

        followers[0].Dispose();
        HttpStatusCode again = default;
        await Until.TrueAsync(
            () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/node/logs/stream");
                using var response = server.Client.Send(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
                return (again = response.StatusCode) == HttpStatusCode.OK;
            },
            "the place of the one that left");
        Assert.Equal(HttpStatusCode.OK, again);
        followers.ForEach(f => f.Dispose());
    }

    [Fact]
    public async Task Openapi_describes_every_endpoint_with_summary_body_and_reply()
    {
        await using var server = await AdminServer.StartAsync();

        var (_, document) = await SendAsync(server, "GET", "/openapi.json");

        var operations = document!["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(o => (Name: $"{o.Key} {path.Key}", Value: o.Value!))).ToDictionary(o => o.Name, o => o.Value);
        Assert.Equal(
            [
                "delete /v1/node/keys/{id}", "delete /v1/node/secrets/{name}", "get /v1/node/config", "get /v1/node/keys", "get /v1/node/logs",
                "get /v1/node/logs/stream", "get /v1/node/secrets", "post /v1/node/keys", "post /v1/node/reload", "put /v1/node/secrets/{name}",
            ],
            operations.Keys.Order());
        Assert.All(operations.Values, o => Assert.NotEmpty((string)o["summary"]!));
        Assert.NotNull(operations["post /v1/node/keys"]["requestBody"]!["content"]!["application/json"]!["schema"]);
        Assert.NotNull(operations["put /v1/node/secrets/{name}"]["requestBody"]);
        Assert.Contains("\"created_at\"", document["components"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("\"restart_required\"", document["components"]!.ToJsonString(), StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(AdminServer server, string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        // No content type: callers forget it.
        if (body is not null) request.Content = new StringContent(body) { Headers = { ContentType = (MediaTypeHeaderValue?)null } };
        using var response = await server.Client.SendAsync(request, Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    private static async Task<string> AssertErrorAsync(AdminServer server, string method, string path, string? body, HttpStatusCode status, string code)
    {
        var (found, reply) = await SendAsync(server, method, path, body);
        Assert.Equal(status, found);
        Assert.Equal(code, (string)reply!["error"]!["code"]!);
        return (string)reply["error"]!["message"]!;
    }
}
