using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mycel.EndToEnd.Devices;

/// <summary>What a device can do with a request: properly, badly and in between.</summary>
internal static class Scripts
{
    public const string StreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

    public const string LastChunk = "0\r\n\r\n";

    /// <summary>Answers <c>/v1/models</c> with the device's list.</summary>
    public static Task ModelList(DeviceExchange exchange) => Models(exchange.Device.Models, "library")(exchange);

    /// <summary>Answers <c>/v1/models</c> with these ids and this owner.</summary>
    public static DeviceScript Models(IEnumerable<string> ids, string? owner) => Json(200, JsonSerializer.Serialize(new
    {
        @object = "list",
        data = ids.Select(id => owner is null ? (object)new { id, @object = "model", created = 1 } : new { id, @object = "model", created = 1, owned_by = owner }),
    }));

    /// <summary>Answers chat, completions and embeddings as a good backend would: three tokens, streamed where asked.</summary>
    public static Task Proper(DeviceExchange exchange)
    {
        using var body = JsonDocument.Parse(exchange.Request.Body);
        var model = body.RootElement.GetProperty("model").GetString()!;
        if (exchange.Request.Path.EndsWith("/embeddings", StringComparison.Ordinal)) return Embedding(model)(exchange);
        var isStream = body.RootElement.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True;
        if (!isStream) return Chat("Hello there!", model)(exchange);
        var usage = body.RootElement.TryGetProperty("stream_options", out var options) && options.ValueKind == JsonValueKind.Object
            && options.TryGetProperty("include_usage", out var include) && include.ValueKind == JsonValueKind.True;
        return Stream(Sse.Answer(["Hello", " there", "!"], usage, model))(exchange);
    }

    /// <summary>A document with a Content-Length.</summary>
    public static DeviceScript Json(int status, string body, string moreHeaders = "") => Document(status, "application/json", body, moreHeaders);

    public static DeviceScript Document(int status, string contentType, string body, string moreHeaders = "") => async exchange =>
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var head = $"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} X\r\nContent-Type: {contentType}\r\nContent-Length: {bytes.Length}\r\n{moreHeaders}\r\n";
        byte[] reply = [.. Encoding.Latin1.GetBytes(head), .. bytes];
        await exchange.SendAsync(reply);
    };

    /// <summary>A whole chat completion.</summary>
    public static DeviceScript Chat(string text, string model = "m") => Json(200, ChatBody(text, model));

    public static string ChatBody(string text, string model = "m") =>
        $$$"""{ "id":"c1","object":"chat.completion", "created":1,"model":{{{JsonSerializer.Serialize(model)}}},"choices":[{"index":0,"message":{"role":"assistant","content":{{{JsonSerializer.Serialize(text)}}}},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}""";

    /// <summary>Three numbers, as floats or base64 as the request asks.</summary>
    public static DeviceScript Embedding(string model) => exchange =>
    {
        var asBase64 = exchange.Request.BodyText.Contains("base64", StringComparison.Ordinal);
        var bytes = new[] { 0.25f, -0.5f, 1f }.SelectMany(BitConverter.GetBytes).ToArray();
        var value = asBase64 ? $"\"{Convert.ToBase64String(bytes)}\"" : "[0.25,-0.5,1.0]";
        return Json(200, $$$"""{"object":"list","model":{{{JsonSerializer.Serialize(model)}}},"data":[{"object":"embedding","index":0,"embedding":{{{value}}}}],"usage":{"prompt_tokens":4,"total_tokens":4}}""")(exchange);
    };

    /// <summary>A stream's payload in one chunk an event, properly ended.</summary>
    public static DeviceScript Stream(string payload) => async exchange =>
    {
        await exchange.SendAsync(StreamHead);
        foreach (var part in payload.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)) await exchange.SendAsync(Chunk(part + "\n\n"));
        await exchange.SendAsync(LastChunk);
    };

    /// <summary>A stream's payload whose body leaves in pieces of <paramref name="size"/> bytes, each a chunk and a packet of its own.</summary>
    public static DeviceScript StreamInPieces(byte[] payload, int size) => async exchange =>
    {
        await exchange.SendAsync(StreamHead);
        for (var at = 0; at < payload.Length; at += size)
        {
            await exchange.SendAsync(Chunk(payload.AsSpan(at, Math.Min(size, payload.Length - at))));
            await Task.Yield();
        }

        await exchange.SendAsync(LastChunk);
    };

    /// <summary>These bytes as they stand, then the connection's end.</summary>
    public static DeviceScript Raw(string bytes, End end = End.Finish) => async exchange =>
    {
        await exchange.SendAsync(bytes);
        if (end == End.Finish) exchange.Finish();
        else if (end == End.Reset) await ResetAfterDeliveryAsync(exchange);
        else if (end == End.Hang) await HangAsync(exchange);
    };

    /// <summary>A stream's head and these events, then the connection's end where nothing properly ended the body.</summary>
    public static DeviceScript StreamThen(End end, params string[] events) =>
        Raw(StreamHead + string.Concat(events.Select(e => Encoding.UTF8.GetString(Chunk(e)))), end);

    /// <summary>Nothing at all, until the node hangs up.</summary>
    public static Task HangAsync(DeviceExchange exchange)
    {
        exchange.KeepAlive = false;
        return Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, exchange.Gone));
    }

    /// <summary>A reset without a byte.</summary>
    public static Task Reset(DeviceExchange exchange)
    {
        exchange.Reset();
        return Task.CompletedTask;
    }

    /// <summary>Waits at the gate, then does the other.</summary>
    public static DeviceScript Held(Gate gate, DeviceScript then) => async exchange =>
    {
        await gate.PassedAsync(exchange.Gone);
        await then(exchange);
    };

    /// <summary>A stream of one token, then the gate, then the rest.</summary>
    public static DeviceScript StreamHeldAfterFirstToken(Gate gate) => async exchange =>
    {
        await exchange.SendAsync(StreamHead);
        await exchange.SendAsync(Chunk(Sse.Role() + Sse.Token("first")));
        await gate.PassedAsync(exchange.Gone);
        await exchange.SendAsync(Chunk(Sse.Token(" second") + Sse.Finish() + Sse.Done));
        await exchange.SendAsync(LastChunk);
    };

    public static byte[] Chunk(string text) => Chunk(Encoding.UTF8.GetBytes(text));

    public static byte[] Chunk(ReadOnlySpan<byte> bytes) =>
        [.. Encoding.Latin1.GetBytes(bytes.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), .. bytes, .. "\r\n"u8];

    /// <summary>A reset throws away what the other side has not read yet, so it must have had the time to read.</summary>
    private static async Task ResetAfterDeliveryAsync(DeviceExchange exchange)
    {
        await Task.Delay(50);
        exchange.Reset();
    }
}
