using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Networks;
using Mycel.Node.Observability;

namespace Mycel.Node.Api;

/// <summary>What <c>/metrics</c> tells of other nodes: counts only, so that nobody's name becomes a label.</summary>
internal static class LinkMetrics
{
    private static readonly Carrier[] Carriers = Enum.GetValues<Carrier>();

    /// <summary>Writes them.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="links">The links there are.</param>
    /// <param name="peers">The nodes that are known.</param>
    /// <param name="networks">How many networks this node belongs to.</param>
    public static void Write(PrometheusText text, IReadOnlyList<Link> links, IReadOnlyList<PeerInfo> peers, int networks)
    {
        text.Metric("mycel_links", "gauge", "Links with other nodes, by what carries them.");
        foreach (var carrier in Carriers) text.Sample("mycel_links", links.Count(link => link.Carrier == carrier), ("carrier", carrier.ToString().ToLowerInvariant()));
        text.Metric("mycel_link_streams", "gauge", "Streams that are open on links.").Sample("mycel_link_streams", links.Sum(link => link.Connections.Sum(connection => connection.OpenStreams)));
        var linked = peers.Count(peer => peer.IsGreeted);
        text.Metric("mycel_peers", "gauge", "Nodes known of the networks, linked or not.");
        text.Sample("mycel_peers", linked, ("state", "linked"));
        text.Sample("mycel_peers", peers.Count - linked, ("state", "unlinked"));
        text.Metric("mycel_networks", "gauge", "Networks that this node belongs to.").Sample("mycel_networks", networks);
    }

    /// <summary>Writes what is carried for others.</summary>
    public static void Write(PrometheusText text, RelayHandler relayed)
    {
        text.Metric("mycel_relayed_streams", "gauge", "Streams carried between two other nodes.").Sample("mycel_relayed_streams", relayed.CarriedStreams);
        text.Metric("mycel_relayed_bytes_total", "counter", "Bytes carried between other nodes, sealed.").Sample("mycel_relayed_bytes_total", relayed.RelayedBytes);
    }
}
