using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mycel.Dht;

/// <summary>
/// An IP address and a UDP port. IPv4 is kept in the form that IPv6 maps it to (RFC 4291, 2.5.5.2), so that one node does not have two
/// spellings of one address.
/// </summary>
/// <param name="Ip">The address as a 128-bit number.</param>
/// <param name="Port">The port.</param>
public readonly record struct DhtAddress(UInt128 Ip, ushort Port)
{
    /// <summary>Bytes of a written IPv4 address: four and the port, both big-endian.</summary>
    public const int Ipv4SizeBytes = 6;

    /// <summary>Bytes of a written IPv6 address: sixteen and the port.</summary>
    public const int Ipv6SizeBytes = 18;

    private static readonly UInt128 Mapped = (UInt128)0xFFFF << 32;

    /// <summary>Takes an endpoint.</summary>
    public static DhtAddress From(IPEndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        Span<byte> bytes = stackalloc byte[16];
        endpoint.Address.MapToIPv6().TryWriteBytes(bytes, out _);
        return new DhtAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)endpoint.Port);
    }

    /// <summary>Whether it is an IPv4 address.</summary>
    public bool IsIpv4 => Ip >> 32 == 0xFFFF;

    /// <summary>Reads a written address; false where it has neither 6 nor 18 bytes, or where 18 bytes spell an IPv4 address.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out DhtAddress address)
    {
        address = default;
        if (bytes.Length == Ipv4SizeBytes)
            address = new DhtAddress(Mapped | BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]));
        else if (bytes.Length == Ipv6SizeBytes)
            address = new DhtAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]));
        return bytes.Length == Ipv4SizeBytes || (bytes.Length == Ipv6SizeBytes && !address.IsIpv4);
    }

    /// <summary>Writes the address and returns how many bytes it took, 6 or 18.</summary>
    public int Write(Span<byte> destination)
    {
        if (IsIpv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)Ip);
            BinaryPrimitives.WriteUInt16BigEndian(destination[4..], Port);
            return Ipv4SizeBytes;
        }

        BinaryPrimitives.WriteUInt128BigEndian(destination, Ip);
        BinaryPrimitives.WriteUInt16BigEndian(destination[16..], Port);
        return Ipv6SizeBytes;
    }

    /// <summary>How far the address reaches.</summary>
    public DhtReach Reach
    {
        get
        {
            if (Port == 0)
                return DhtReach.Nowhere;
            if (!IsIpv4)
                return ReachOfIpv6(Ip);
            uint ip = (uint)Ip;
            return (ip >> 24) switch
            {
                0 or >= 224 => DhtReach.Nowhere,
                127 => DhtReach.Machine,
                10 => DhtReach.Site,
                100 when (ip >> 22) == 0x6440 >> 6 => DhtReach.Site,
                169 when (ip >> 16) == 0xA9FE => DhtReach.Site,
                172 when (ip >> 20) == 0xAC1 => DhtReach.Site,
                192 when (ip >> 16) == 0xC0A8 => DhtReach.Site,
                _ => DhtReach.Public,
            };
        }
    }

    /// <summary>
    /// What one owner of addresses has as a rule, and is counted as one: the /24 of an IPv4 address, the /48 of an IPv6 address (as in
    /// BEP 42 and in go-libp2p's filter of peer diversity).
    /// </summary>
    public UInt128 Group => IsIpv4 ? Ip >> 8 << 8 : Ip >> 80 << 80;

    /// <summary>
    /// Whom a rate limit is for: the address, the /64 of an IPv6 address. Machines and sites have many nodes behind one address, or on one
    /// machine, so there the port is part of it.
    /// </summary>
    public DhtAddress Limited => Reach == DhtReach.Public ? new DhtAddress(IsIpv4 ? Ip : Ip >> 64 << 64, 0) : this;

    /// <summary>The address as .NET has it.</summary>
    public IPEndPoint ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Ip);
        var ip = new IPAddress(bytes);
        return new IPEndPoint(IsIpv4 ? ip.MapToIPv4() : ip, Port);
    }

    /// <summary>Reads <c>address:port</c>; false for names, and where the port is missing.</summary>
    public static bool TryParse(string text, out DhtAddress address)
    {
        address = default;
        if (!IPEndPoint.TryParse(text, out IPEndPoint? endpoint) || endpoint.Port == 0)
            return false;
        if (endpoint.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
            return false;
        address = From(endpoint);
        return true;
    }

    /// <summary>The address as <c>address:port</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ToEndPoint()}");

    private static DhtReach ReachOfIpv6(UInt128 ip)
    {
        if (ip == 0 || (ip >> 120) == 0xFF)
            return DhtReach.Nowhere;
        if (ip == 1)
            return DhtReach.Machine;
        return (ip >> 121) == 0xFC >> 1 || (ip >> 118) == 0xFE80 >> 6 ? DhtReach.Site : DhtReach.Public;
    }
}
