using System.Buffers.Binary;

namespace Mycel.Dht.Wire;

/// <summary>Writes the fields of a Protocol Buffers message into a span that is large enough.</summary>
internal ref struct WireWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public void Varint(int field, ulong value)
    {
        Raw((ulong)field << 3 | WireReader.Varint);
        Raw(value);
    }

    public void Fixed64(int field, ulong value)
    {
        Raw((ulong)field << 3 | WireReader.Fixed64);
        BinaryPrimitives.WriteUInt64LittleEndian(_destination[Length..], value);
        Length += 8;
    }

    public void Bytes(int field, scoped ReadOnlySpan<byte> value)
    {
        Head(field, value.Length);
        value.CopyTo(_destination[Length..]);
        Length += value.Length;
    }

    public void Key(int field, DhtKey key)
    {
        Head(field, DhtKey.SizeBytes);
        key.Write(_destination[Length..]);
        Length += DhtKey.SizeBytes;
    }

    public void Address(int field, DhtAddress address)
    {
        Head(field, address.IsIpv4 ? DhtAddress.Ipv4SizeBytes : DhtAddress.Ipv6SizeBytes);
        Length += address.Write(_destination[Length..]);
    }

    /// <summary>Starts a field whose content of so many bytes follows.</summary>
    public void Head(int field, int lengthBytes)
    {
        Raw((ulong)field << 3 | WireReader.Bytes);
        Raw((ulong)lengthBytes);
    }

    private void Raw(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _destination[Length++] = (byte)(value | 0x80);
        _destination[Length++] = (byte)value;
    }
}
