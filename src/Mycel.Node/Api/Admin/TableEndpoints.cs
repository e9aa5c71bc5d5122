using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using Mycel.Identity;
using Mycel.Node.Discovery;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Api.Admin;

/// <summary>The table of peers: <c>/v1/node/dht</c>, and who has a model: <c>/v1/node/peers/find</c>.</summary>
internal static class TableEndpoints
{
    private const int MaxModelCharacters = 256;

    /// <summary>Maps the endpoints.</summary>
    public static void MapTable(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/node").WithTags("Peers").WithMetadata(Access.Admin);
        group.MapGet("/dht", ReadAsync).WithSummary("Shows this node's part in the table of peers: buckets, the network's size by estimate, records and lookups.").Produces<TableReply>();
        group.MapGet("/peers/find", FindAsync).WithSummary("Looks up who has a model, in what is known and in the table of peers; links with nobody.")
            .Produces<FoundReply>().Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound);
    }

    private static Task ReadAsync(HttpContext context, [FromServices] PeerTable table, [FromServices] NetworkRegistry networks) => AdminGuard.RunAsync(context, async () =>
    {
        var state = await table.ReadAsync(context.RequestAborted);
        await AdminReply.WriteAsync(context, StatusCodes.Status200OK, Of(state, networks), TableJson.Default.TableReply);
    });

    private static Task FindAsync(
        HttpContext context, [FromQuery] string? model, [FromQuery] string? network, [FromServices] ModelFinder finder, [FromServices] PeerTable table, [FromServices] NetworkRegistry networks,
        [FromServices] IPeerBook peers, [FromServices] ILinks links) => AdminGuard.RunAsync(context, async () =>
    {
        if (string.IsNullOrEmpty(model) || model.Length > MaxModelCharacters || model.Any(char.IsControl))
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value", $"Name the model with ?model=NAME: 1 to {MaxModelCharacters} characters, no control characters.", "model");
            return;
        }

        NetworkId? within = null;
        if (!string.IsNullOrEmpty(network))
        {
            if (await NetworkEndpoints.FindAsync(context, network, networks) is not { } joined) return;
            within = joined.Charter.Id;
        }

        var found = await finder.LookUpAsync(model, within, context.RequestAborted);
        var providers = found.Providers.Select(provider => new ProviderReply(
            provider.Peer.ToString(), peers.Find(provider.Peer)?.Name, networks.Find(provider.Network)?.Charter.Name ?? provider.Network.ToString(), provider.Addresses, links.Find(provider.Peer) is not null,
            provider.IsFromTable ? "table" : "record", provider.ExpiresAt));
        var reply = new FoundReply(
            model, [.. providers.OrderByDescending(provider => provider.Linked).ThenBy(provider => provider.Id, StringComparer.Ordinal)], found.IsTableAsked, found.IsTableAsked ? null : WhyNot(table.IsRunning, networks),
            found.Questions, found.Hops, Math.Round(found.Time.TotalMilliseconds, 1));
        await AdminReply.WriteAsync(context, StatusCodes.Status200OK, reply, TableJson.Default.FoundReply);
    });

    private static TableReply Of(TableState state, NetworkRegistry networks)
    {
        if (state.Statistics is not { } now) return new TableReply(state.IsEnabled, false, WhyNot(isRunning: false, networks, state.IsEnabled), 0, true, 0, 0, 0, [], 0, 0, new LookupsReply(0, 0, 0, 0), null, null);
        return new TableReply(
            state.IsEnabled, true, null, state.Port, state.IsPassive, now.Contacts, now.Replacements, Math.Round(now.EstimatedNodes, 1),
            [.. now.Buckets.Select(bucket => new BucketReply(bucket.Prefix, bucket.Contacts, bucket.Waiting))], now.Records, now.Publications,
            new LookupsReply(now.LookupsRunning, now.LookupsStarted, now.LookupsFound, now.LookupsEmpty),
            new QuestionsReply(now.QuestionsSent, now.QuestionsUnanswered, now.QuestionsReceived, now.QuestionsLimited, now.TokensDemanded),
            new TrafficReply(now.BytesSent, now.BytesReceived, now.MessagesDropped + state.PacketsDropped, now.RecordsRefused));
    }

    /// <summary>Why the table was not asked, and what to do.</summary>
    private static string WhyNot(bool isRunning, NetworkRegistry networks, bool isEnabled = true)
        => isRunning ? "the network is private, and its members find each other by their links alone"
            : !isEnabled ? "it is switched off (dht.enabled, --no-dht)"
            : networks.Joined.Any(network => network.Charter.IsPublic) ? "it is switched off or just starting"
            : "this node belongs to no public network; members of private ones find each other by their links alone";
}

