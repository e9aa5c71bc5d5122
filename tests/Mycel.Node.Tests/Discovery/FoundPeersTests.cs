using System.Net;
using Mycel.Identity;
using Mycel.Node.Discovery;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Discovery;

/// <summary>What is kept of nodes that were found, and who counts as reachable.</summary>
public sealed class FoundPeersTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void What_was_found_counts_for_a_while()
    {
        var found = new FoundPeers(_time);
        var (peer, network) = (Devices.NewId(), new NetworkId(Devices.NewId()));
        found.Tell(peer, ["192.0.2.1:8421"], network);
        found.Tell(peer, ["192.0.2.2:8421"]);

        Assert.Equal(["192.0.2.2:8421"], found.AddressesOf(peer));
        Assert.Equal([network], found.NetworksOf(peer));
        _time.Advance(FoundPeers.Life);
        Assert.Empty(found.AddressesOf(peer));
        Assert.Empty(found.NetworksOf(peer));
    }

    [Fact]
    public void The_oldest_makes_way_when_there_are_too_many()
    {
        var found = new FoundPeers(_time);
        var first = Devices.NewId();
        found.Tell(first, ["192.0.2.1:8421"]);
        for (var i = 0; i < FoundPeers.Max; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            found.Tell(Devices.NewId(), ["192.0.2.1:8421"]);
        }

        Assert.Empty(found.AddressesOf(first));
    }

    [Theory]
    [InlineData(false, "127.0.0.1:1")]
    [InlineData(false, "192.168.1.5:8421", "https://node.example.org")]
    [InlineData(false, "203.0.113.9:8421", "192.168.1.5:8421")]
    [InlineData(true, "8.8.4.4:8421", "192.168.1.5:8421")]
    [InlineData(false, "8.8.4.4:8421", "203.0.113.9:8421")]
    public void A_public_address_that_is_no_interfaces_means_a_router_between(bool expected, params string[] told)
        => Assert.Equal(expected, Reachability.IsBehindTranslation(told, [IPAddress.Loopback, IPAddress.Parse("192.168.1.5"), IPAddress.Parse("203.0.113.9")]));
}
