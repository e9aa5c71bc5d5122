using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Mycel.Node.Discovery.Lan;

/// <summary>A network interface that announcements go out on and come in by.</summary>
/// <param name="IPv4">Its index for IPv4; null where that is not used on it.</param>
/// <param name="IPv6">Its index for IPv6; null likewise.</param>
internal sealed record LanInterface(int? IPv4, int? IPv6);

/// <summary>Which interfaces of this machine lead to a local network.</summary>
internal static class LanInterfaces
{
    /// <summary>Most of them; the system lets a socket into about 20 groups.</summary>
    public const int Max = 16;

    /// <summary>Those that links are listened for on: all but loopback and point-to-point tunnels, which are no local networks.</summary>
    /// <param name="host">Address that links are listened for on.</param>
    public static IReadOnlyList<LanInterface> For(IPAddress host)
    {
        var isAny = host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any);
        var hasIPv4 = host.AddressFamily == AddressFamily.InterNetwork || host.Equals(IPAddress.IPv6Any);
        var hasIPv6 = host.AddressFamily == AddressFamily.InterNetworkV6 && Socket.OSSupportsIPv6;
        return [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one is { OperationalStatus: OperationalStatus.Up, SupportsMulticast: true }
                && one.NetworkInterfaceType is not (NetworkInterfaceType.Loopback or NetworkInterfaceType.Tunnel or NetworkInterfaceType.Ppp))
            .Where(one => isAny || one.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(host)))
            .Select(one => new LanInterface(
                hasIPv4 && HasAddress(one, AddressFamily.InterNetwork) ? IndexOf(one, AddressFamily.InterNetwork) : null,
                hasIPv6 && HasAddress(one, AddressFamily.InterNetworkV6) ? IndexOf(one, AddressFamily.InterNetworkV6) : null))
            .Where(one => one is not { IPv4: null, IPv6: null })
            // Those of containers are many, and most have an address of the link only.
            .OrderBy(one => one.IPv4 is null)
            .Take(Max)];
    }

    private static bool HasAddress(NetworkInterface one, AddressFamily family) => one.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.AddressFamily == family);

    private static int? IndexOf(NetworkInterface one, AddressFamily family)
    {
        try
        {
            var properties = one.GetIPProperties();
            return family == AddressFamily.InterNetwork ? properties.GetIPv4Properties().Index : properties.GetIPv6Properties().Index;
        }
        catch (NetworkInformationException)
        {
            // It went away, or lost that protocol, just now.
            return null;
        }
    }
}
