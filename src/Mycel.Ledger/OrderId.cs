using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Mycel.Ledger;

/// <summary>Names an order and the receipt that comes of it: 128 random bits, shown as 32 hexadecimal digits.</summary>
public readonly struct OrderId : IEquatable<OrderId>
{
    /// <summary>Length, in bytes.</summary>
    public const int SizeBytes = 16;

    private readonly UInt128 _value;

    private OrderId(UInt128 value) => _value = value;

    /// <summary>A new one, from the system's random numbers.</summary>
    public static OrderId New()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        RandomNumberGenerator.Fill(bytes);
        return FromBytes(bytes);
    }

    /// <summary>The id that follows from who orders and a number that it drew: nobody else can make an order of this id.</summary>
    /// <param name="payerDeviceKey">The payer's raw device key, 32 bytes.</param>
    /// <param name="nonce">16 random bytes.</param>
    public static OrderId Of(ReadOnlySpan<byte> payerDeviceKey, ReadOnlySpan<byte> nonce)
    {
        ReadOnlySpan<byte> domain = "mycel/order-id/1\0"u8;
        Span<byte> input = stackalloc byte[domain.Length + payerDeviceKey.Length + nonce.Length];
        domain.CopyTo(input);
        payerDeviceKey.CopyTo(input[domain.Length..]);
        nonce.CopyTo(input[(domain.Length + payerDeviceKey.Length)..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        return FromBytes(hash[..SizeBytes]);
    }

    /// <summary>The id of 16 bytes.</summary>
    /// <exception cref="ArgumentException">There are more or fewer.</exception>
    public static OrderId FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != SizeBytes) throw new ArgumentException($"An order's id has {SizeBytes} bytes, not {bytes.Length}.", nameof(bytes));
        return new OrderId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>Reads 32 hexadecimal digits, in either case.</summary>
    public static bool TryParse(string? text, out OrderId id)
    {
        id = default;
        if (text is not { Length: 2 * SizeBytes } || !text.All(char.IsAsciiHexDigit)) return false;
        id = FromBytes(Convert.FromHexString(text));
        return true;
    }

    /// <summary>The 16 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[SizeBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
        return bytes;
    }

    /// <inheritdoc/>
    public bool Equals(OrderId other) => _value == other._value;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is OrderId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());

    /// <summary>Whether two ids are the same.</summary>
    public static bool operator ==(OrderId left, OrderId right) => left.Equals(right);

    /// <summary>Whether two ids differ.</summary>
    public static bool operator !=(OrderId left, OrderId right) => !left.Equals(right);
}
