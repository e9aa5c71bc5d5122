using System.Net;
using System.Net.Sockets;

namespace Mycel.Node.Models.Pulling;

/// <summary>Which addresses models may be pulled from: only those that any machine on the internet would reach alike.</summary>
internal static class AddressRules
{
    /// <summary>Networks that belong to somebody's own net, to this machine, to nobody, or to tests; RFC 6890 and its registries.</summary>
    private static readonly IPNetwork[] NotPublic =
    [
        .. Networks("0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15"),
        .. Networks("198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"),
        .. Networks("::/128 ::1/128 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"),
    ];

    /// <summary>Networks of IPv6 in which an IPv4 address is hidden, and where in the sixteen bytes it begins.</summary>
    private static readonly (IPNetwork Network, int Offset)[] Carriers =
    [
        (IPNetwork.Parse("::ffff:0:0/96"), 12),
        (IPNetwork.Parse("::/96"), 12),
        (IPNetwork.Parse("64:ff9b::/96"), 12),
        (IPNetwork.Parse("2002::/16"), 2),
    ];

    /// <summary>Whether an address is a public one. An IPv4 address inside an IPv6 one counts as itself.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)) return false;
        if (Array.Exists(NotPublic, network => network.Contains(address))) return false;
        if (address.AddressFamily == AddressFamily.InterNetwork) return true;
        // A scope would be dropped by the comparison with networks.
        if (address.ScopeId != 0) return false;
        var bytes = address.GetAddressBytes();
        return Array.TrueForAll(Carriers, carrier => !carrier.Network.Contains(address) || IsPublic(new IPAddress(bytes.AsSpan(carrier.Offset, 4))));
    }

    private static IEnumerable<IPNetwork> Networks(string list) => list.Split(' ').Select(IPNetwork.Parse);
}
