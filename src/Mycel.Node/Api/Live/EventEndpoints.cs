using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Admission;

namespace Mycel.Node.Api.Live;

/// <summary>The node as it changes: <c>/v1/node/events</c>.</summary>
internal static class EventEndpoints
{
    /// <summary>Maps the endpoint.</summary>
    public static void MapEvents(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/node/events", StreamAsync).WithMetadata(Access.Admin).WithTags("Node")
            .WithSummary("What the node is and does, as server-sent events: first everything, then each part that has changed, at most once a second.")
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream");

    private static async Task StreamAsync(
        HttpContext context, [FromServices] LiveFeed feed, [FromServices] LoadHistory history, [FromServices] Authenticator authenticator, [FromServices] IHostApplicationLifetime lifetime)
    {
        using var watch = feed.Watch();
        if (watch is null)
        {
            await ApiError.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "too_many_readers",
                $"{LiveFeed.MaxWatchers} watch this node already; close one of them and try again.");
            return;
        }
        // A watcher must not hold up the node's stop.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await SendAsync(context, watch, history, authenticator, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The watcher left, or the node stops: the stream just ends.
        }
    }

    private static async Task SendAsync(HttpContext context, LiveWatch watch, LoadHistory history, Authenticator authenticator, CancellationToken cancel)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var output = context.Response.Body;
        var past = JsonSerializer.SerializeToUtf8Bytes(new LoadHistoryReply(LoadHistory.IntervalSeconds, history.Samples), LiveJson.Default.LoadHistoryReply);
        await output.WriteAsync(new LiveEvent("history", past).ToBytes(), cancel);
        // A key that was revoked meanwhile ends what it began.
        while (authenticator.Check(context, KeyScope.Admin, out _) == AuthenticationResult.Ok)
        {
            foreach (var news in watch.Take()) await output.WriteAsync(news.ToBytes(), cancel);
            await output.FlushAsync(cancel);
            await watch.WaitAsync(cancel);
        }
    }
}
