using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Peers;

namespace Mycel.Node.Api.Admin;

/// <summary><c>/v1/node/fleet/{node}/…</c>: the same interface of another node of the same account.</summary>
internal static class FleetEndpoints
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE"];

    public static void MapFleetCalls(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/v1/node/fleet/{node}/v1/node/{**path}", Methods, CallAsync).WithTags("Fleet").WithMetadata(Access.Admin)
            .WithSummary("Passes a call of the node's interface on to another node of the same account.");

    private static async Task CallAsync(HttpContext context, string node, [FromServices] FleetCaller fleet)
    {
        if (fleet.Find(node) is not { } found)
        {
            var known = fleet.Nodes.Count == 0 ? "No other node of your account is known here." : $"Those that are known: {string.Join(", ", fleet.Nodes.Select(n => n.Name))}.";
            await ApiError.WriteAsync(context, 404, "node_not_found", $"Your account has no node '{node}' that is known here. {known}");
            return;
        }
        var request = context.Request;
        var path = request.Path.ToUriComponent();
        var call = new AdminCall { Method = request.Method, Path = "/v1/node/" + path[(path.IndexOf("/v1/node/", "/v1/node/fleet/".Length, StringComparison.OrdinalIgnoreCase) + "/v1/node/".Length)..] + request.QueryString.ToUriComponent(), ContentType = request.ContentType ?? "" };
        if (await AdminBody.ReadBytesAsync(context) is not { } body) return;
        try
        {
            await fleet.CallAsync(found.Id, call, body, Start, Write, context.RequestAborted);
        }
        catch (RefusedException refused) when (!context.Response.HasStarted)
        {
            await ApiError.WriteAsync(context, refused.Refusal.Status is >= 400 and < 600 ? (int)refused.Refusal.Status : 502, refused.Refusal.Code, refused.Refusal.Message);
        }
        catch (Exception failed) when (failed is LinkException or IOException && !context.Response.HasStarted)
        {
            await ApiError.WriteAsync(context, 502, "peer_unreachable", $"The node '{found.Name}' cannot be reached: {failed.Message}");
        }
        catch (IOException)
        {
            context.Abort();
        }
        catch (OperationCanceledException)
        {
            // The caller hung up.
        }

        void Start(ResponseHead head)
        {
            context.Response.StatusCode = head.Status is >= 200 and < 600 ? (int)head.Status : 502;
            if (head.ContentType.Length > 0 && !head.ContentType.AsSpan().ContainsAnyExceptInRange(' ', '~')) context.Response.ContentType = head.ContentType;
            if (head.ContentLength >= 0) context.Response.ContentLength = head.ContentLength;
        }

        async Task Write(ReadOnlyMemory<byte> bytes)
        {
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}
