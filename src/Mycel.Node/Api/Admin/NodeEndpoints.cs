using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Mycel.Node.Admission;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Configuration;
using Mycel.Node.Discovery.Lan;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Admin;

/// <summary>What the node is and does: <c>/v1/node/status</c>, <c>/v1/node/requests</c>, <c>/health</c>, <c>/ready</c>.</summary>
internal static class NodeEndpoints
{
    private const int DefaultRequests = 50;

    public static void MapNode(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => TypedResults.Text("Mycel is running. The API is under /v1, its description at /openapi.json.\n")).WithMetadata(Access.Everyone).ExcludeFromDescription();
        routes.MapGet("/health", () => TypedResults.Json(new HealthReply("ok", NodeState.Version), NodeJson.Default.HealthReply))
            .WithMetadata(Access.Everyone).WithTags("Node").WithSummary("Whether the process is alive.");
        routes.MapGet("/ready", Ready).WithMetadata(Access.Everyone).WithTags("Node").WithSummary("Whether the node takes work.").Produces<ReadyReply>().Produces<ReadyReply>(503);
        var node = routes.MapGroup("/v1/node").WithTags("Node").WithMetadata(Access.Admin);
        node.MapGet("/status", Status).WithSummary("What the node is and does.").Produces<StatusReply>();
        node.MapGet("/requests", Requests).WithSummary("Requests under way and the latest that ended.").Produces<RequestsReply>();
    }

    private static JsonHttpResult<ReadyReply> Ready(NodeState state)
    {
        var isReady = state.Phase == NodePhase.Ready;
        var reason = state.Phase switch { NodePhase.Starting => "The node is starting.", NodePhase.Draining => "The node is shutting down.", _ => null };
        return TypedResults.Json(new ReadyReply(isReady ? "ready" : state.Phase.ToString().ToLowerInvariant(), reason), NodeJson.Default.ReadyReply, statusCode: isReady ? 200 : 503);
    }

    private static JsonHttpResult<StatusReply> Status(
        NodeState state, NodeId node, OptionsStore options, NodeMetrics metrics, RequestLog requests, ExchangeWatch watch, Dispatcher dispatcher, RelayRegistry relays,
        LocalModels local, ModelCatalog catalog, KeyStore keys, LinkManager links, IPeerBook peers, NetworkRegistry networks, LanDiscovery lan, NearbyNodes nearby)
    {
        var devices = relays.Devices;
        var routes = metrics.Routes.ToList();
        var failed = routes.Sum(r => r.Requests.Where(s => s.Status >= 500).Sum(s => s.Count));
        var reply = new StatusReply(
            NodeState.Version, node.Value, Environment.MachineName, state.Phase.ToString().ToLowerInvariant(), state.StartedAt, Math.Round(state.Uptime.TotalSeconds, 1), state.Endpoint,
            options.Current.DataDir, options.File,
            new StatusRequests(watch.Count, dispatcher.Waiting, requests.Total, failed),
            new StatusTokens(routes.Sum(r => r.PromptTokens.Value), routes.Sum(r => r.CompletionTokens.Value)),
            new StatusSlots(dispatcher.InFlight, devices.Where(d => d.IsOnline).Sum(d => d.MaxConcurrent) + local.Models.Sum(m => m.Backend.MaxConcurrent)),
            new StatusRelays(devices.Count, devices.Count(d => d.IsOnline)), catalog.Listed.Count, keys.Keys.Count, LinksOf(links, peers, networks),
            new StatusLan(lan.Interfaces, nearby.All.Count, lan.WhyNot, lan.Problem));
        return TypedResults.Json(reply, NodeJson.Default.StatusReply);
    }

    private static StatusLinks LinksOf(LinkManager links, IPeerBook peers, NetworkRegistry networks)
    {
        var known = peers.All;
        return new StatusLinks(
            links.Door?.LocalEndPoint?.ToString(), links.Door?.Provider, links.Door?.WhyNot, links.Door is null ? [] : links.OwnAddresses, networks.Joined.Count,
            known.Count(peer => peer.IsGreeted), known.Count);
    }

    private static async Task Requests(HttpContext context, RequestLog requests, RequestRunner runner, int? limit)
    {
        if (limit is < 1 or > RequestLog.Capacity)
        {
            await ApiError.WriteAsync(context, 400, "invalid_value", $"limit must be from 1 to {RequestLog.Capacity}.", "limit");
            return;
        }
        await context.Response.WriteAsJsonAsync(new RequestsReply(runner.Active(), requests.Latest(limit ?? DefaultRequests)), NodeJson.Default.RequestsReply);
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

internal sealed record RequestsReply(IReadOnlyList<RouteRecord> Active, IReadOnlyList<RouteRecord> Recent);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthReply))]
[JsonSerializable(typeof(ReadyReply))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(RequestsReply))]
internal sealed partial class NodeJson : JsonSerializerContext;
