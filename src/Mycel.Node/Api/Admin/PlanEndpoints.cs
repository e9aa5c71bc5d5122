using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Routing;

namespace Mycel.Node.Api.Admin;

/// <summary><c>GET /v1/node/plan</c>: where a request for a model would go now.</summary>
internal static class PlanEndpoints
{
    /// <summary>Longest model name taken, in characters.</summary>
    private const int MaxNameLength = 1024;

    public static void MapPlan(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/node/plan", PlanAsync).WithTags("Node").WithMetadata(Access.Admin).WithSummary("Where a request for a model would go now, and why nowhere else.")
            .Produces<PlanReply>().Produces(404);

    private static Task PlanAsync(
        HttpContext context, [FromServices] ModelCatalog catalog, [FromServices] Dispatcher dispatcher, [FromServices] RelayRegistry relays, [FromQuery] string? model)
    {
        if (string.IsNullOrEmpty(model) || model.Length > MaxNameLength)
            return ApiError.WriteAsync(context, 400, "missing_required_parameter", "Name the model to plan for, as in /v1/node/plan?model=qwen3-4b.", "model");
        // Where the node is in no network there are neither peers nor links.
        var planner = new RoutePlanner(
            catalog, dispatcher, () => relays.Devices, context.RequestServices.GetService<IPeerBook>(), context.RequestServices.GetService<ILinks>());
        if (planner.Plan(model) is { } plan) return AdminReply.WriteAsync(context, 200, plan, PlanJson.Default.PlanReply);
        var near = catalog.Near(model);
        var hint = near.Count > 0 ? $" Did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?" : " GET /v1/models lists those that do.";
        return ApiError.WriteAsync(context, 404, "model_not_found", $"The model '{model}' does not exist here.{hint}", "model");
    }
}

/// <summary>Where a request would go.</summary>
/// <param name="Model">The name as asked for.</param>
/// <param name="Ranking">Who would be asked, the best first.</param>
/// <param name="Refused">Who would not, and why.</param>
internal sealed record PlanReply(string Model, IReadOnlyList<RankedReply> Ranking, IReadOnlyList<RefusedReply> Refused);

/// <summary>One that would be asked.</summary>
/// <param name="Route">Its route.</param>
/// <param name="Model">The model's name there.</param>
/// <param name="Rank">1 for the first.</param>
/// <param name="Score">Weighed seconds; those within a fifth of the best are equals that take turns.</param>
/// <param name="Place"><c>local</c>, <c>relay</c>, <c>own peer</c> or <c>peer</c>.</param>
/// <param name="Reasons">What the score is made of.</param>
/// <param name="InFlight">Requests for this model there, from this node.</param>
/// <param name="Slots">Requests at once.</param>
/// <param name="Load">How full it is; 1 for full.</param>
/// <param name="FirstTokenMs">Expected time to the first token, a median; null where it is not known.</param>
/// <param name="TokensPerSecond">Expected rate of an answer, a median; null where it is not known.</param>
/// <param name="IsMeasured">Whether this node measured these itself.</param>
/// <param name="SuccessShare">Share of answers that were whole.</param>
/// <param name="Tier">Quality of the model; null where it is not known.</param>
/// <param name="PromptPrice">Micro-credits for a million tokens.</param>
/// <param name="CompletionPrice">Micro-credits for a million tokens.</param>
/// <param name="Sessions">Conversations that it has in its cache and that stay with it while that costs little.</param>
internal sealed record RankedReply(
    string Route, string Model, int Rank, double Score, string Place, IReadOnlyList<string> Reasons, int InFlight, int Slots, double Load, double? FirstTokenMs,
    double? TokensPerSecond, bool IsMeasured, double SuccessShare, string? Tier, long PromptPrice, long CompletionPrice, int Sessions);

/// <summary>One that would not be asked.</summary>
/// <param name="Route">Its route.</param>
/// <param name="Reason">Why, in a sentence.</param>
internal sealed record RefusedReply(string Route, string Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PlanReply))]
internal sealed partial class PlanJson : JsonSerializerContext;
