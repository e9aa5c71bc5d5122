using System.Text;
using System.Text.Json.Nodes;
using Mycel.Identity;
using Mycel.Identity.Crypto;
using Mycel.Node.Discovery.Lan;
using static Mycel.Node.Tests.Protocol.VectorFile;

namespace Mycel.Node.Tests.Protocol;

/// <summary>The example of an announcement on the local network: this program makes the very same bytes, and reads them.</summary>
public sealed class LanVectorTests
{
    private const string Name = "lan.json";

    private static byte[] Nonce { get; } = [.. Enumerable.Range(0xC0, XChaCha20Poly1305.NonceSizeBytes).Select(value => (byte)value)];

    [Fact]
    public void The_file_is_what_this_program_makes()
    {
        using var keys = new VectorKeys();
        var (key, signed, plain, datagram) = Make(keys);
        Check(Name, new JsonObject
        {
            ["about"] = "An announcement on the local network (docs/protocol/lan.md), by the device `root_device` of identity.json. Bytes are in hexadecimal digits.",
            ["account_seed"] = Hex(VectorKeys.RootAccountSeed),
            ["fleet_key"] = Hex(key),
            ["says"] = new JsonObject { ["peer_id"] = keys.RootDevice.PeerId.ToString(), ["issued_at_ms"] = VectorKeys.Now.ToUnixTimeMilliseconds(), ["link_port"] = 8421, ["tunnel_port"] = 8420, ["asks"] = true },
            ["domain"] = LanCodec.Domain,
            ["signed"] = Hex(signed),
            ["plain"] = Hex(plain),
            ["nonce"] = Hex(Nonce),
            ["datagram"] = Hex(datagram),
        });
    }

    [Fact]
    public void What_the_file_holds_is_read_as_it_says()
    {
        using var keys = new VectorKeys();
        using var fleet = FleetKey.Of(keys.RootAccount);
        using var stranger = FleetKey.Of(keys.GuestAccount);
        var datagram = Bytes(Read(Name)!["datagram"]);

        var said = LanCodec.Open(fleet, datagram)!;

        LanCodec.CheckTime(said, VectorKeys.Now);
        Assert.Equal((keys.RootDevice.PeerId, new LanPorts(8421, 8420), true), (said.Certificate.PeerId, said.Ports, said.Asks));
        Assert.Null(LanCodec.Open(stranger, datagram));
    }

    private static (byte[] Key, byte[] Signed, byte[] Plain, byte[] Datagram) Make(VectorKeys keys)
    {
        using var fleet = FleetKey.Of(keys.RootAccount);
        var key = new byte[XChaCha20Poly1305.KeySizeBytes];
        keys.RootAccount.DeriveKey(FleetKey.DerivedFor, key);
        var said = new LanAnnouncement(keys.RootCertificate, VectorKeys.Now.ToUnixTimeMilliseconds(), new LanPorts(8421, 8420), Asks: true);

        // Nonces are random; what lies under the seal is not.
        var domain = Encoding.ASCII.GetBytes(LanCodec.Domain);
        var plain = XChaCha20Poly1305.Open(key, LanCodec.Seal(fleet, keys.RootDevice, said).AsSpan(LanCodec.Head.Length), domain)!;
        byte[] datagram = [.. LanCodec.Head, .. XChaCha20Poly1305.Seal(key, Nonce, plain, domain)];
        return (key, plain[2..(2 + (plain[0] << 8) + plain[1])], plain, datagram);
    }
}
