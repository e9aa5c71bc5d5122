using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using Mycel.Node.Observability;

namespace Mycel.Node.Models.Pulling;

/// <summary>Makes the connections of downloads. Each goes to the very address that was checked, so that a name cannot lead elsewhere in between.</summary>
internal sealed class PullHttp
{
    private readonly Func<IPAddress, bool> _isPublic;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly RemoteCertificateValidationCallback? _validate;

    /// <summary>With the system's names and certificates.</summary>
    public PullHttp()
        : this(AddressRules.IsPublic, (host, cancel) => Dns.GetHostAddressesAsync(host, cancel), validate: null)
    {
    }

    /// <summary>With others.</summary>
    /// <param name="isPublic">Which addresses may be connected to.</param>
    /// <param name="resolve">The addresses of a name.</param>
    /// <param name="validate">Decides about certificates; null for the system's own rules.</param>
    public PullHttp(Func<IPAddress, bool> isPublic, Func<string, CancellationToken, Task<IPAddress[]>> resolve, RemoteCertificateValidationCallback? validate)
    {
        _isPublic = isPublic;
        _resolve = resolve;
        _validate = validate;
    }

    /// <summary>A client for one download. It follows no redirects, keeps no cookies and unpacks nothing.</summary>
    /// <param name="allowPrivate">Whether private addresses may be connected to; the proxy of the environment is used only then, as it would
    /// choose the addresses by itself.</param>
    /// <param name="limits">How long connecting may take.</param>
    public HttpClient CreateClient(bool allowPrivate, PullLimits limits)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = allowPrivate,
            ConnectTimeout = limits.Connect,
            MaxResponseHeadersLength = 64,
            ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint, allowPrivate, cancel),
        };
        if (_validate is not null) handler.SslOptions.RemoteCertificateValidationCallback = _validate;
        HttpClient client = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("mycel", NodeState.Version));
        client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        return client;
    }

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint target, bool allowPrivate, CancellationToken cancel)
    {
        IPAddress[] addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await _resolve(target.Host, cancel);
        // One private address among public ones is as good as all of them: which is taken would be chance.
        if (!allowPrivate && Array.Find(addresses, address => !_isPublic(address)) is not null)
        {
            throw new ModelException(403, "address_not_allowed",
                $"{target.Host} is an address of a private network or of this machine; nothing is pulled from there. Set models.allow_private to true if you trust it.");
        }
        if (addresses.Length == 0) throw new SocketException((int)SocketError.HostNotFound);
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
