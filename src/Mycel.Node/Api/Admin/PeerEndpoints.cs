using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Mycel.Identity;
using Mycel.Node.Networks;
using Mycel.Node.Observability;

namespace Mycel.Node.Api.Admin;

/// <summary>The other nodes that this one knows, and those of its own account: <c>/v1/node/peers</c>, <c>/v1/node/fleet</c>.</summary>
internal static class PeerEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapPeers(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/node").WithTags("Peers").WithMetadata(Access.Admin);
        group.MapGet("/peers", List).WithSummary("Lists the other nodes of this node's networks and account: how they are linked, their models, the last error.").Produces<PeerListReply>();
        group.MapGet("/fleet", Fleet).WithSummary("Lists the nodes of this node's account, this one first.").Produces<FleetListReply>();
    }

    private static JsonHttpResult<PeerListReply> List([FromServices] NetworkViews views) => TypedResults.Json(views.Peers(), NetworkJson.Default.PeerListReply);

    private static JsonHttpResult<FleetListReply> Fleet(
        [FromServices] NodeIdentity identity, [FromServices] IPeerBook peers, [FromServices] IOwnModels models, [FromServices] NetworkViews views, [FromServices] TimeProvider time)
    {
        var offers = models.Offers;
        var here = new FleetNodeReply(
            identity.Device.PeerId.ToString(), identity.Certificate.DeviceName, true, true, null, null, null, null, [.. offers.Select(offer => offer.Name)],
            offers.Count == 0 ? 0 : (int)offers.Max(offer => offer.Slots), offers.Count == 0 ? 0 : (int)offers.Max(offer => offer.FreeSlots), NodeState.Version, time.GetUtcNow(), null);
        var others = peers.All.Where(peer => peer.IsOwn).Select(views.Of).OrderBy(peer => peer.Name, StringComparer.OrdinalIgnoreCase).ThenBy(peer => peer.Id, StringComparer.Ordinal)
            .Select(peer => new FleetNodeReply(
                peer.Id, peer.Name, false, peer.Linked, peer.Carrier, peer.Address, peer.Direction, peer.RoundTripMs, peer.Models, peer.Slots, peer.FreeSlots, peer.Version, peer.LastSeen, peer.LastError));
        return TypedResults.Json(new FleetListReply([here, .. others]), NetworkJson.Default.FleetListReply);
    }
}
