using Mycel.Identity;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>What is remembered of nodes that are near.</summary>
public class NearbyNodesTests
{
    private readonly ManualTime _time = new();
    private readonly NearbyNodes _nearby;

    public NearbyNodesTests() => _nearby = new NearbyNodes(_time);

    [Fact]
    public void A_node_is_near_for_as_long_as_it_is_heard()
    {
        Assert.Equal(NearbyNews.Node, _nearby.Hear(Id(1), 1, ["192.0.2.1:1"]));
        for (long sequence = 2; sequence < 10; sequence++)
        {
            _time.Advance(NearbyNodes.Life);
            Assert.Equal(NearbyNews.Word, _nearby.Hear(Id(1), sequence, ["192.0.2.1:1"]));
        }

        _time.Advance(NearbyNodes.Life + TimeSpan.FromSeconds(1));

        Assert.Empty(_nearby.All);
        Assert.Empty(_nearby.AddressesOf(Id(1)));
        Assert.Equal(NearbyNews.Node, _nearby.Hear(Id(1), 1, []));
    }

    [Fact]
    public void Said_again_it_counts_no_longer_and_older_words_not_at_all()
    {
        _nearby.Hear(Id(1), 5, ["192.0.2.1:1"]);
        _time.Advance(NearbyNodes.Life);
        Assert.Equal(NearbyNews.None, _nearby.Hear(Id(1), 5, ["192.0.2.1:1"]));
        Assert.Equal(NearbyNews.None, _nearby.Hear(Id(1), 4, ["192.0.2.9:1"]));
        Assert.Equal(["192.0.2.1:1"], _nearby.AddressesOf(Id(1)));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Empty(_nearby.All);
    }

    [Fact]
    public void One_word_over_two_networks_gives_both_addresses_and_is_no_news_the_next_time()
    {
        _nearby.Hear(Id(1), 1, ["192.0.2.1:1"]);
        Assert.Equal(NearbyNews.Address, _nearby.Hear(Id(1), 1, ["[2001:db8::1]:1"]));

        for (long sequence = 2; sequence < 5; sequence++)
        {
            Assert.Equal(NearbyNews.Word, _nearby.Hear(Id(1), sequence, ["192.0.2.1:1"]));
            Assert.Equal(NearbyNews.None, _nearby.Hear(Id(1), sequence, ["[2001:db8::1]:1"]));
            Assert.Equal(["192.0.2.1:1", "[2001:db8::1]:1"], _nearby.AddressesOf(Id(1)));
        }
    }

    [Fact]
    public void An_address_that_it_left_is_forgotten_after_the_next_words()
    {
        _nearby.Hear(Id(1), 1, ["192.0.2.1:1"]);
        Assert.Equal(NearbyNews.Address, _nearby.Hear(Id(1), 2, ["192.0.2.2:1"]));
        Assert.Equal(["192.0.2.2:1", "192.0.2.1:1"], _nearby.AddressesOf(Id(1)));

        _nearby.Hear(Id(1), 3, ["192.0.2.2:1"]);

        Assert.Equal(["192.0.2.2:1"], _nearby.AddressesOf(Id(1)));
    }

    [Fact]
    public void So_many_nodes_and_so_many_addresses_of_each()
    {
        for (var number = 1; number <= NearbyNodes.MaxNodes; number++) Assert.Equal(NearbyNews.Node, _nearby.Hear(Id(number), 1, []));
        Assert.Equal(NearbyNews.None, _nearby.Hear(Id(5_000), 1, ["192.0.2.1:1"]));
        Assert.Equal(NearbyNodes.MaxNodes, _nearby.All.Count);

        for (var number = 0; number < 100; number++) _nearby.Hear(Id(1), 2, [$"192.0.2.{number}:1"]);
        for (var number = 100; number < 200; number++) _nearby.Hear(Id(1), 3, [$"192.0.2.{number}:1"]);
        Assert.Equal(NearbyNodes.MaxAddresses, _nearby.AddressesOf(Id(1)).Count);
    }

    [Fact]
    public void What_is_no_address_is_left_out()
    {
        _nearby.Hear(Id(1), 1, ["nonsense", "192.0.2.1:1", "192.0.2.1:99999"]);

        Assert.Equal(["192.0.2.1:1"], _nearby.AddressesOf(Id(1)));
    }

    private static PeerId Id(int number) => PeerId.Parse(number.ToString("x64", null));
}
