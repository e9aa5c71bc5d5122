using Microsoft.AspNetCore.Mvc;
using Mycel.Ledger.Statements;
using Mycel.Node.Networks;

namespace Mycel.Node.Api.Admin;

/// <summary>Who keeps the ledger of the own network beside this account's nodes: <c>/v1/node/clearing</c>.</summary>
internal static class ClearingEndpoints
{
    private const string Route = "/v1/node/clearing";
    private const int DefaultValiditySeconds = 90 * 86_400;
    private const int MinValiditySeconds = 60;

    private static readonly int MaxValiditySeconds = (int)Appointment.MaxValidity.TotalSeconds;

    /// <summary>Maps the endpoints.</summary>
    public static void MapClearing(this IEndpointRouteBuilder group)
    {
        group.MapPost(Route, AppointAsync).WithSummary("Appoints a node to keep the ledger of this account's network; appointed anew it is so from now on.")
            .WithJsonBody<AppointRequest>().Produces<ClearingNodeReply>(StatusCodes.Status201Created)
            .Produces(StatusCodes.Status403Forbidden).Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status409Conflict);
        group.MapDelete(Route + "/{node}", DismissAsync).WithSummary("Takes the appointment of the node of that name or id back.")
            .Produces<ClearingNodeReply>().Produces(StatusCodes.Status403Forbidden).Produces(StatusCodes.Status404NotFound);
    }

    private static Task AppointAsync(HttpContext context, [FromServices] NetworkRegistry networks, [FromServices] Appointments appointments) => NetworkGuard.RunAsync(context, async () =>
    {
        if (await AdminBody.ReadAsync(context, NetworkJson.Default.AppointRequest) is not { } request) return;
        if (string.IsNullOrWhiteSpace(request.Node))
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "missing_required_parameter", "Say which node: its name or id as 'node'.", "node");
            return;
        }
        var seconds = request.ExpiresS ?? DefaultValiditySeconds;
        if (seconds < MinValiditySeconds || seconds > MaxValiditySeconds)
        {
            await NetworkGuard.RefuseAsync(context, "expires_s", $"expires_s must be from {MinValiditySeconds} to {MaxValiditySeconds}, that is {Appointment.MaxValidity.TotalDays} days.");
            return;
        }
        if (await NetworkEndpoints.FindOrOnlyAsync(context, request.Network, networks) is not { } network) return;
        var appointed = appointments.Appoint(network, request.Node.Trim(), TimeSpan.FromSeconds(seconds));
        await AdminReply.WriteAsync(context, StatusCodes.Status201Created, NetworkViews.Of(appointed) with { Network = network.Charter.Name }, NetworkJson.Default.ClearingNodeReply);
    });

    private static Task DismissAsync(HttpContext context, string node, [FromQuery] string? network, [FromServices] NetworkRegistry networks, [FromServices] Appointments appointments) => NetworkGuard.RunAsync(context, async () =>
    {
        if (await NetworkEndpoints.FindOrOnlyAsync(context, network, networks) is not { } found) return;
        var dismissed = appointments.Dismiss(found, node);
        await AdminReply.WriteAsync(context, StatusCodes.Status200OK, NetworkViews.Of(dismissed) with { Network = found.Charter.Name }, NetworkJson.Default.ClearingNodeReply);
    });
}
