using System.Buffers.Binary;

namespace Mycel.Dht.Wire;

/// <summary>
/// Reads the fields of a Protocol Buffers message in place, without an allocation or an exception: every damaged datagram of an attacker would
/// cost one. Stricter than a general reader: numbers must be written in as few bytes as they need, and groups do not exist.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    public const int Varint = 0;
    public const int Fixed64 = 1;
    public const int Bytes = 2;
    public const int Fixed32 = 5;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether all was read.</summary>
    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Reads the number and the type of the next field; false where it is damaged.</summary>
    public bool TryTag(out int field, out int type)
    {
        bool isTag = TryVarint(out ulong tag) && tag >> 3 is > 0 and < 1 << 29;
        field = isTag ? (int)(tag >> 3) : 0;
        type = (int)(tag & 7);
        return isTag && type is Varint or Fixed64 or Bytes or Fixed32;
    }

    public bool TryVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            byte next = _rest[i];
            if (i == 9 && next > 1)
                return false;
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next >= 0x80)
                continue;
            _rest = _rest[(i + 1)..];
            return next != 0 || i == 0;
        }

        return false;
    }

    public bool TryFixed64(out ulong value)
    {
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(_rest, out value))
            return false;
        _rest = _rest[8..];
        return true;
    }

    public bool TryBytes(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryVarint(out ulong length) || length > (ulong)_rest.Length)
            return false;
        value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    /// <summary>Passes over a field that this version does not know.</summary>
    public bool TrySkip(int type)
    {
        switch (type)
        {
            case Varint:
                return TryVarint(out _);
            case Fixed64:
                return TryFixed64(out _);
            case Bytes:
                return TryBytes(out _);
            default:
                bool isWhole = _rest.Length >= 4;
                _rest = isWhole ? _rest[4..] : default;
                return isWhole;
        }
    }
}
