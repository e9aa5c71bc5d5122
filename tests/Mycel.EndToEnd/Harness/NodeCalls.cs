using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;

namespace Mycel.EndToEnd.Harness;

/// <summary>What tests ask of a node.</summary>
internal static class NodeCalls
{
    public const string ChatPath = "/v1/chat/completions";

    /// <summary>A small chat request.</summary>
    /// <param name="model">The model's name as the client says it.</param>
    /// <param name="stream">Whether a stream is asked for.</param>
    /// <param name="more">Further fields, each with a comma before it.</param>
    public static string ChatBody(string model, bool stream = false, string more = "") =>
        $$"""{"model":{{JsonSerializer.Serialize(model)}},"messages":[{"role":"user","content":"hi"}]{{(stream ? ",\"stream\":true" : "")}}{{more}}}""";

    public static Task<Reply> ChatAsync(this NodeProcess node, string model, bool stream = false, string more = "", params (string Name, string Value)[] headers) =>
        node.PostAsync(ChatPath, ChatBody(model, stream, more), headers);

    public static Task<Reply> PostAsync(this NodeProcess node, string target, string body, params (string Name, string Value)[] headers) =>
        node.Http.CallAsync(HttpMethod.Post, target, Encoding.UTF8.GetBytes(body), headers);

    public static Task<Reply> PostAsync(this NodeProcess node, string target, byte[] body, params (string Name, string Value)[] headers) =>
        node.Http.CallAsync(HttpMethod.Post, target, body, headers);

    public static Task<Reply> GetAsync(this NodeProcess node, string target, params (string Name, string Value)[] headers) =>
        node.Http.CallAsync(HttpMethod.Get, target, (byte[]?)null, headers);

    /// <summary>Any request by either client of a node; a body is sent as JSON.</summary>
    public static async Task<Reply> CallAsync(this HttpClient client, HttpMethod method, string target, byte[]? body, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, target, body, headers);
        return await Reply.ReadAsync(await client.SendAsync(request));
    }

    public static Task<Reply> CallAsync(this HttpClient client, HttpMethod method, string target, string body, params (string Name, string Value)[] headers) =>
        client.CallAsync(method, target, Encoding.UTF8.GetBytes(body), headers);

    /// <summary>Sends a chat request and returns as soon as the reply's head is there.</summary>
    public static async Task<HttpResponseMessage> BeginChatAsync(this NodeProcess node, string model, bool stream = true, CancellationToken cancel = default, params (string Name, string Value)[] headers)
    {
        using var request = Request(HttpMethod.Post, ChatPath, Encoding.UTF8.GetBytes(ChatBody(model, stream)), headers);
        return await node.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    /// <summary>A call over the control socket that must succeed; the result is its JSON.</summary>
    public static async Task<JsonNode> AskAsync(this NodeProcess node, string target)
    {
        var reply = await node.Control.CallAsync(HttpMethod.Get, target, body: (byte[]?)null);
        return reply.MustBe(200).Json;
    }

    public static Task<JsonNode> StatusAsync(this NodeProcess node) => node.AskAsync("/v1/node/status");

    /// <summary>A post over the control socket, whatever comes of it.</summary>
    public static Task<Reply> TellAsync(this NodeProcess node, string target, object body) =>
        node.Control.CallAsync(HttpMethod.Post, target, JsonSerializer.SerializeToUtf8Bytes(body));

    /// <summary>Adds a device to the running node and returns its entry.</summary>
    public static async Task<JsonNode> AddRelayAsync(this NodeProcess node, FaultyDevice device, string? name = null, int? maxConcurrent = null)
    {
        var body = new JsonObject { ["url"] = device.Url };
        if (name is not null) body["name"] = name;
        if (maxConcurrent is not null) body["max_concurrent"] = maxConcurrent;
        return (await node.TellAsync("/v1/node/relay/add", body)).MustBe(200).Json;
    }

    /// <summary>The node's entry for a device, or null.</summary>
    public static async Task<JsonNode?> RelayAsync(this NodeProcess node, FaultyDevice device) =>
        (await node.AskAsync("/v1/node/relay"))["relays"]!.AsArray().FirstOrDefault(relay => ((string)relay!["url"]!).TrimEnd('/') == device.Url);

    /// <summary>Has the node look at its devices now.</summary>
    public static async Task RefreshAsync(this NodeProcess node) => (await node.TellAsync("/v1/node/relay/refresh", new { })).MustBe(200);

    /// <summary>Ids that <c>/v1/models</c> lists.</summary>
    public static async Task<IReadOnlyList<string>> ModelIdsAsync(this NodeProcess node) =>
        [.. (await node.AskAsync("/v1/models"))["data"]!.AsArray().Select(model => (string)model!["id"]!)];

    /// <summary>Makes a key over the control socket; the result is its secret.</summary>
    public static async Task<string> CreateKeyAsync(this NodeProcess node, string name, string scope = "inference", int? concurrent = null, string? rate = null)
    {
        var body = new JsonObject { ["name"] = name, ["scope"] = scope };
        if (concurrent is not null) body["concurrent"] = concurrent;
        if (rate is not null) body["rate"] = rate;
        return (string)(await node.TellAsync("/v1/node/keys", body)).MustBe(201).Json["secret"]!;
    }

    /// <summary>Waits until nothing runs or waits on the node, and returns how long that took.</summary>
    public static Task<TimeSpan> IdleAsync(this NodeProcess node, TimeSpan? within = null) => Poll.UntilAsync(
        async () =>
        {
            var status = await node.StatusAsync();
            return (int)status["slots"]!["used"]! == 0 && (int)status["requests"]!["active"]! == 0 && (int)status["requests"]!["queued"]! == 0;
        },
        "no request runs or waits on the node",
        within);

    /// <summary>Waits until so many requests wait in the node's queue.</summary>
    public static Task<TimeSpan> QueuedAsync(this NodeProcess node, int count) =>
        Poll.UntilAsync(async () => (int)(await node.StatusAsync())["requests"]!["queued"]! == count, $"{count} requests in the queue");

    /// <summary>The record of a finished request, by its id.</summary>
    public static async Task<JsonNode> RecordAsync(this NodeProcess node, string requestId)
    {
        JsonNode? found = null;
        await Poll.UntilAsync(
            async () =>
            {
                var requests = await node.AskAsync("/v1/node/requests?limit=200");
                found = requests["recent"]!.AsArray().FirstOrDefault(request => (string?)request!["id"] == requestId);
                return found is not null;
            },
            $"request {requestId} among the recent ones");
        return found!;
    }

    private static HttpRequestMessage Request(HttpMethod method, string target, byte[]? body, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, target);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in headers)
        {
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase)) request.Headers.Host = value;
            else request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}
