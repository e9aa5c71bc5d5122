using System.Buffers.Binary;
using System.Net;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Node.Discovery.Lan;

/// <summary>
/// Announcements as datagrams (docs/protocol/lan.md). All have one size, and all but the first bytes is sealed with the account's fleet key under a random
/// nonce, so that a stranger learns of none whose it is, nor whether two are of one device.
/// </summary>
internal static class LanCodec
{
    /// <summary>Size of every datagram, in bytes: what passes over any link without being split.</summary>
    public const int DatagramBytes = 1200;

    /// <summary>What the announcement is sealed for, and the domain of its signature.</summary>
    public const string Domain = "mycel/lan/1";

    /// <summary>An announcement is believed this long before and after its time: clocks of two nodes may differ by as much.</summary>
    public static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(10);

    private const string What = "The announcement";
    private const int LengthBytes = 2;
    private const int PlainBytes = DatagramBytes - HeadBytes - FleetKey.OverheadBytes;
    private const int HeadBytes = 4;

    /// <summary>The first bytes of every datagram: the name and the version.</summary>
    public static ReadOnlySpan<byte> Head => "MYL\u0001"u8;

    /// <summary>Makes the datagram of an announcement.</summary>
    /// <param name="fleet">The account's key.</param>
    /// <param name="device">The key of the device that the certificate is about.</param>
    /// <param name="announcement">What to say.</param>
    public static byte[] Seal(FleetKey fleet, DeviceKey device, LanAnnouncement announcement)
    {
        var body = new Wire.LanAnnouncement
        {
            Certificate = ByteString.CopyFrom(announcement.Certificate.ToBytes()),
            IssuedAtMs = announcement.IssuedAtMs,
            LinkPort = (uint)announcement.Ports.Link,
            TunnelPort = (uint)announcement.Ports.Tunnel,
            Asks = announcement.Asks,
        };
        return Seal(fleet, DeviceStatement.Sign(device, Domain, body.ToByteArray()));
    }

    /// <summary>Reads a datagram.</summary>
    /// <param name="fleet">The account's key.</param>
    /// <param name="datagram">What came.</param>
    /// <returns>Null where no device of the account made it.</returns>
    /// <exception cref="StatementException">It is sealed as one of the account, and is nevertheless out of bounds or not signed by a device of it.</exception>
    public static LanAnnouncement? Open(FleetKey fleet, ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length != DatagramBytes || !datagram.StartsWith(Head)) return null;
        if (fleet.Open(datagram[HeadBytes..], Domain) is not { } plain) return null;
        int length = BinaryPrimitives.ReadUInt16BigEndian(plain);
        if (length > plain.Length - LengthBytes || plain.AsSpan(LengthBytes + length).ContainsAnyExcept((byte)0)) throw new StatementException($"{What} is damaged.");
        return Read(fleet.AccountId, plain.AsSpan(LengthBytes, length));
    }

    /// <summary>Checks that an announcement and its certificate are of this time, give or take ten minutes for clocks that differ.</summary>
    /// <exception cref="StatementException">They are not.</exception>
    public static void CheckTime(LanAnnouncement announcement, DateTimeOffset now)
    {
        if (Math.Abs(announcement.IssuedAtMs - now.ToUnixTimeMilliseconds()) > MaxSkew.TotalMilliseconds) throw new StatementException($"{What} is not of this time. Check the clocks of both machines.");
        announcement.Certificate.CheckTime(now);
    }

    /// <summary>A signed announcement as a datagram.</summary>
    internal static byte[] Seal(FleetKey fleet, ReadOnlySpan<byte> signed)
    {
        var plain = new byte[PlainBytes];
        BinaryPrimitives.WriteUInt16BigEndian(plain, checked((ushort)signed.Length));
        signed.CopyTo(plain.AsSpan(LengthBytes));
        return [.. Head, .. fleet.Seal(plain, Domain)];
    }

    private static LanAnnouncement Read(AccountId account, ReadOnlySpan<byte> signed)
    {
        var statement = DeviceStatement.Parse(signed, PlainBytes, What);
        Wire.LanAnnouncement body;
        try
        {
            body = Wire.LanAnnouncement.Parser.ParseFrom(statement.Body.Span);
        }
        catch (InvalidProtocolBufferException broken)
        {
            throw new StatementException($"{What} is damaged.", broken);
        }

        if (body.LinkPort > IPEndPoint.MaxPort || body.TunnelPort > IPEndPoint.MaxPort || body.IssuedAtMs < 0) throw new StatementException($"{What} is out of bounds.");
        var certificate = DeviceCertificate.Parse(body.Certificate.Span);
        if (certificate.AccountId != account) throw new StatementException($"{What} is of a device of another account.");
        statement.Verify(Domain, certificate.DeviceKeyBytes);
        return new LanAnnouncement(certificate, body.IssuedAtMs, new LanPorts((int)body.LinkPort, (int)body.TunnelPort), body.Asks);
    }
}
