using Microsoft.AspNetCore.Mvc;
using Mycel.Identity.Networks;
using Mycel.Node.Networks;

namespace Mycel.Node.Api.Admin;

/// <summary>The networks that this node belongs to, and joining one: <c>/v1/node/networks</c>, <c>/v1/node/join</c>.</summary>
internal static class NetworkEndpoints
{
    private const string Route = "/v1/node/networks";
    private const int MaxNameLength = 64;

    /// <summary>Maps the endpoints.</summary>
    public static void MapNetworks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Networks").WithMetadata(Access.Admin);
        group.MapGet(Route, ListAsync).WithSummary("Lists the networks that this node belongs to.").Produces<NetworkListReply>();
        group.MapPost(Route, CreateAsync).WithSummary("Founds the network of this node's account.")
            .WithJsonBody<CreateNetworkRequest>().Produces<NetworkReply>(StatusCodes.Status201Created).Produces(StatusCodes.Status409Conflict);
        group.MapGet(Route + "/{network}", ShowAsync).WithSummary("Shows the network of that name or id, and who is known in it.")
            .Produces<NetworkReply>().Produces(StatusCodes.Status404NotFound);
        group.MapDelete(Route + "/{network}", LeaveAsync).WithSummary("Leaves the network of that name or id.").Produces<NetworkLeftReply>().Produces(StatusCodes.Status404NotFound);
        group.MapClearing();
        group.MapPost("/v1/node/join", JoinAsync).WithSummary("Redeems an invite; the reply is the network that this node belongs to now.")
            .WithJsonBody<JoinRequest>().Produces<NetworkReply>().Produces(StatusCodes.Status403Forbidden).Produces(StatusCodes.Status502BadGateway);
    }

    /// <summary>The network of a name or id; null where there is none, with the error sent.</summary>
    public static async ValueTask<JoinedNetwork?> FindAsync(HttpContext context, string nameOrId, NetworkRegistry networks)
    {
        if (networks.Find(nameOrId) is { } network) return network;
        await ApiError.WriteAsync(context, StatusCodes.Status404NotFound, "network_not_found",
            networks.Joined.Count == 0
                ? "This node belongs to no network. Found one with: mycel network create NAME, or join one with: mycel join TOKEN"
                : "This node belongs to no network of this name or id; mycel network list shows those it belongs to.", "network");
        return null;
    }

    /// <summary>The network meant: the one named, or the only one. Null where there is none, with the error sent.</summary>
    public static async ValueTask<JoinedNetwork?> FindOrOnlyAsync(HttpContext context, string? named, NetworkRegistry networks)
    {
        if (!string.IsNullOrEmpty(named) || networks.Joined.Count == 0) return await FindAsync(context, named ?? "", networks);
        if (networks.Joined is [var only]) return only;
        await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "missing_required_parameter",
            $"This node belongs to {networks.Joined.Count} networks: name the one that you mean. They are: {string.Join(", ", networks.Joined.Select(network => network.Charter.Name))}.", "network");
        return null;
    }

    private static Task ListAsync(HttpContext context, [FromServices] NetworkRegistry networks, [FromServices] NetworkViews views) => NetworkGuard.RunAsync(context, () =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, new NetworkListReply([.. networks.Joined.Select(views.Of)]), NetworkJson.Default.NetworkListReply));

    private static Task CreateAsync(HttpContext context, [FromServices] NetworkRegistry networks, [FromServices] NetworkViews views) => NetworkGuard.RunAsync(context, async () =>
    {
        if (await AdminBody.ReadAsync(context, NetworkJson.Default.CreateNetworkRequest) is not { } request) return;
        var name = request.Name?.Trim() ?? "";
        if (name.Length is 0 or > MaxNameLength || name.Any(char.IsControl))
        {
            await NetworkGuard.RefuseAsync(context, "name", $"A network's name has 1 to {MaxNameLength} characters and no control characters.");
            return;
        }
        if (name.ToLowerInvariant() is "home" or "networks")
        {
            await NetworkGuard.RefuseAsync(context, "name", $"'{name}' has a meaning of its own where models are shared (sharing.default). Choose another name.");
            return;
        }
        var made = await networks.CreateAsync(name, request.Public ?? false);
        context.Response.Headers.Location = $"{Route}/{made.Charter.Id}";
        await AdminReply.WriteAsync(context, StatusCodes.Status201Created, views.Of(made), NetworkJson.Default.NetworkReply);
    });

    private static Task ShowAsync(HttpContext context, string network, [FromServices] NetworkRegistry networks, [FromServices] NetworkViews views) => NetworkGuard.RunAsync(context, async () =>
    {
        if (await FindAsync(context, network, networks) is not { } found) return;
        await AdminReply.WriteAsync(context, StatusCodes.Status200OK, views.WithMembers(found), NetworkJson.Default.NetworkReply);
    });

    private static Task LeaveAsync(HttpContext context, string network, [FromServices] NetworkRegistry networks) => NetworkGuard.RunAsync(context, async () =>
    {
        if (await FindAsync(context, network, networks) is not { } found) return;
        await networks.LeaveAsync(found);
        await AdminReply.WriteAsync(context, StatusCodes.Status200OK, new NetworkLeftReply("left", found.Charter.Id.ToString(), found.Charter.Name), NetworkJson.Default.NetworkLeftReply);
    });

    private static Task JoinAsync(HttpContext context, [FromServices] Joiner joiner, [FromServices] NetworkViews views) => NetworkGuard.RunAsync(context, async () =>
    {
        if (await AdminBody.ReadAsync(context, NetworkJson.Default.JoinRequest) is not { } request) return;
        if (string.IsNullOrWhiteSpace(request.Token))
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "missing_required_parameter", "The invite is missing: give it as 'token'.", "token");
            return;
        }
        var joined = await joiner.JoinAsync(request.Token, context.RequestAborted);
        await AdminReply.WriteAsync(context, StatusCodes.Status200OK, views.Of(joined), NetworkJson.Default.NetworkReply);
    });
}
