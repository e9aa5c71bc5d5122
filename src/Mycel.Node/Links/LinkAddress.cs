using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Mycel.Transport;

namespace Mycel.Node.Links;

/// <summary>Addresses as records and invites carry them: <c>host:port</c> for QUIC, <c>http(s)://host[:port]</c> for tunnels.</summary>
internal static class LinkAddress
{
    /// <summary>Longest one, in characters.</summary>
    public const int MaxLength = 255;

    /// <summary>Most addresses of a node.</summary>
    public const int MaxCount = 8;

    private const int MaxResolved = 4;

    public static bool IsSocketAddress(string address) => TrySplit(address, out _, out _);

    public static bool IsUrl(string address) =>
        (address.StartsWith("http://", StringComparison.Ordinal) || address.StartsWith("https://", StringComparison.Ordinal)) && Uri.TryCreate(address, UriKind.Absolute, out _);

    /// <summary>Whether it is one that a node may tell of itself.</summary>
    public static bool IsValid(string address) =>
        address.Length is > 0 and <= MaxLength && !address.AsSpan().ContainsAnyExceptInRange('!', '~') && (IsUrl(address) || IsSocketAddress(address));

    /// <summary>The socket addresses that it stands for.</summary>
    /// <exception cref="TransportException">Its name cannot be resolved.</exception>
    public static async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(string address, CancellationToken cancellation)
    {
        if (!TrySplit(address, out var host, out var port)) throw new TransportException(TransportFailure.Local, 0, $"'{address}' is no address.");
        if (IPAddress.TryParse(host, out var ip)) return [new IPEndPoint(ip, port)];
        try
        {
            var found = await Dns.GetHostAddressesAsync(host, cancellation);
            return [.. found.Take(MaxResolved).Select(a => new IPEndPoint(a, port))];
        }
        catch (SocketException error)
        {
            throw new TransportException(TransportFailure.Local, 0, $"the name {host} cannot be resolved", error);
        }
    }

    private static bool TrySplit(string address, out string host, out int port)
    {
        host = "";
        port = 0;
        var colon = address.LastIndexOf(':');
        if (colon <= 0 || address.Contains('/', StringComparison.Ordinal)) return false;
        host = address[..colon];
        if (host[0] == '[')
        {
            if (host[^1] != ']' || !IPAddress.TryParse(host[1..^1], out _)) return false;
            host = host[1..^1];
        }
        else if (Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4))
        {
            return false;
        }
        return int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65_535;
    }

    /// <summary>The addresses of this machine at which a socket can be reached: the public ones first, then those of the local network; loopback where
    /// the socket listens there, or nothing else is there.</summary>
    public static IReadOnlyList<string> OfSocket(IPEndPoint local)
    {
        if (!local.Address.Equals(IPAddress.Any) && !local.Address.Equals(IPAddress.IPv6Any)) return [Text(local.Address, local.Port)];
        var allowsIPv6 = local.AddressFamily == AddressFamily.InterNetworkV6;
        var found = NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses.Select(u => u.Address))
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork || (allowsIPv6 && a is { IsIPv6LinkLocal: false, IsIPv6Multicast: false }))
            .Where(a => !IPAddress.IsLoopback(a))
            .OrderBy(IsPrivate)
            .Select(a => Text(a, local.Port))
            .Distinct(StringComparer.Ordinal)
            .Take(MaxCount - 2)
            .ToList();
        return found.Count > 0 ? found : [Text(IPAddress.Loopback, local.Port)];
    }

    public static string Text(IPAddress address, int port)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return new IPEndPoint(address, port).ToString();
    }

    /// <summary>Whether an address is of a local network (RFC 1918, RFC 4193, RFC 6598, link-local).</summary>
    public static bool IsPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return address.IsIPv6UniqueLocal || address.IsIPv6LinkLocal || IPAddress.IsLoopback(address);
        var b = address.GetAddressBytes();
        return b[0] is 10 or 127 || (b[0] == 172 && b[1] is >= 16 and < 32) || (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) || (b[0] == 100 && b[1] is >= 64 and < 128);
    }
}
