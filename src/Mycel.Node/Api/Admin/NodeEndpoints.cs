using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Mycel.Node.Execution;
using Mycel.Node.Observability;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Admin;

/// <summary>What the node is and does: <c>/v1/node/status</c>, <c>/v1/node/requests</c>, <c>/health</c>, <c>/ready</c>.</summary>
internal static class NodeEndpoints
{
    private const int DefaultRequests = 50;

    public static void MapNode(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", () => TypedResults.Json(new HealthReply("ok", NodeState.Version), NodeJson.Default.HealthReply))
            .WithMetadata(Access.Everyone).WithTags("Node").WithSummary("Whether the process is alive.");
        routes.MapGet("/ready", Ready).WithMetadata(Access.Everyone).WithTags("Node").WithSummary("Whether the node takes work.").Produces<ReadyReply>().Produces<ReadyReply>(503);
        var node = routes.MapGroup("/v1/node").WithTags("Node").WithMetadata(Access.Admin);
        node.MapGet("/status", Status).WithSummary("What the node is and does.").Produces<StatusReply>();
        node.MapGet("/requests", Requests).WithSummary("Requests under way and the latest that ended.").Produces<RequestsReply>();
        node.MapDelete("/requests/{id}", CancelAsync).WithSummary("Ends a request under way.").Produces(StatusCodes.Status204NoContent).Produces(StatusCodes.Status404NotFound);
    }

    private static JsonHttpResult<ReadyReply> Ready(NodeState state)
    {
        var isReady = state.Phase == NodePhase.Ready;
        var reason = state.Phase switch { NodePhase.Starting => "The node is starting.", NodePhase.Draining => "The node is shutting down.", _ => null };
        return TypedResults.Json(new ReadyReply(isReady ? "ready" : state.Phase.ToString().ToLowerInvariant(), reason), NodeJson.Default.ReadyReply, statusCode: isReady ? 200 : 503);
    }

    private static JsonHttpResult<StatusReply> Status(StatusView view) => TypedResults.Json(view.Now(), NodeJson.Default.StatusReply);

    private static async Task Requests(HttpContext context, RequestsView view, int? limit)
    {
        if (limit is < 1 or > RequestLog.Capacity)
        {
            await ApiError.WriteAsync(context, 400, "invalid_value", $"limit must be from 1 to {RequestLog.Capacity}.", "limit");
            return;
        }
        await context.Response.WriteAsJsonAsync(view.Now(limit ?? DefaultRequests), NodeJson.Default.RequestsReply);
    }

    private static async Task CancelAsync(HttpContext context, string id, RequestRunner runner)
    {
        if (runner.Cancel(id)) context.Response.StatusCode = StatusCodes.Status204NoContent;
        else await ApiError.WriteAsync(context, 404, "request_not_found", "No request of this id is under way; it may have ended just now.", "id");
    }
}

internal sealed record HealthReply(string Status, string Version);

internal sealed record ReadyReply(string Status, string? Reason);

internal sealed record StatusReply(
    string Version, string NodeId, string Name, string State, DateTimeOffset StartedAt, double UptimeS, string Endpoint, string DataDir, string? ConfigFile,
    StatusRequests Requests, StatusTokens Tokens, StatusSlots Slots, StatusRelays Relays, int Models, int Keys, StatusLinks Links, StatusLan Lan);

internal sealed record StatusRequests(int Active, int Queued, long Total, long Failed);

internal sealed record StatusTokens(long Prompt, long Completion);

internal sealed record StatusSlots(int Used, int Total);

internal sealed record StatusRelays(int Total, int Online);

/// <summary>What ties this node to others.</summary>
/// <param name="Listening">Where it listens for QUIC; null before it belongs to a network or hears another node of its account, and where there is no QUIC.</param>
/// <param name="Provider">What carries QUIC, or null.</param>
/// <param name="Problem">Why there is no QUIC, or null.</param>
/// <param name="Addresses">Where others are told to reach it.</param>
/// <param name="Networks">Networks that it belongs to.</param>
/// <param name="PeersLinked">Nodes of them, and of the own account, that are linked.</param>
/// <param name="PeersKnown">Those that are known.</param>
internal sealed record StatusLinks(string? Listening, string? Provider, string? Problem, IReadOnlyList<string> Addresses, int Networks, int PeersLinked, int PeersKnown);

/// <summary>What is found on the local network.</summary>
/// <param name="Interfaces">Network interfaces that this node is announced on.</param>
/// <param name="Nearby">Other nodes of the account that were heard in the last minutes.</param>
/// <param name="WhyNot">Why none is looked for, by choice; else null.</param>
/// <param name="Problem">What keeps them from being looked for; else null.</param>
internal sealed record StatusLan(int Interfaces, int Nearby, string? WhyNot, string? Problem);

internal sealed record RequestsReply(IReadOnlyList<RouteRecord> Active, IReadOnlyList<RouteRecord> Recent, IReadOnlyList<RequestFigures> ByModel, IReadOnlyList<RequestFigures> ByRoute, int UnknownModels);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthReply))]
[JsonSerializable(typeof(ReadyReply))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(RequestsReply))]
internal sealed partial class NodeJson : JsonSerializerContext;
