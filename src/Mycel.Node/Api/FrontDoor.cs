using System.Net;
using Mycel.Node.Admission;
using Mycel.Node.Observability;

namespace Mycel.Node.Api;

/// <summary>What every request passes: names and origins checked, keys checked, errors in one form.</summary>
internal sealed partial class FrontDoor(HostGuard guard, Authenticator authenticator, ClientAddress addresses, NodeState state, ILogger<FrontDoor> logger)
{
    /// <summary>Largest body of requests that are not for a model, in bytes.</summary>
    private const int MaxAdminBodyBytes = 1024 * 1024;

    private static readonly object CallerKey = new();

    /// <summary>The caller of a request that was let in.</summary>
    public static Caller CallerOf(HttpContext context) => context.Items.TryGetValue(CallerKey, out var caller) ? (Caller)caller! : default;

    /// <summary>The outermost layer: guards, and turns whatever goes wrong into an error document.</summary>
    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers[RequestId.Header] = context.TraceIdentifier = RequestId.For(context.Request.Headers);
        try
        {
            if (await IsLetInAsync(context)) await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode is 404 or 405 or 415 && context.Response.ContentLength is null) await ExplainAsync(context);
        }
        catch (BadHttpRequestException error)
        {
            if (!context.RequestAborted.IsCancellationRequested) await ApiError.WriteAsync(context, error.StatusCode, "invalid_request", error.Message);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone; there is nobody to answer.
        }
        catch (Exception error)
        {
            LogDefect(error, context.Request.Method, context.GetEndpoint()?.DisplayName ?? "");
            if (context.Response.HasStarted) context.Abort();
            else await ApiError.WriteAsync(context, 500, "internal_error", "The node failed on this request. Its log says why; please report it.");
        }
    }

    private async ValueTask<bool> IsLetInAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        var host = headers.Host is [{ } only] ? only : null;
        if (!Authenticator.IsControlSocket(context) && !guard.IsAllowedHost(host))
        {
            LogForeignHost(addresses.Of(context), host?.Length > 100 ? host[..100] : host);
            await ApiError.WriteAsync(context, 403, "host_not_allowed", "The node does not go by this Host name. Add it to api.allowed_hosts, or use the node's IP address.");
            return false;
        }
        if (headers.Origin.Count == 0) return true;
        var origin = headers.Origin.ToString();
        if (!guard.IsAllowedOrigin(origin, host))
        {
            await ApiError.WriteAsync(context, 403, "origin_not_allowed", "Pages of this origin may not use the node. Add it to api.allowed_origins if you trust it.");
            return false;
        }
        context.Response.Headers.AccessControlAllowOrigin = origin;
        context.Response.Headers.Vary = "Origin";
        if (!HttpMethods.IsOptions(context.Request.Method) || headers.AccessControlRequestMethod.Count == 0) return true;
        context.Response.Headers.AccessControlAllowMethods = "GET, POST, PUT, DELETE";
        context.Response.Headers.AccessControlAllowHeaders = headers.AccessControlRequestHeaders;
        context.Response.Headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = 204;
        return false;
    }

    /// <summary>The layer behind routing: what the endpoint asks of its caller.</summary>
    public async Task AuthorizeAsync(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint is null)
        {
            await next(context);
            return;
        }
        var access = endpoint.Metadata.GetMetadata<Access>() ?? Access.Admin;
        if (access.Scope is { } scope && !await IsAuthorizedAsync(context, scope)) return;
        if (endpoint.Metadata.GetMetadata<NeverBlocks>() is null)
        {
            if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = MaxAdminBodyBytes;
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
        await next(context);
    }

    private async ValueTask<bool> IsAuthorizedAsync(HttpContext context, KeyScope scope)
    {
        var result = authenticator.Check(context, scope, out var caller);
        switch (result)
        {
            case AuthenticationResult.Ok:
                if (caller.Key is not null) context.Items[CallerKey] = caller;
                return true;
            case AuthenticationResult.InsufficientScope:
                await ApiError.WriteAsync(context, 403, "insufficient_scope", $"This key's scope does not reach that far; it takes one of scope '{scope.ToString().ToLowerInvariant()}' (mycel keys create --scope).");
                return false;
            default:
                LogRefused(addresses.Of(context), result);
                context.Response.Headers.WWWAuthenticate = "Bearer";
                await ApiError.WriteAsync(context, 401, "invalid_api_key", result == AuthenticationResult.MissingKey
                    ? "An API key is needed: send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'. The node's owner makes one with: mycel keys create"
                    : "This API key is not known here, or was revoked.");
                return false;
        }
    }

    private static Task ExplainAsync(HttpContext context) => context.Response.StatusCode switch
    {
        405 => ApiError.WriteAsync(context, 405, "method_not_allowed", $"{context.Request.Method} is not possible here; {context.Response.Headers.Allow} is."),
        415 => ApiError.WriteAsync(context, 415, "unsupported_media_type", "Send a JSON body with 'Content-Type: application/json'."),
        _ => ApiError.WriteAsync(context, 404, "unknown_route", "There is nothing under this path. /openapi.json lists what there is."),
    };

    /// <summary>Refuses new work while the node stops.</summary>
    /// <returns>Whether it was refused.</returns>
    public async ValueTask<bool> RefuseWhileDrainingAsync(HttpContext context)
    {
        if (state.Phase != NodePhase.Draining) return false;
        context.Response.Headers.RetryAfter = "5";
        context.Response.Headers.Connection = "close";
        await ApiError.WriteAsync(context, 503, "draining", "The node is shutting down and takes no new work. Try again shortly.");
        return true;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Endpoint} failed; this is a defect")]
    private partial void LogDefect(Exception error, string method, string endpoint);

    [LoggerMessage(Level = LogLevel.Warning, Message = "refused a caller from {Address}: {Reason}")]
    private partial void LogRefused(IPAddress? address, AuthenticationResult reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "refused a request from {Address} for the host {Host}, which is not this node's")]
    private partial void LogForeignHost(IPAddress? address, string? host);
}
