using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Observability.Logs;

namespace Mycel.Node.Api.Admin;

/// <summary>The node's log: <c>/v1/node/logs</c>, and <c>/v1/node/logs/stream</c> as it is written.</summary>
internal static class LogEndpoints
{
    /// <summary>Time without an entry after which a comment keeps the stream alive, in seconds.</summary>
    public const int KeepAliveSeconds = 15;

    private const int DefaultLimit = 100;

    /// <summary>Maps the endpoints.</summary>
    public static void MapLogs(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/node/logs", ListAsync).WithTags("Logs")
            .WithSummary($"The last log entries, oldest first: limit (1–{LogBuffer.Capacity}, default {DefaultLimit}), level ({LogLevelText.All})").Produces<LogListView>();
        routes.MapGet("/v1/node/logs/stream", StreamAsync).WithTags("Logs")
            .WithSummary("Log entries as they are written, as server-sent events").Produces(StatusCodes.Status200OK, contentType: "text/event-stream");
    }

    private static async Task ListAsync(HttpContext context, string? limit, string? level, [FromServices] LogBuffer logs)
    {
        if (await ReadLevelAsync(context, level) is not { } least) return;
        if (await AdminReply.ReadNumberAsync(context, "limit", limit, DefaultLimit, LogBuffer.Capacity) is not { } count) return;
        var body = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray("logs");
            foreach (var entry in logs.Last(count, least)) LogEntryWriter.WriteJson(entry, json);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.WrittenCount;
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    private static async Task StreamAsync(
        HttpContext context, string? level, [FromServices] LogBuffer logs, [FromServices] TimeProvider time, [FromServices] IHostApplicationLifetime lifetime)
    {
        if (await ReadLevelAsync(context, level) is not { } least) return;
        using var subscription = logs.Subscribe(least);
        if (subscription is null)
        {
            await ApiError.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "too_many_readers",
                $"{LogBuffer.MaxSubscribers} readers follow the log already; end one of them and try again.");
            return;
        }
        // A follower must not hold up the node's stop.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await SendAsync(context, subscription, time, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The reader left, or the node stops: the stream just ends.
        }
    }

    private static async Task SendAsync(HttpContext context, LogSubscription subscription, TimeProvider time, CancellationToken cancel)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        var output = context.Response.BodyWriter;
        output.Write(": following\n\n"u8);
        await output.FlushAsync(cancel);
        while (await WaitAsync(subscription, output, time, cancel))
        {
            while (subscription.TryRead(out var entry))
            {
                output.Write("data: "u8);
                LogEntryWriter.WriteJson(entry, output);
                output.Write("\n\n"u8);
                await output.FlushAsync(cancel);
            }
        }
    }

    /// <summary>Waits for an entry, and meanwhile keeps the connection from looking dead.</summary>
    private static async Task<bool> WaitAsync(LogSubscription subscription, PipeWriter output, TimeProvider time, CancellationToken cancel)
    {
        var waiting = subscription.WaitAsync(cancel).AsTask();
        while (true)
        {
            try
            {
                return await waiting.WaitAsync(TimeSpan.FromSeconds(KeepAliveSeconds), time, cancel);
            }
            catch (TimeoutException)
            {
                output.Write(": still here\n\n"u8);
                await output.FlushAsync(cancel);
            }
        }
    }

    private static async ValueTask<LogLevel?> ReadLevelAsync(HttpContext context, string? text)
    {
        if (string.IsNullOrEmpty(text)) return LogLevel.Trace;
        if (LogLevelText.TryParse(text, out var level)) return level;
        await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_parameter", $"level must be {LogLevelText.All}.", "level");
        return null;
    }
}
