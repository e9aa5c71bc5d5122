using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Mycel.Identity;
using Mycel.Transport;
using Mycel.Transport.Tunnel;

namespace Mycel.Node.Links.Tunnel;

/// <summary>Dials tunnels over WebSockets: addresses that begin with <c>http://</c> or <c>https://</c>. Goes through the system's proxy where there is one.</summary>
internal sealed class TunnelDialer(LinkCredentials credentials) : ICarrierDialer
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    public Carrier Carrier => Carrier.Tunnel;

    /// <summary>Only a scheme, a host and a port: what another node's record says must not choose what this one asks of a third machine.</summary>
    public bool CanDial(string address) =>
        LinkAddress.IsUrl(address) && Uri.TryCreate(address, UriKind.Absolute, out var url) && url is { AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" };

    public async Task<ITransportConnection> DialAsync(string address, PeerId peer, CancellationToken cancellation)
    {
        var url = new Uri(address);
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(TunnelSettings.Subprotocol);
        socket.Options.CollectHttpResponseDetails = true;
        // The tunnel has signs of life of its own.
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        IPEndPoint? remote = null;
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = ConnectAsync, AllowAutoRedirect = false, UseCookies = false });
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(ConnectTimeout);
            await socket.ConnectAsync(new UriBuilder(url) { Scheme = url.Scheme == Uri.UriSchemeHttps ? "wss" : "ws", Path = TunnelSettings.Path }.Uri, http, limit.Token);
            if (socket.SubProtocol != TunnelSettings.Subprotocol) throw new LinkException("what answers there is no node of this kind");
        }
        catch (Exception failed)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw failed switch
            {
                LinkException => failed,
                WebSocketException => new LinkException(Describe(status, failed), failed),
                OperationCanceledException => new LinkException($"nothing answered within {ConnectTimeout.TotalSeconds:0} s", failed),
                _ => failed,
            };
        }
        return await TunnelConnection.ConnectAsync(new WebSocketStream(socket), TunnelSettings.For(credentials), remote, cancellation);

        async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken connecting)
        {
            var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await tcp.ConnectAsync(context.DnsEndPoint, connecting);
            }
            catch
            {
                tcp.Dispose();
                throw;
            }
            // Through a proxy it is not known where the peer is.
            if (context.DnsEndPoint.Host == url.IdnHost) remote = Plain((IPEndPoint)tcp.RemoteEndPoint!);
            return new NetworkStream(tcp, ownsSocket: true);
        }
    }

    private static string Describe(HttpStatusCode status, Exception failed) => status switch
    {
        HttpStatusCode.Forbidden => "the node there does not go by this name (api.allowed_hosts, links.addresses)",
        HttpStatusCode.ServiceUnavailable => "the node there takes no tunnels at present",
        HttpStatusCode.NotFound or HttpStatusCode.UpgradeRequired => "what answers there takes no tunnels",
        0 => failed.InnerException?.Message ?? failed.Message,
        _ => $"the server there answers with status {(int)status}",
    };

    private static IPEndPoint Plain(IPEndPoint address) => address.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(address.Address.MapToIPv4(), address.Port) : address;
}
