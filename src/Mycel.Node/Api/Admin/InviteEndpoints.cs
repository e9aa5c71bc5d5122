using Microsoft.AspNetCore.Mvc;
using Mycel.Identity.Networks;
using Mycel.Node.Configuration;
using Mycel.Node.Networks;

namespace Mycel.Node.Api.Admin;

/// <summary>The invites that this node made: <c>/v1/node/invites</c>. Only the reply to making one holds its token.</summary>
internal static class InviteEndpoints
{
    private const string Route = "/v1/node/invites";
    private const int DefaultValiditySeconds = 7 * 86_400;
    private const int MinValiditySeconds = 60;
    private const int MaxModelName = 256;
    private const int MaxLabel = 100;

    private static readonly int MaxValiditySeconds = (int)Invite.MaxValidity.TotalSeconds;

    /// <summary>Maps the endpoints.</summary>
    public static void MapInvites(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Route).WithTags("Networks").WithMetadata(Access.Admin);
        group.MapGet("", ListAsync).WithSummary("Lists the invites that this node made, without their tokens.").Produces<InviteListReply>();
        group.MapPost("", CreateAsync).WithSummary("Makes an invite; its token is shown only in this reply.")
            .WithJsonBody<CreateInviteRequest>().Produces<InviteReply>(StatusCodes.Status201Created).Produces(StatusCodes.Status403Forbidden).Produces(StatusCodes.Status409Conflict);
        group.MapDelete("/{id}", RevokeAsync).WithSummary("Revokes the invite of that id, or of the only one that begins so; those it admitted stay.")
            .Produces<InviteReply>().Produces(StatusCodes.Status404NotFound);
    }

    private static Task ListAsync(HttpContext context, [FromServices] Invites invites, [FromServices] NetworkViews views) => NetworkGuard.RunAsync(context, () =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, new InviteListReply([.. invites.List().Select(views.Of)]), NetworkJson.Default.InviteListReply));

    private static Task CreateAsync(HttpContext context, [FromServices] IOptionsSource options, [FromServices] NetworkRegistry networks, [FromServices] Invites invites, [FromServices] NetworkViews views) => NetworkGuard.RunAsync(context, async () =>
    {
        if (await AdminBody.ReadAsync(context, NetworkJson.Default.CreateInviteRequest) is not { } request) return;
        if (Problem(request) is { } problem)
        {
            await NetworkGuard.RefuseAsync(context, problem.Field, problem.Message);
            return;
        }
        if (await NetworkEndpoints.FindOrOnlyAsync(context, request.Network, networks) is not { } network) return;
        // Nobody gives more than they have, so the default is no more than that.
        var line = request.CreditLine ?? Math.Min(options.Current.Credit.Line, network.Terms.CreditLine);
        var terms = new MemberTerms { MayInvite = request.MayInvite ?? false, Models = request.Models, CreditLine = line };
        var label = request.Label?.Trim() ?? "";
        var invite = invites.Create(network, terms, request.Uses ?? 1, TimeSpan.FromSeconds(request.ExpiresS ?? DefaultValiditySeconds), label);
        context.Response.Headers.Location = $"{Route}/{invite.Id}";
        context.Response.Headers.CacheControl = "no-store";
        var reply = views.Of(new InviteEntry(invite, label, null, [])) with { Token = invite.ToToken() };
        await AdminReply.WriteAsync(context, StatusCodes.Status201Created, reply, NetworkJson.Default.InviteReply);
    });

    private static Task RevokeAsync(HttpContext context, string id, [FromServices] Invites invites, [FromServices] NetworkViews views) => NetworkGuard.RunAsync(context, () =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, views.Of(invites.Revoke(id)), NetworkJson.Default.InviteReply));

    /// <summary>The first value out of range, or null.</summary>
    private static (string Field, string Message)? Problem(CreateInviteRequest request) => request switch
    {
        { Uses: < 1 or > Invite.MaxUses } => ("uses", $"uses must be from 1 to {Invite.MaxUses}."),
        { ExpiresS: { } seconds } when seconds < MinValiditySeconds || seconds > MaxValiditySeconds => ("expires_s", $"expires_s must be from {MinValiditySeconds} to {MaxValiditySeconds}, that is {Invite.MaxValidity.TotalDays} days."),
        { CreditLine: < 0 } => ("credit_line", "credit_line must be 0 or more, in micro-credits."),
        { Models.Count: 0 or > MemberTerms.MaxModels } => ("models", $"models must name 1 to {MemberTerms.MaxModels} models; leave it out for all."),
        { Models: { } models } when models.Any(model => string.IsNullOrEmpty(model) || model.Length > MaxModelName || model.Any(char.IsControl)) => ("models", $"A model's name has 1 to {MaxModelName} characters and no control characters."),
        { Label: { } label } when label.Length > MaxLabel || label.Any(char.IsControl) => ("label", $"label has at most {MaxLabel} characters and no control characters."),
        _ => null,
    };
}