/// <summary>Reply of <c>GET /v1/node/dht</c>.</summary>
/// <param name="Enabled">Whether the settings let this node take part.</param>
/// <param name="Running">Whether it does.</param>
/// <param name="Problem">Why it does not; null where it does.</param>
/// <param name="Port">Its UDP port; 0 where only links carry messages.</param>
/// <param name="Passive">Whether it asks and is not asked, since others cannot reach it.</param>
/// <param name="Contacts">Nodes that are known.</param>
/// <param name="Waiting">Nodes that wait for a place among them.</param>
/// <param name="EstimatedNodes">Nodes that take part, by estimate.</param>
/// <param name="Buckets">The contacts by how many leading bits of their id are this node's.</param>
/// <param name="Records">Records stored, its own included.</param>
/// <param name="Published">Records that this node keeps published.</param>
/// <param name="Lookups">Lookups so far.</param>
/// <param name="Questions">Questions so far.</param>
/// <param name="Traffic">Messages so far.</param>
internal sealed record TableReply(
    bool Enabled, bool Running, string? Problem, int Port, bool Passive, int Contacts, int Waiting, double EstimatedNodes, IReadOnlyList<BucketReply> Buckets, int Records, int Published, LookupsReply Lookups,
    QuestionsReply? Questions, TrafficReply? Traffic);

internal sealed record BucketReply(int Prefix, int Contacts, int Waiting);

/// <param name="Running">Under way.</param>
/// <param name="Started">Of nodes and of records, those by which the table keeps itself up included.</param>
/// <param name="Found">Of records: that found one.</param>
/// <param name="Empty">Of records: that found none.</param>
internal sealed record LookupsReply(int Running, long Started, long Found, long Empty);

internal sealed record QuestionsReply(long Sent, long Unanswered, long Received, long Limited, long TokensDemanded);

internal sealed record TrafficReply(long BytesSent, long BytesReceived, long Dropped, long RecordsRefused);

/// <summary>Reply of <c>GET /v1/node/peers/find</c>.</summary>
/// <param name="Model">What was looked for.</param>
/// <param name="Providers">Who has it, the linked first.</param>
/// <param name="TableAsked">Whether the table of peers was asked.</param>
/// <param name="Problem">Why it was not; null where it was.</param>
/// <param name="Questions">Questions that the lookup asked.</param>
/// <param name="Hops">Hops to the first node that knew a provider.</param>
/// <param name="TookMs">How long it took.</param>
internal sealed record FoundReply(string Model, IReadOnlyList<ProviderReply> Providers, bool TableAsked, string? Problem, int Questions, int Hops, double TookMs);

/// <param name="Id">Its peer id.</param>
/// <param name="Name">Its name; null for a node that was never heard of.</param>
/// <param name="Network">The network that it has the model for.</param>
/// <param name="Addresses">Where it says that it is.</param>
/// <param name="Linked">Whether it is linked now.</param>
/// <param name="Source">record: by the record it sent, itself or through others; table: by the table of peers.</param>
/// <param name="ExpiresAt">Until when the table's record holds.</param>
internal sealed record ProviderReply(string Id, string? Name, string Network, IReadOnlyList<string> Addresses, bool Linked, string Source, DateTimeOffset? ExpiresAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TableReply))]
[JsonSerializable(typeof(FoundReply))]
internal sealed partial class TableJson : JsonSerializerContext;
