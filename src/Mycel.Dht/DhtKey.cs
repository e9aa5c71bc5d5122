using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Mycel.Identity;

namespace Mycel.Dht;

/// <summary>
/// A point in the space of 2^256 that nodes and records share; distance is XOR (Maymounkov and Mazières, "Kademlia", IPTPS 2002). A node
/// stands at its peer id, which is the hash of its key, so nobody chooses a place without making as many keys as it takes to hit it.
/// </summary>
/// <param name="High">The first 128 bits.</param>
/// <param name="Low">The last 128 bits.</param>
public readonly record struct DhtKey(UInt128 High, UInt128 Low) : IComparable<DhtKey>
{
    /// <summary>Length of a key, in bits.</summary>
    public const int Bits = 256;

    /// <summary>Length of a key, in bytes.</summary>
    public const int SizeBytes = 32;

    /// <summary>Hashed before network and model, so that no other hash of Mycel is a key of providers.</summary>
    private static readonly byte[] ProvidersDomain = Encoding.ASCII.GetBytes("mycel/dht-providers/1\0");

    /// <summary>Reads a key of 32 bytes, big-endian.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 32 bytes.</exception>
    public static DhtKey Read(ReadOnlySpan<byte> bytes)
        => new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]));

    /// <summary>Where a node stands, and where its addresses are stored.</summary>
    public static DhtKey Of(PeerId peer)
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        peer.CopyTo(bytes);
        return Read(bytes);
    }

    /// <summary>Where the providers of a model in a network are stored: SHA-256 of <c>mycel/dht-providers/1</c>, a zero byte, the network id and the model's name in UTF-8.</summary>
    public static DhtKey OfProviders(NetworkId network, string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var input = new byte[ProvidersDomain.Length + PeerId.SizeBytes + Encoding.UTF8.GetByteCount(model)];
        ProvidersDomain.CopyTo(input, 0);
        network.Hash.CopyTo(input.AsSpan(ProvidersDomain.Length));
        Encoding.UTF8.GetBytes(model, input.AsSpan(ProvidersDomain.Length + PeerId.SizeBytes));
        return Read(SHA256.HashData(input));
    }

    /// <summary>The peer that stands here, if any does.</summary>
    public PeerId ToPeerId()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        Write(bytes);
        return new PeerId(bytes);
    }

    /// <summary>Writes the key into the first 32 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, High);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], Low);
    }

    /// <summary>The XOR of two keys: their distance, and also the key at that distance.</summary>
    public DhtKey Xor(DhtKey other) => new(High ^ other.High, Low ^ other.Low);

    /// <summary>Whether a bit is 1; 0 is the first.</summary>
    internal bool HasBit(int index) => ((index < 128 ? High >> (127 - index) : Low >> (255 - index)) & 1) != 0;

    /// <summary>How many leading bits two keys have in common, 0–256.</summary>
    public int CommonPrefix(DhtKey other)
    {
        DhtKey distance = Xor(other);
        return distance.High != 0 ? (int)UInt128.LeadingZeroCount(distance.High) : 128 + (int)UInt128.LeadingZeroCount(distance.Low);
    }

    /// <summary>The key as a share of the whole space, 0–1: what part of the space is nearer than this distance.</summary>
    public double Share() => Math.ScaleB((double)High, -128);

    /// <summary>The distance that this share of the whole space is nearer than.</summary>
    /// <param name="share">0–1; more counts as 1.</param>
    public static DhtKey FromShare(double share)
        => share >= 1 ? new DhtKey(UInt128.MaxValue, UInt128.MaxValue) : new DhtKey((UInt128)Math.ScaleB(share, 128), 0);

    /// <inheritdoc/>
    public int CompareTo(DhtKey other)
    {
        int high = High.CompareTo(other.High);
        return high != 0 ? high : Low.CompareTo(other.Low);
    }

    /// <summary>The key as 64 lowercase hexadecimal digits.</summary>
    public override string ToString() => ToPeerId().ToString();

    /// <summary>Whether the first is the smaller distance.</summary>
    public static bool operator <(DhtKey left, DhtKey right) => left.CompareTo(right) < 0;

    /// <summary>Whether the first is the larger distance.</summary>
    public static bool operator >(DhtKey left, DhtKey right) => left.CompareTo(right) > 0;

    /// <summary>Whether the first is no larger distance.</summary>
    public static bool operator <=(DhtKey left, DhtKey right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the first is no smaller distance.</summary>
    public static bool operator >=(DhtKey left, DhtKey right) => left.CompareTo(right) >= 0;
}
