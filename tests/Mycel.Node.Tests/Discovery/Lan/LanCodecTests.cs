using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Node.Discovery.Lan;
using Mycel.Node.Tests.Networks;
using Mycel.Node.Tests.Protocol;

namespace Mycel.Node.Tests.Discovery.Lan;

/// <summary>Announcements as datagrams: only devices of the account read them, and only one of them can have made them.</summary>
public sealed class LanCodecTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestPeer _device;
    private readonly TestPeer _sibling;
    private readonly TestPeer _stranger;

    public LanCodecTests()
    {
        _device = new TestPeer(_time, name: "Anna's gaming computer");
        _sibling = new TestPeer(_time, _device.Identity.Account);
        _stranger = new TestPeer(_time);
    }

    private FleetKey Fleet => _sibling.Identity.Fleet!;

    [Fact]
    public void A_device_of_the_account_reads_what_another_said()
    {
        var said = LanCodec.Open(Fleet, Seal(new LanPorts(8421, 65_535), asks: true))!;

        Assert.Equal(_device.Id, said.Certificate.PeerId);
        Assert.Equal((_time.GetUtcNow().ToUnixTimeMilliseconds(), new LanPorts(8421, 65_535), true), (said.IssuedAtMs, said.Ports, said.Asks));
        Assert.Equal(new LanPorts(0, 0), LanCodec.Open(Fleet, Seal(default))!.Ports);
    }

    [Fact]
    public void A_device_of_another_account_reads_nothing()
        => Assert.Null(LanCodec.Open(_stranger.Identity.Fleet!, Seal(new LanPorts(8421, 0))));

    [Fact]
    public void Nothing_in_two_datagrams_tells_whose_they_are_or_that_one_device_made_both()
    {
        var one = Seal(new LanPorts(8421, 0));
        var two = Seal(new LanPorts(8421, 0));
        var sibling = LanCodec.Seal(Fleet, _sibling.Identity.Device, Announcement(_sibling, new LanPorts(8421, 8420)));

        Assert.All([one, two, sibling], datagram => Assert.Equal(LanCodec.DatagramBytes, datagram.Length));
        var rest = LanCodec.Head.Length;
        Assert.True(one.AsSpan(0, rest).SequenceEqual(two.AsSpan(0, rest)));
        // Of 1,196 random bytes two are alike in about five places, and in forty never.
        Assert.InRange(Enumerable.Range(rest, one.Length - rest).Count(at => one[at] == two[at]), 0, 40);
        foreach (var known in new[] { _device.Identity.Certificate.AccountKey.ToArray(), _device.Identity.Device.PublicKey.ToArray(), "Anna"u8.ToArray() })
            Assert.True(one.AsSpan().IndexOf(known) < 0);
    }

    [Fact]
    public void The_longest_name_fits()
    {
        using var device = new TestPeer(_time, _device.Identity.Account, new string('界', 64));

        var said = LanCodec.Open(Fleet, LanCodec.Seal(Fleet, device.Identity.Device, Announcement(device, new LanPorts(65_535, 65_535))));

        Assert.Equal(new string('界', 64), said!.Certificate.DeviceName);
    }

    [Fact]
    public void Every_damaged_byte_and_every_other_length_is_noticed()
    {
        var datagram = Seal(new LanPorts(8421, 0));
        for (var at = 0; at < datagram.Length; at++)
        {
            datagram[at] ^= 0x20;
            Assert.Null(LanCodec.Open(Fleet, datagram));
            datagram[at] ^= 0x20;
        }

        foreach (var length in new[] { 0, 1, 4, 43, 44, LanCodec.DatagramBytes - 1 }) Assert.Null(LanCodec.Open(Fleet, datagram.AsSpan(0, length)));
        Assert.Null(LanCodec.Open(Fleet, [.. datagram, 0]));
        Assert.NotNull(LanCodec.Open(Fleet, datagram));
    }

    [Fact]
    public void Who_has_the_fleet_key_and_is_no_device_of_the_account_is_not_believed()
    {
        // With a certificate of its own account; with one of the device it would like to be; and with the device's words, about another port.
        var foreign = Sign(_stranger.Identity.Device, Body(_stranger.Identity.Certificate));
        var borrowed = Sign(_stranger.Identity.Device, Body(_device.Identity.Certificate));
        var changed = Identity.Wire.Signed.Parser.ParseFrom(Sign(_device.Identity.Device, Body(_device.Identity.Certificate)));
        changed.Body = Body(_device.Identity.Certificate, body => body.LinkPort = 22).ToByteString();
        using var other = AccountKey.Create();
        var made = Sign(_stranger.Identity.Device, Body(DeviceCertificate.Issue(other, _stranger.Identity.Device.PublicKey, "x", DeviceRoles.All, 1, _time.GetUtcNow(), TimeSpan.FromDays(1))));

        foreach (var signed in new[] { foreign, borrowed, changed.ToByteArray(), made }) Assert.Throws<StatementException>(() => LanCodec.Open(Fleet, LanCodec.Seal(Fleet, signed)));
    }

    [Fact]
    public void A_statement_of_the_device_for_another_purpose_is_no_announcement()
        => Assert.Throws<StatementException>(() => LanCodec.Open(Fleet, LanCodec.Seal(Fleet, DeviceStatement.Sign(_device.Identity.Device, "mycel/node-record/1", Body(_device.Identity.Certificate).ToByteArray()))));

    [Fact]
    public void What_is_out_of_bounds_is_refused()
    {
        foreach (var wrong in new Action<Node.Discovery.Lan.Wire.LanAnnouncement>[]
        {
            body => body.LinkPort = 65_536, body => body.TunnelPort = uint.MaxValue, body => body.IssuedAtMs = -1, body => body.Certificate = ByteString.Empty, body => body.Certificate = ByteString.CopyFrom(new byte[900]),
        })
        {
            Assert.Throws<StatementException>(() => LanCodec.Open(Fleet, LanCodec.Seal(Fleet, Sign(_device.Identity.Device, Body(_device.Identity.Certificate, wrong)))));
        }

        foreach (var signed in new byte[][] { [], [1], [0xFF, 0xFF, 0xFF], new byte[1_100] }) Assert.Throws<StatementException>(() => LanCodec.Open(Fleet, LanCodec.Seal(Fleet, signed)));
    }

    [Fact]
    public void It_is_believed_for_ten_minutes_to_both_sides()
    {
        var said = LanCodec.Open(Fleet, Seal(default))!;
        var now = _time.GetUtcNow();

        foreach (var seconds in new[] { -600, 0, 600 }) LanCodec.CheckTime(said, now.AddSeconds(seconds));
        foreach (var seconds in new[] { -601, 601 }) Assert.Throws<StatementException>(() => LanCodec.CheckTime(said, now.AddSeconds(seconds)));
        Assert.Throws<StatementException>(() => LanCodec.CheckTime(said with { IssuedAtMs = long.MaxValue }, now));
        var later = said.Certificate.NotAfter.AddHours(1);
        Assert.Throws<StatementException>(() => LanCodec.CheckTime(said with { IssuedAtMs = later.ToUnixTimeMilliseconds() }, later));
    }

    [Fact]
    public void No_damage_brings_the_reader_down()
    {
        byte[][] valid = [Seal(new LanPorts(8421, 8420)), LanCodec.Seal(Fleet, _sibling.Identity.Device, Announcement(_sibling, default))];
        Fuzzing.Run(valid, input => LanCodec.Open(Fleet, input.Span), refused => refused is StatementException, salt: 71);
    }

    [Fact]
    public void No_damage_inside_the_seal_brings_the_reader_down()
    {
        byte[][] valid = [Sign(_device.Identity.Device, Body(_device.Identity.Certificate)), Sign(_sibling.Identity.Device, Body(_sibling.Identity.Certificate, body => body.Asks = true))];
        Fuzzing.Run(
            valid, input => LanCodec.Open(Fleet, LanCodec.Seal(Fleet, input.Span[..Math.Min(input.Length, 1_100)])), refused => refused is StatementException, salt: 72, count: 20_000);
    }

    public void Dispose()
    {
        _device.Dispose();
        _sibling.Dispose();
        _stranger.Dispose();
    }

    private byte[] Seal(LanPorts ports, bool asks = false) => LanCodec.Seal(_device.Identity.Fleet!, _device.Identity.Device, Announcement(_device, ports) with { Asks = asks });

    private LanAnnouncement Announcement(TestPeer of, LanPorts ports) => new(of.Identity.Certificate, _time.GetUtcNow().ToUnixTimeMilliseconds(), ports, Asks: false);

    private static byte[] Sign(DeviceKey device, IMessage body) => DeviceStatement.Sign(device, LanCodec.Domain, body.ToByteArray());

    private Node.Discovery.Lan.Wire.LanAnnouncement Body(DeviceCertificate certificate, Action<Node.Discovery.Lan.Wire.LanAnnouncement>? change = null)
    {
        var body = new Node.Discovery.Lan.Wire.LanAnnouncement { Certificate = ByteString.CopyFrom(certificate.ToBytes()), IssuedAtMs = _time.GetUtcNow().ToUnixTimeMilliseconds(), LinkPort = 8421 };
        change?.Invoke(body);
        return body;
    }
}
