using Mycel.Identity;
using Mycel.Node.Api;
using Mycel.Node.Networks;
using Mycel.Node.Observability;

namespace Mycel.Node.Tests.Observability;

public class LinkMetricsTests
{
    [Fact]
    public void Nodes_are_counted_by_whether_they_are_linked()
    {
        var text = new PrometheusText();

        LinkMetrics.Write(text, [], [Peer('a', isGreeted: true), Peer('b', isGreeted: false), Peer('c', isGreeted: false)], networks: 2);

        var lines = text.ToString().Split('\n');
        Assert.Contains("mycel_peers{state=\"linked\"} 1", lines);
        Assert.Contains("mycel_peers{state=\"unlinked\"} 2", lines);
        Assert.Contains("mycel_networks 2", lines);
        Assert.Equal(3, lines.Count(line => line.StartsWith("mycel_links{carrier=", StringComparison.Ordinal)));
        Assert.DoesNotContain("somebody", text.ToString(), StringComparison.Ordinal);
    }

    private static PeerInfo Peer(char id, bool isGreeted)
    {
        var peer = PeerId.Parse(new string(id, PeerId.TextLength));
        return new PeerInfo { Id = peer, Account = new AccountId(peer), Name = "somebody", IsOwn = false, IsGreeted = isGreeted };
    }
}
