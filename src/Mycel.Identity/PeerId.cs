using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mycel.Identity;

/// <summary>
/// Who a node is: the SHA-256 of its raw Ed25519 device public key. Written as 64 lowercase hexadecimal digits, and in no
/// other way, so that two spellings never stand for one node. The default value is the id of no node.
/// </summary>
public readonly struct PeerId : IEquatable<PeerId>
{
    /// <summary>Length of the raw id, in bytes.</summary>
    public const int SizeBytes = 32;

    /// <summary>Length of the written id, in characters.</summary>
    public const int TextLength = 2 * SizeBytes;

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    /// <summary>Takes a raw id.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> has not 32 bytes.</exception>
    public PeerId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != SizeBytes)
            throw new ArgumentException($"A peer id has {SizeBytes} bytes, not {bytes.Length}.", nameof(bytes));
        _high = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        _low = BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    /// <summary>The id of the node that has this raw Ed25519 public key.</summary>
    /// <exception cref="ArgumentException"><paramref name="publicKey"/> has not 32 bytes.</exception>
    public static PeerId FromPublicKey(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != DeviceKey.PublicKeySizeBytes)
            throw new ArgumentException($"A device public key has {DeviceKey.PublicKeySizeBytes} bytes, not {publicKey.Length}.", nameof(publicKey));
        Span<byte> hash = stackalloc byte[SizeBytes];
        SHA256.HashData(publicKey, hash);
        return new PeerId(hash);
    }

    /// <summary>Reads a written id.</summary>
    /// <exception cref="FormatException">It is not 64 lowercase hexadecimal digits.</exception>
    public static PeerId Parse(ReadOnlySpan<char> text)
        => TryParse(text, out PeerId id)
            ? id
            : throw new FormatException($"A peer id is {TextLength} lowercase hexadecimal digits, without spaces.");

    /// <summary>Reads a written id; false when it is not 64 lowercase hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PeerId id)
    {
        id = default;
        if (text.Length != TextLength || text.ContainsAnyInRange('A', 'F'))
            return false;
        Span<byte> bytes = stackalloc byte[SizeBytes];
        if (Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
            return false;
        id = new PeerId(bytes);
        return true;
    }

    /// <summary>Copies the raw id into the first 32 bytes of <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentException">There is no room for 32 bytes.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < SizeBytes)
            throw new ArgumentException($"A peer id needs {SizeBytes} bytes.", nameof(destination));
        BinaryPrimitives.WriteUInt128BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], _low);
    }

    /// <summary>The id as 64 lowercase hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <inheritdoc/>
    public bool Equals(PeerId other) => _high == other._high && _low == other._low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PeerId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low);

    /// <summary>Whether both are the id of one node.</summary>
    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);

    /// <summary>Whether they are the ids of two nodes.</summary>
    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);
}
