using Microsoft.AspNetCore.Mvc;
using Mycel.Identity;

namespace Mycel.Node.Api.Admin;

/// <summary>The encrypted secrets, such as relay devices' keys: <c>/v1/node/secrets</c>. No reply ever holds a value.</summary>
internal static class SecretEndpoints
{
    private const string Route = "/v1/node/secrets";

    /// <summary>Maps the endpoints.</summary>
    public static void MapSecrets(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Route, ListAsync).WithTags("Secrets").WithSummary("List the stored secrets, without their values").Produces<SecretListView>();
        routes.MapPut(Route + "/{name}", SetAsync).WithTags("Secrets").WithSummary("Store a secret, in place of the one of that name")
            .WithJsonBody<PutSecretRequest>().Produces(StatusCodes.Status204NoContent);
        routes.MapDelete(Route + "/{name}", RemoveAsync).WithTags("Secrets").WithSummary("Delete a secret")
            .Produces(StatusCodes.Status204NoContent).Produces(StatusCodes.Status404NotFound);
    }

    private static Task ListAsync(HttpContext context, [FromServices] SecretStore secrets) => AdminGuard.RunAsync(context, () =>
    {
        var views = secrets.List().Select(secret => new SecretView(secret.Name, secret.UpdatedAt, secret.Damaged));
        return AdminReply.WriteAsync(context, StatusCodes.Status200OK, new SecretListView([.. views]), AdminJson.Default.SecretListView);
    });

    private static Task SetAsync(HttpContext context, string name, [FromServices] SecretStore secrets) => AdminGuard.RunAsync(context, async () =>
    {
        if (!SecretStore.IsValidName(name))
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value",
                $"A secret's name has 1 to {SecretStore.MaxNameLength} of these characters: a-z A-Z 0-9 . _ -", "name");
            return;
        }
        if (await AdminBody.ReadAsync(context, AdminJson.Default.PutSecretRequest) is not { } body) return;
        try
        {
            secrets.Set(name, body.Value);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        catch (ArgumentException)
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value",
                $"The value must be Unicode text of 1 to {SecretStore.MaxValueBytes:N0} bytes in UTF-8.", "value");
        }
    });

    private static Task RemoveAsync(HttpContext context, string name, [FromServices] SecretStore secrets) => AdminGuard.RunAsync(context, async () =>
    {
        if (secrets.Remove(name)) context.Response.StatusCode = StatusCodes.Status204NoContent;
        else await ApiError.WriteAsync(context, StatusCodes.Status404NotFound, "secret_not_found", "No secret has this name; GET /v1/node/secrets lists them.", "name");
    });
}
