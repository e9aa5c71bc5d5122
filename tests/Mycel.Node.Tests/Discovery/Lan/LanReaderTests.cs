using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Node.Discovery.Lan;
using Mycel.Node.Networks;
using Mycel.Node.Tests.Networks;

namespace Mycel.Node.Tests.Discovery.Lan;

/// <summary>What a datagram from the local network is worth.</summary>
public sealed class LanReaderTests : IDisposable
{
    private static readonly IPEndPoint Source = IPEndPoint.Parse("192.0.2.7:8423");

    private readonly ManualTime _time = new();
    private readonly TestFolder _folder = new();
    private readonly TestPeer _self;
    private readonly TestPeer _sibling;
    private readonly TestPeer _stranger;
    private readonly RevocationBook _revocations;
    private readonly NearbyNodes _nearby;
    private readonly LanReader _reader;

    public LanReaderTests()
    {
        _self = new TestPeer(_time);
        _sibling = new TestPeer(_time, _self.Identity.Account);
        _stranger = new TestPeer(_time);
        _revocations = new RevocationBook(_self.Identity, _folder.File("revoked"), NullLogger<RevocationBook>.Instance);
        _nearby = new NearbyNodes(_time);
        _reader = new LanReader(_self.Identity, _self.Identity.Fleet!, _revocations, _nearby, _time);
    }

    [Fact]
    public void The_address_is_that_of_the_datagram_and_the_port_what_the_device_signed()
    {
        Assert.Equal(LanVerdict.Taken, Read(Seal(_sibling, new LanPorts(8421, 0)), out var heard));

        Assert.Equal((_sibling.Id, NearbyNews.Node), (heard!.Said.Certificate.PeerId, heard.News));
        Assert.Equal([_sibling.Id], _nearby.All);
        Assert.Equal(["192.0.2.7:8421"], _nearby.AddressesOf(_sibling.Id));
    }

    [Theory]
    [InlineData("192.0.2.7:8423", 8421, 8420, "192.0.2.7:8421 http://192.0.2.7:8420")]
    [InlineData("192.0.2.7:8423", 0, 8420, "http://192.0.2.7:8420")]
    [InlineData("192.0.2.7:8423", 0, 0, "")]
    [InlineData("[2001:db8::7]:8423", 8421, 8420, "[2001:db8::7]:8421 http://[2001:db8::7]:8420")]
    [InlineData("[fe80::7%3]:8423", 8421, 8420, "[fe80::7%3]:8421")]
    public void Each_port_is_an_address(string source, int link, int tunnel, string addresses)
    {
        Assert.Equal(LanVerdict.Taken, _reader.Read(Seal(_sibling, new LanPorts(link, tunnel)), IPEndPoint.Parse(source), out _));

        Assert.Equal(addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries), _nearby.AddressesOf(_sibling.Id));
    }

    [Fact]
    public void Strangers_noise_and_the_own_announcements_change_nothing()
    {
        Assert.Equal(LanVerdict.Foreign, Read(Seal(_stranger, new LanPorts(8421, 0)), out _));
        Assert.Equal(LanVerdict.Foreign, Read(new byte[LanCodec.DatagramBytes], out _));
        Assert.Equal(LanVerdict.Foreign, Read([], out _));
        Assert.Equal(LanVerdict.Own, Read(Seal(_self, new LanPorts(8421, 0)), out var heard));

        Assert.Null(heard);
        Assert.Empty(_nearby.All);
    }

    [Fact]
    public void What_was_recorded_and_is_played_again_from_elsewhere_adds_a_place_to_dial_and_no_more()
    {
        var recorded = Seal(_sibling, new LanPorts(8421, 0), asks: true);
        Assert.Equal(LanVerdict.Taken, Read(recorded, out _));
        Assert.Equal(LanVerdict.Repeated, Read(recorded, out var again));
        Assert.Null(again);

        for (var i = 1; i <= 20; i++) _reader.Read(recorded, new IPEndPoint(IPAddress.Parse($"192.0.2.{100 + i}"), 8423), out _);

        // The true one stays the first.
        Assert.Equal(NearbyNodes.MaxAddresses, _nearby.AddressesOf(_sibling.Id).Count);
        Assert.Equal("192.0.2.7:8421", _nearby.AddressesOf(_sibling.Id)[0]);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(LanVerdict.Taken, Read(Seal(_sibling, new LanPorts(8421, 0)), out _));
        Assert.Equal(LanVerdict.Repeated, Read(recorded, out _));
        Assert.Equal("192.0.2.7:8421", _nearby.AddressesOf(_sibling.Id)[0]);
    }

    [Fact]
    public void What_is_older_than_ten_minutes_is_not_believed_even_by_one_that_never_heard_it()
    {
        var recorded = Seal(_sibling, new LanPorts(8421, 0));
        _time.Advance(LanCodec.MaxSkew + TimeSpan.FromSeconds(1));

        Assert.Equal(LanVerdict.Refused, Read(recorded, out _));
        Assert.Empty(_nearby.All);
    }

    [Fact]
    public void A_device_that_was_cast_out_is_not_heard()
    {
        _revocations.Accept(_self.Identity.Revoke(_sibling.Id));

        Assert.Equal(LanVerdict.Refused, Read(Seal(_sibling, new LanPorts(8421, 0)), out _));
        Assert.Empty(_nearby.All);
    }

    [Fact]
    public void One_that_floods_is_dropped_and_others_are_heard()
    {
        var noise = new byte[LanCodec.DatagramBytes];
        for (var i = 0; i < LanGate.MaxOfOne; i++) Assert.Equal(LanVerdict.Foreign, Read(noise, out _));

        Assert.Equal(LanVerdict.Dropped, Read(noise, out _));
        Assert.Equal(LanVerdict.Dropped, Read(Seal(_sibling, new LanPorts(8421, 0)), out _));
        Assert.Equal(LanVerdict.Taken, _reader.Read(Seal(_sibling, new LanPorts(8421, 0)), IPEndPoint.Parse("192.0.2.8:8423"), out _));
        _time.Advance(LanGate.Window);
        Assert.Equal(LanVerdict.Foreign, Read(noise, out _));
    }

    public void Dispose()
    {
        _self.Dispose();
        _sibling.Dispose();
        _stranger.Dispose();
        _folder.Dispose();
    }

    private LanVerdict Read(byte[] datagram, out LanNews? heard) => _reader.Read(datagram, Source, out heard);

    private byte[] Seal(TestPeer of, LanPorts ports, bool asks = false)
        => LanCodec.Seal(of.Identity.Fleet!, of.Identity.Device, new LanAnnouncement(of.Identity.Certificate, _time.GetUtcNow().ToUnixTimeMilliseconds(), ports, asks));
}
