using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Api.Admin;

/// <summary>Downloads of models: <c>/v1/node/models/pull</c> and <c>/v1/node/models/pulls</c>.</summary>
internal static class ModelPullEndpoints
{
    /// <summary>Time between two events of a stream.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    /// <summary>Maps the endpoints below the models' own.</summary>
    public static void MapPulls(this IEndpointRouteBuilder models)
    {
        models.MapPost("/pull", StartAsync).WithSummary("Downloads a model, or goes on with it").WithJsonBody<PullModelRequest>().Produces<PullReply>(StatusCodes.Status202Accepted);
        models.MapGet("/pulls", ListAsync).WithSummary("Lists the downloads: under way, lately ended, and interrupted ones that can go on").Produces<PullListReply>();
        models.MapGet("/pulls/{id}", ShowAsync).WithSummary("Shows a download; with stream=true as it proceeds, as server-sent events")
            .Produces<PullReply>().Produces(StatusCodes.Status404NotFound);
        models.MapDelete("/pulls/{id}", EndAsync).WithSummary("Ends a download under way and keeps what has come; of one that has ended, deletes what was kept")
            .Produces<PullEndedReply>().Produces(StatusCodes.Status404NotFound);
    }

    private static Task StartAsync(HttpContext context, [FromServices] ModelPuller puller) => ModelGuard.RunAsync(context, async () =>
    {
        if (await AdminBody.ReadAsync(context, ModelJson.Default.PullModelRequest) is not { } request) return;
        if (string.IsNullOrEmpty(request.Source)) throw new ModelException(400, "missing_required_parameter", "Name what to pull by 'source'.");
        var pull = puller.Start(new PullRequest(request.Source, request.Sha256, request.Name));
        context.Response.Headers.Location = $"/v1/node/models/pulls/{pull.Status.Id}";
        await AdminReply.WriteAsync(context, StatusCodes.Status202Accepted, ModelViews.ReplyOf(pull.Status), ModelJson.Default.PullReply);
    });

    private static Task ListAsync(HttpContext context, [FromServices] ModelPuller puller) =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, new PullListReply([.. puller.List().Select(ModelViews.ReplyOf)]), ModelJson.Default.PullListReply);

    private static async Task ShowAsync(
        HttpContext context, string id, bool? stream, [FromServices] ModelPuller puller, [FromServices] TimeProvider time, [FromServices] IHostApplicationLifetime lifetime)
    {
        if (puller.Find(id) is not { } pull)
        {
            await NotFoundAsync(context);
            return;
        }
        if (stream != true)
        {
            await AdminReply.WriteAsync(context, StatusCodes.Status200OK, ModelViews.ReplyOf(pull), ModelJson.Default.PullReply);
            return;
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await SendAsync(context, id, pull, puller, time, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The reader left, or the node stops: the stream just ends.
        }
    }

    private static async Task SendAsync(HttpContext context, string id, PullStatus first, ModelPuller puller, TimeProvider time, CancellationToken cancel)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        var output = context.Response.BodyWriter;
        for (PullStatus? pull = first; pull is not null; pull = puller.Find(id))
        {
            output.Write("data: "u8);
            output.Write(JsonSerializer.SerializeToUtf8Bytes(ModelViews.ReplyOf(pull), ModelJson.Default.PullReply));
            output.Write("\n\n"u8);
            await output.FlushAsync(cancel);
            if (pull.IsEnded) return;
            await puller.WaitAsync(id, Step, time, cancel);
        }
    }

    private static Task EndAsync(HttpContext context, string id, [FromServices] ModelPuller puller) => ModelGuard.RunAsync(context, async () =>
    {
        var wasRunning = puller.Find(id) is { IsEnded: false };
        if (await puller.CancelAsync(id))
            await AdminReply.WriteAsync(context, StatusCodes.Status200OK, new PullEndedReply(wasRunning ? "cancelled" : "removed", id), ModelJson.Default.PullEndedReply);
        else await NotFoundAsync(context);
    });

    private static Task NotFoundAsync(HttpContext context) =>
        ApiError.WriteAsync(context, StatusCodes.Status404NotFound, "pull_not_found", "There is no download with this id; GET /v1/node/models/pulls lists them.", "id");
}
