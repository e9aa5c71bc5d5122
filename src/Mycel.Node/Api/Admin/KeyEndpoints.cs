using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Admission;
using Mycel.Node.Configuration;

namespace Mycel.Node.Api.Admin;

/// <summary>The keys that callers may present: <c>/v1/node/keys</c>.</summary>
internal static class KeyEndpoints
{
    private const string Route = "/v1/node/keys";

    /// <summary>Maps the endpoints.</summary>
    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Route, ListAsync).WithTags("Keys").WithSummary("List the API keys, without their secrets").Produces<KeyListView>();
        routes.MapPost(Route, CreateAsync).WithTags("Keys").WithSummary("Make an API key; the secret is shown only in this reply")
            .WithJsonBody<CreateKeyRequest>().Produces<KeyView>(StatusCodes.Status201Created);
        routes.MapDelete(Route + "/{id}", RevokeAsync).WithTags("Keys").WithSummary("Revoke the API key of that id or name")
            .Produces(StatusCodes.Status204NoContent).Produces(StatusCodes.Status404NotFound);
    }

    private static Task ListAsync(HttpContext context, [FromServices] KeyStore keys) =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, new KeyListView([.. keys.Keys.Select(key => KeyView.Of(key))]), KeyJson.Default.KeyListView);

    private static Task CreateAsync(HttpContext context, [FromServices] KeyStore keys) => AdminGuard.RunAsync(context, async () =>
    {
        if (await AdminBody.ReadAsync(context, AdminJson.Default.CreateKeyRequest) is not { } body) return;
        var rate = default(RateLimit);
        var budget = default(CreditBudget);
        if (!KeyScopeText.TryParse(body.Scope ?? "inference", out var scope))
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value", $"scope must be {KeyScopeText.All}.", "scope");
            return;
        }
        if (body.Rate is not null && !RateLimit.TryParse(body.Rate, out rate))
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value", $"rate must be {RateLimit.Accepted}.", "rate");
            return;
        }
        if (body.Budget is not null && !CreditBudget.TryParse(body.Budget, out budget))
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value", $"budget must be {CreditBudget.Accepted}.", "budget");
            return;
        }
        var (key, secret) = keys.Create(body.Name, scope, body.Concurrent, body.Rate is null ? null : rate, body.Budget is null ? null : budget);
        context.Response.Headers.Location = $"{Route}/{key.Id}";
        context.Response.Headers.CacheControl = "no-store";
        await AdminReply.WriteAsync(context, StatusCodes.Status201Created, KeyView.Of(key, secret), KeyJson.Default.KeyView);
    });

    private static Task RevokeAsync(HttpContext context, string id, [FromServices] KeyStore keys) => AdminGuard.RunAsync(context, async () =>
    {
        if (keys.Revoke(id) is not null) context.Response.StatusCode = StatusCodes.Status204NoContent;
        else await ApiError.WriteAsync(context, StatusCodes.Status404NotFound, "key_not_found", "No key has this id or name; GET /v1/node/keys lists them.", "id");
    });
}
