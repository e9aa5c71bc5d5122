using System.Net;
using System.Net.NetworkInformation;
using Mycel.Dht;

namespace Mycel.Node.Discovery;

/// <summary>Whether others can reach this node unasked.</summary>
internal static class Reachability
{
    /// <summary>
    /// Whether a router stands between this machine and the Internet that gives it an address which is not its own: a public one is known, and none that is an
    /// interface's. What goes out through such a router gets answers; what nobody asked for does not come in.
    /// </summary>
    /// <param name="told">Where this node is reached, as it tells others, those that others saw among them.</param>
    /// <param name="interfaces">The addresses of this machine's interfaces.</param>
    public static bool IsBehindTranslation(IEnumerable<string> told, IReadOnlyCollection<IPAddress> interfaces)
    {
        var isPublic = false;
        foreach (var text in told)
        {
            if (!DhtAddress.TryParse(text, out var address) || address.Reach != DhtReach.Public) continue;
            if (interfaces.Contains(address.ToEndPoint().Address)) return false;
            isPublic = true;
        }

        return isPublic;
    }

    /// <summary>The addresses of this machine's interfaces.</summary>
    public static IReadOnlyCollection<IPAddress> InterfaceAddresses()
        => NetworkInterface.GetAllNetworkInterfaces().SelectMany(one => one.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address)).ToHashSet();
}
