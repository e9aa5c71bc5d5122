using Mycel.Dht.Routing;
using Mycel.Dht.Tests.Simulation;

namespace Mycel.Dht.Tests;

/// <summary>Who comes into the table, and who stays.</summary>
public sealed class RoutingTableTests
{
    private readonly Random _random = new(7);
    private int _address;

    [Fact]
    public void A_full_bucket_keeps_its_old_contacts_and_a_bounded_number_waits()
    {
        var options = new DhtOptions { BucketSize = 4, MaxReplacements = 3 };
        var table = new RoutingTable(options, default);
        List<DhtContact> first = [.. Enumerable.Range(0, 4).Select(_ => Far())];
        foreach (DhtContact contact in first)
            Assert.Null(table.Heard(contact, 1));
        for (int i = 0; i < 10; i++)
            Assert.Equal(first[0].Key, table.Heard(Far(), 2)!.Contact.Key);
        Assert.Equal((4, 3), (table.Count, table.ReplacementCount));
        Assert.All(first, c => Assert.True(table.Contains(c.Key)));
    }

    [Fact]
    public void A_silent_contact_gives_way_to_one_that_waits_and_stays_where_none_does()
    {
        var options = new DhtOptions { BucketSize = 2, MaxFailures = 2 };
        var table = new RoutingTable(options, default);
        DhtContact a = Far(), b = Far(), waiting = Far();
        table.Heard(a, 1);
        table.Heard(b, 1);
        table.Heard(waiting, 1);
        table.Failed(a.Key);
        Assert.True(table.Contains(a.Key));
        table.Failed(a.Key);
        Assert.False(table.Contains(a.Key));
        Assert.True(table.Contains(waiting.Key));

        table.Failed(b.Key);
        table.Failed(b.Key);
        Assert.True(table.Contains(b.Key));
        Assert.DoesNotContain(table.Closest(default, 10), c => c.Key == b.Key);
        Assert.Contains(table.Closest(default, 10, alsoFailed: true), c => c.Key == b.Key);
        DhtContact fresh = Far();
        table.Heard(fresh, 2);
        Assert.False(table.Contains(b.Key));
        Assert.True(table.Contains(fresh.Key));
    }

    [Fact]
    public void Beyond_a_small_number_a_bucket_has_one_place_for_a_group_of_addresses()
    {
        var options = new DhtOptions { SharedGroupSlots = 4 };
        foreach (string pattern in new[] { "203.0.113.{0}:8422", "[2001:db8:1:{0}::1]:8422" })
        {
            var table = new RoutingTable(options, default);
            for (int i = 1; i < 50; i++)
                table.Heard(Far(pattern.Replace("{0}", $"{i}", StringComparison.Ordinal)), 1);
            Assert.Equal(4, table.Count);
            table.Heard(Far("198.51.100.1:8422"), 1);
            table.Heard(Far("198.51.100.2:8422"), 1);
            Assert.Equal(5, table.Count);
        }
    }

    [Fact]
    public void A_group_of_addresses_has_few_places_in_the_whole_table()
    {
        var options = new DhtOptions { MaxContactsPerGroup = 6 };
        var table = new RoutingTable(options, default);
        for (int i = 0; i < 60; i++)
            table.Heard(new DhtContact(new SimRandom(i).NextInBucket(default, i % 30), Address($"203.0.113.{i + 1}:8422")), 1);
        Assert.Equal(6, table.Count);
    }

    [Theory]
    [InlineData("127.0.0.1:{0}")]
    [InlineData("10.1.2.3:{0}")]
    [InlineData("[::1]:{0}")]
    [InlineData("[fd00::1]:{0}")]
    public void Private_addresses_fill_a_bucket(string pattern)
    {
        var table = new RoutingTable(new DhtOptions(), default);
        for (int i = 1; i <= 20; i++)
            table.Heard(Far(pattern.Replace("{0}", $"{1000 + i}", StringComparison.Ordinal)), 1);
        Assert.Equal(20, table.Count);
    }

    [Fact]
    public void The_nearest_contacts_are_found_wherever_they_are()
    {
        var table = new RoutingTable(new DhtOptions(), Key());
        List<DhtContact> all = [.. Enumerable.Range(0, 400).Select(_ => new DhtContact(Key(), NextAddress()))];
        foreach (DhtContact contact in all)
            table.Heard(contact, 1);
        List<DhtContact> known = [.. all.Where(c => table.Contains(c.Key))];
        for (int i = 0; i < 100; i++)
        {
            DhtKey target = i < 50 ? Key() : known[i % known.Count].Key;
            Assert.Equal(known.OrderBy(c => c.Key.Xor(target)).Take(20).Select(c => c.Key), table.Closest(target, 20).Select(c => c.Key));
        }
    }

    [Fact]
    public void The_size_of_a_network_is_estimated_and_a_few_crowds_do_not_move_it()
    {
        var space = new KeySpace(Enumerable.Range(0, 5000).Select(_ => new DhtContact(Key(), NextAddress())));
        var size = new NetworkSize();
        for (int i = 0; i < NetworkSize.MaxSamples * 2; i++)
        {
            DhtKey target = Key();
            DhtKey distance = space.Nearest(target, 20)[^1].Key.Xor(target);
            size.Add(20, i % 4 == 0 ? DhtKey.FromShare(1e-9) : distance);
        }

        Assert.InRange(size.Estimate, 4000, 7000);
    }

    [Theory]
    [InlineData("0.1.2.3:1", DhtReach.Nowhere)]
    [InlineData("224.0.0.251:5353", DhtReach.Nowhere)]
    [InlineData("[ff02::1]:1", DhtReach.Nowhere)]
    [InlineData("127.9.9.9:1", DhtReach.Machine)]
    [InlineData("[::1]:1", DhtReach.Machine)]
    [InlineData("172.31.0.1:1", DhtReach.Site)]
    [InlineData("172.32.0.1:1", DhtReach.Public)]
    [InlineData("100.64.0.1:1", DhtReach.Site)]
    [InlineData("100.128.0.1:1", DhtReach.Public)]
    [InlineData("169.254.1.1:1", DhtReach.Site)]
    [InlineData("192.168.1.1:1", DhtReach.Site)]
    [InlineData("[fe80::1]:1", DhtReach.Site)]
    [InlineData("8.8.8.8:53", DhtReach.Public)]
    [InlineData("[2001:db8::1]:1", DhtReach.Public)]
    public void Addresses_reach_so_far(string text, DhtReach reach)
    {
        DhtAddress address = Address(text);
        Assert.Equal(reach, address.Reach);
        Span<byte> bytes = stackalloc byte[18];
        Assert.True(DhtAddress.TryRead(bytes[..address.Write(bytes)], out DhtAddress read));
        Assert.Equal((address, text), (read, read.ToString()));
    }

    private static DhtAddress Address(string text)
    {
        Assert.True(DhtAddress.TryParse(text, out DhtAddress address), text);
        return address;
    }

    private DhtAddress NextAddress() => new(((UInt128)0xFFFF << 32) | (uint)(0x14000001 + (_address++ << 8)), 8422);

    private DhtKey Key()
    {
        var bytes = new byte[32];
        _random.NextBytes(bytes);
        return DhtKey.Read(bytes);
    }

    /// <summary>A contact in the bucket farthest from the key of zeros.</summary>
    private DhtContact Far(string? address = null)
        => new(Key() with { High = ((UInt128)1 << 127) | (UInt128)_random.NextInt64() }, address is null ? NextAddress() : Address(address));
}
