using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Discovery;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Discovery;

/// <summary>What a node publishes in the table of peers, and what it never does.</summary>
public sealed class AnnouncerTests : IDisposable
{
    private static readonly string[] Addresses = ["192.0.2.7:8421", "https://node.example.org", "10.0.0.7:8421"];

    private readonly DeviceKey _device = Devices.New();
    private readonly DeviceKey _other = Devices.New();
    private readonly NetworkId _public = new(Devices.NewId());
    private readonly NetworkId _private = new(Devices.NewId());
    private readonly MemoryTable _table = new();

    [Fact]
    public void Models_of_public_networks_and_the_own_addresses_are_found_by_others()
    {
        var (announcer, node, asking) = Start();

        announcer.Update(node, Addresses, [Offer("shared", _public, _private)], new HashSet<NetworkId> { _public });
        _table.Deliver();

        var provider = Assert.Single(_table.Find(asking, DhtKey.OfProviders(_public, "shared")));
        Assert.Equal(_device.PeerId, provider.Publisher);
        Assert.Equal(["192.0.2.7:8421", "10.0.0.7:8421"], provider.Addresses.Select(address => address.ToString()));
        Assert.Single(_table.Find(asking, DhtKey.Of(_device.PeerId)));
        Assert.True(provider.ExpiresAt - DateTimeOffset.UtcNow > TimeSpan.FromHours(1));
    }

    [Fact]
    public void What_is_for_a_private_network_or_for_home_is_published_nowhere()
    {
        var (announcer, node, asking) = Start();

        announcer.Update(node, Addresses, [Offer("secret", _private), Offer("home"), Offer("both", _private, _public)], new HashSet<NetworkId> { _public });
        _table.Deliver();

        Assert.Empty(_table.Find(asking, DhtKey.OfProviders(_private, "secret")));
        Assert.Empty(_table.Find(asking, DhtKey.OfProviders(_private, "both")));
        Assert.Empty(_table.Find(asking, DhtKey.OfProviders(_public, "secret")));
        Assert.Empty(_table.Find(asking, DhtKey.OfProviders(_public, "home")));
        Assert.Equal(2, node.GetStatistics().Publications);
    }

    [Fact]
    public void A_model_that_is_gone_is_taken_back_and_one_that_returns_stays()
    {
        var (announcer, node, asking) = Start();
        HashSet<NetworkId> networks = [_public];
        announcer.Update(node, Addresses, [Offer("goes", _public), Offer("returns", _public)], networks);
        _table.Deliver();

        announcer.Update(node, Addresses, [], networks);
        announcer.Update(node, Addresses, [Offer("returns", _public)], networks);
        _table.Deliver();

        // What says good-bye holds for minutes, not for hours.
        Assert.All(_table.Find(asking, DhtKey.OfProviders(_public, "goes")), record => Assert.True(record.ExpiresAt - DateTimeOffset.UtcNow < TimeSpan.FromMinutes(3)));
        Assert.True(Assert.Single(_table.Find(asking, DhtKey.OfProviders(_public, "returns"))).ExpiresAt - DateTimeOffset.UtcNow > TimeSpan.FromHours(1));
        Assert.Equal(2, node.GetStatistics().Publications);
    }

    [Fact]
    public void Nothing_is_tried_while_nobody_is_known_and_all_is_published_once_somebody_is()
    {
        var announcer = new Announcer(_device, TimeProvider.System);
        var node = _table.Add(_device);
        announcer.Update(node, Addresses, [Offer("shared", _public)], new HashSet<NetworkId> { _public });
        Assert.Equal(0, node.GetStatistics().Publications);

        var asking = _table.Add(_other);
        announcer.Look(node);
        _table.Deliver();

        Assert.Single(_table.Find(asking, DhtKey.OfProviders(_public, "shared")));
    }

    [Theory]
    [InlineData("peer:box:model")]
    [InlineData("relay:model")]
    [InlineData("a\nb")]
    [InlineData("")]
    public void A_name_that_means_a_place_or_cannot_be_is_not_published(string name)
    {
        var (announcer, node, _) = Start();

        announcer.Update(node, Addresses, [Offer(name, _public), Offer(new string('ö', 100), _public)], new HashSet<NetworkId> { _public });

        Assert.Equal(1, node.GetStatistics().Publications);
    }

    public void Dispose()
    {
        _device.Dispose();
        _other.Dispose();
    }

    private (Announcer Announcer, DhtNode Node, DhtNode Asking) Start()
    {
        var asking = _table.Add(_other);
        return (new Announcer(_device, TimeProvider.System), _table.Add(_device), asking);
    }

    private static ModelOffer Offer(string name, params NetworkId[] networks)
    {
        var offer = new ModelOffer { Name = name, Slots = 1 };
        offer.Networks.AddRange(networks.Select(network => WireIds.Of(network.Hash)));
        return offer;
    }
}
