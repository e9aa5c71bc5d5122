using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Api.Admin;

/// <summary>Models to be had from the hub: <c>/v1/node/hub</c>.</summary>
internal static partial class HubEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapHub(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/node/hub").WithTags("Local models").WithMetadata(Access.Admin);
        group.MapGet("", FindAsync).WithSummary("Looks for models on the hub (HF_ENDPOINT), those downloaded most first.").Produces<HubReply>();
        group.MapGet("/{org}/{repo}", FilesAsync).WithSummary("Lists the files of a repository that can be pulled, and how they fit this machine's memory.").Produces<HubFilesReply>().Produces(404);
    }

    private static Task FindAsync(HttpContext context, string? q, [FromServices] HubSearch hub) => ModelGuard.RunAsync(context, async () =>
    {
        var words = q?.Trim() ?? "";
        if (words.Length > HubSearch.MaxQuery) throw ModelException.Invalid($"q has at most {HubSearch.MaxQuery} characters.");
        await AdminReply.WriteAsync(context, 200, new HubReply(hub.Hub.AbsoluteUri, await hub.FindAsync(words, context.RequestAborted)), HubJson.Default.HubReply);
    });

    private static Task FilesAsync(HttpContext context, string org, string repo, [FromServices] HubSearch hub, [FromServices] IOptionsSource options) => ModelGuard.RunAsync(context, async () =>
    {
        if (!Name().IsMatch(org) || !Name().IsMatch(repo)) throw ModelException.Invalid("A repository is named ORG/REPO.");
        var files = await hub.FilesAsync($"{org}/{repo}", context.RequestAborted);
        await AdminReply.WriteAsync(context, 200, new HubFilesReply($"{org}/{repo}", EngineSizing.Budget(options.Current.Engine), files), HubJson.Default.HubFilesReply);
    });

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
    private static partial Regex Name();
}

/// <summary>What was found.</summary>
/// <param name="Hub">The hub's address.</param>
/// <param name="Repositories">Those downloaded most first.</param>
internal sealed record HubReply(string Hub, IReadOnlyList<HubRepository> Repositories);

/// <summary>The files of a repository.</summary>
/// <param name="Id">As <c>ORG/REPO</c>.</param>
/// <param name="BudgetBytes">Memory that models may take on this machine.</param>
/// <param name="Files">The smallest first.</param>
internal sealed record HubFilesReply(string Id, long BudgetBytes, IReadOnlyList<HubFile> Files);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HubReply))]
[JsonSerializable(typeof(HubFilesReply))]
internal sealed partial class HubJson : JsonSerializerContext;
