using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>An address in the system's form (<c>sockaddr_in</c>, <c>sockaddr_in6</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NetAddress : IEquatable<NetAddress>
{
    /// <summary>Room for either form, in bytes.</summary>
    public const int MaxLength = 28;

    private const int Length4 = 16;

    public fixed byte Bytes[MaxLength];
    public uint Length;

    private ReadOnlySpan<byte> Used => MemoryMarshal.CreateReadOnlySpan(ref Unsafe.AsRef(in Bytes[0]), (int)Math.Min(Length, MaxLength));

    public readonly bool IsInet6 => Length > Length4;

    /// <summary>Converts; an IPv4 address becomes a mapped one for a socket that serves both.</summary>
    /// <exception cref="TransportException">The socket is IPv4 only and the address is IPv6.</exception>
    public static NetAddress From(IPEndPoint endPoint, bool inet6)
    {
        IPAddress ip = endPoint.Address;
        if (inet6 && ip.AddressFamily == AddressFamily.InterNetwork)
            ip = ip.MapToIPv6();
        else if (!inet6 && ip.IsIPv4MappedToIPv6)
            ip = ip.MapToIPv4();
        if (!inet6 && ip.AddressFamily != AddressFamily.InterNetwork)
            throw new TransportException(TransportFailure.Local, 0, $"{endPoint} is an IPv6 address, and the socket here is bound to IPv4 only. Bind [::] to reach both.");
        NetAddress address = default;
        address.Length = inet6 ? MaxLength : (uint)Length4;
        var bytes = new Span<byte>(address.Bytes, MaxLength);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)(inet6 ? Libc.AddressFamilyInet6 : Libc.AddressFamilyInet));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)endPoint.Port);
        ip.TryWriteBytes(bytes[(inet6 ? 8 : 4)..], out _);
        if (inet6 && ip.IsIPv6LinkLocal)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], (uint)ip.ScopeId);
        return address;
    }

    public static NetAddress From(byte* bytes, uint length)
    {
        NetAddress address = default;
        address.Length = Math.Min(length, MaxLength);
        new ReadOnlySpan<byte>(bytes, (int)address.Length).CopyTo(new Span<byte>(address.Bytes, MaxLength));
        return address;
    }

    /// <summary>Converts; a mapped IPv4 address is shown as IPv4.</summary>
    public readonly IPEndPoint ToEndPoint()
    {
        ReadOnlySpan<byte> bytes = Unsafe.AsRef(in this).Used;
        int port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (!IsInet6)
            return new IPEndPoint(new IPAddress(bytes.Slice(4, 4)), port);
        var ip = new IPAddress(bytes.Slice(8, 16));
        if (ip.IsIPv4MappedToIPv6)
            ip = ip.MapToIPv4();
        else if (ip.IsIPv6LinkLocal)
            ip.ScopeId = BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]);
        return new IPEndPoint(ip, port);
    }

    /// <summary>Whether it is this machine.</summary>
    public readonly bool IsLoopback => IPAddress.IsLoopback(ToEndPoint().Address);

    /// <summary>What limits count by: an IPv4 address, or the /64 network of an IPv6 one.</summary>
    public ulong NetworkKey
    {
        get
        {
            ReadOnlySpan<byte> bytes = Used;
            if (!IsInet6)
                return BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
            ulong upper = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
            // Mapped IPv4 addresses have nothing in the upper half.
            return upper != 0 ? upper : BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]) & 0xFFFF_FFFF;
        }
    }

    public readonly bool Equals(NetAddress other) => Unsafe.AsRef(in this).Used.SequenceEqual(other.Used);

    public readonly override bool Equals(object? obj) => obj is NetAddress other && Equals(other);

    public readonly override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Unsafe.AsRef(in this).Used);
        return hash.ToHashCode();
    }

    public readonly override string ToString() => ToEndPoint().ToString();
}
