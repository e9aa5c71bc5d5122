using System.Net;
using Mycel.Transport;

namespace Mycel.Node.Links.Tunnel;

/// <summary>How tunnels of this node are made.</summary>
internal static class TunnelSettings
{
    /// <summary>Path of the WebSocket on a node's HTTP port.</summary>
    public const string Path = "/v1/node/tunnel";

    /// <summary>Its subprotocol (RFC 6455).</summary>
    public const string Subprotocol = "mycel.1";

    private static readonly IPEndPoint Unbound = new(IPAddress.Any, 0);

    /// <summary>As <see cref="LinkDoor"/> has them for QUIC.</summary>
    public static EndpointOptions For(LinkCredentials credentials) => new()
    {
        Local = Unbound,
        Credentials = credentials.Current,
        Validator = credentials.Validate,
        IdleTimeout = LinkDoor.IdleTimeout,
        KeepAlive = LinkDoor.KeepAlive,
        SilenceTimeout = LinkDoor.SilenceTimeout,
    };
}
