using Microsoft.AspNetCore.Mvc;

namespace Mycel.Node.Api.Dashboard;

/// <summary>The node's pages in a browser: <c>/</c>, and what they consist of. They hold nothing of the node; what they show they ask the API for.</summary>
internal static class DashboardEndpoints
{
    /// <summary>Addresses that a browser may be opened at. They are named one by one, so that a wrong path of the API stays a wrong path.</summary>
    public static readonly IReadOnlyList<string> Pages = ["welcome", "models/{tab?}", "chat", "network/{tab?}", "requests", "credits", "logs", "settings/{tab?}"];

    private const string NotBuilt = "Mycel is running. The API is under /v1, its description at /openapi.json. The dashboard is not built in: building it takes Node.js 20 and npm, then ./mycel does it.\n";
    private const string ForPrograms = "Mycel is running. The API is under /v1, its description at /openapi.json; a browser finds the dashboard here.\n";

    /// <summary>Maps the endpoints.</summary>
    public static void MapDashboard(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", ([FromServices] DashboardFiles files, HttpContext context) => RootAsync(context, files)).WithMetadata(Access.Everyone).ExcludeFromDescription();
        routes.MapGet("/assets/{name}", ([FromServices] DashboardFiles files, HttpContext context, string name) => SendAsync(context, files, files.Find("assets/" + name)))
            .WithMetadata(Access.Everyone).ExcludeFromDescription();
        foreach (var page in Pages)
        {
            routes.MapGet("/" + page, ([FromServices] DashboardFiles files, HttpContext context) => SendAsync(context, files, files.Index)).WithMetadata(Access.Everyone).ExcludeFromDescription();
        }
    }

    private static Task RootAsync(HttpContext context, DashboardFiles files)
    {
        context.Response.Headers.Vary = "Accept";
        if (files.Index is { } index && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)) return SendAsync(context, files, index);
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(files.Index is null ? NotBuilt : ForPrograms);
    }

    private static Task SendAsync(HttpContext context, DashboardFiles files, DashboardFile? file)
    {
        var response = context.Response;
        if (file is null)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        var headers = response.Headers;
        headers.ETag = file.ETag;
        headers.Append("Vary", "Accept-Encoding");
        headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        headers.ContentSecurityPolicy = files.ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (context.Request.Headers.IfNoneMatch.ToString() == file.ETag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        var (bytes, encoding) = file.For(context.Request.Headers.AcceptEncoding.ToString());
        if (encoding is not null) headers.ContentEncoding = encoding;
        response.ContentType = file.ContentType;
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}
