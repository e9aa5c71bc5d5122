using System.Net;
using Mycel.Node.Admission;
using Mycel.Node.Links.Tunnel;

namespace Mycel.Node.Api.Admin;

/// <summary>
/// Where other nodes begin tunnels. No key is asked for: the handshake within proves both ends, and fails for whoever is no node. Pages of
/// any origin are refused.
/// </summary>
internal static class TunnelEndpoints
{
    public static void MapTunnel(this WebApplication app, TunnelDoor door, ClientAddress addresses) =>
        app.MapGet(TunnelSettings.Path, (Delegate)(Func<HttpContext, Task>)(context => AnswerAsync(context, door, addresses)))
            .WithMetadata(Access.Everyone)
            .WithTags("Node")
            .WithSummary("A WebSocket for links with other nodes (docs/protocol/tunnel.md).");

    private static async Task AnswerAsync(HttpContext context, TunnelDoor door, ClientAddress addresses)
    {
        if (context.Request.Headers.Origin.Count > 0)
        {
            await ApiError.WriteAsync(context, 403, "origin_not_allowed", "Tunnels are for nodes, not for web pages.");
            return;
        }
        var webSockets = context.WebSockets;
        if (!webSockets.IsWebSocketRequest || !webSockets.WebSocketRequestedProtocols.Contains(TunnelSettings.Subprotocol))
        {
            context.Response.Headers.Upgrade = "websocket";
            await ApiError.WriteAsync(context, 426, "upgrade_required", $"This is a WebSocket with the subprotocol {TunnelSettings.Subprotocol}, for other nodes.");
            return;
        }
        if (!door.IsOpen)
        {
            await ApiError.WriteAsync(context, 503, "no_network", "This node belongs to no network, so it takes no links.");
            return;
        }
        if (!door.TryEnter())
        {
            context.Response.Headers.RetryAfter = "5";
            await ApiError.WriteAsync(context, 503, "too_many_tunnels", "This node has as many tunnels, or handshakes under way, as it may.");
            return;
        }
        await RunAsync(context, door, addresses);
    }

    private static async Task RunAsync(HttpContext context, TunnelDoor door, ClientAddress addresses)
    {
        System.Net.WebSockets.WebSocket socket;
        try
        {
            // The tunnel has signs of life of its own.
            socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = TunnelSettings.Subprotocol, KeepAliveInterval = TimeSpan.Zero });
        }
        catch
        {
            door.Leave();
            throw;
        }
        var remote = addresses.Of(context) is { } address ? new IPEndPoint(address, context.Connection.RemotePort) : null;
        await door.RunAsync(socket, remote, context.RequestAborted);
    }
}
