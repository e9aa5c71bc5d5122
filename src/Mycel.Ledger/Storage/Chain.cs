using System.Buffers.Binary;
using System.Security.Cryptography;
using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>
/// The chain over a network's transfers: each has the SHA-256 of the hash before it (32 zeros before the first), its number, the order's id, the payer's and
/// the provider's account, the amount, the SHA-256 of the settled receipt, and the time in milliseconds since 1970; numbers are 8 bytes, the highest first.
/// </summary>
internal static class Chain
{
    /// <summary>Length of a hash, in bytes.</summary>
    public const int SizeBytes = SHA256.HashSizeInBytes;

    /// <summary>The hash before the first transfer.</summary>
    public static byte[] Start() => new byte[SizeBytes];

    /// <summary>The hash of the transfer that follows one with the hash <paramref name="previous"/>.</summary>
    public static byte[] Next(ReadOnlySpan<byte> previous, long number, OrderId id, AccountId payer, AccountId provider, long amount, ReadOnlySpan<byte> settled, DateTimeOffset at)
    {
        Span<byte> text = stackalloc byte[SizeBytes + 8 + OrderId.SizeBytes + 2 * PeerId.SizeBytes + 8 + SizeBytes + 8];
        previous.CopyTo(text);
        int length = SizeBytes;
        BinaryPrimitives.WriteInt64BigEndian(text[length..], number);
        length += 8;
        id.ToBytes().CopyTo(text[length..]);
        length += OrderId.SizeBytes;
        payer.Hash.CopyTo(text[length..]);
        length += PeerId.SizeBytes;
        provider.Hash.CopyTo(text[length..]);
        length += PeerId.SizeBytes;
        BinaryPrimitives.WriteInt64BigEndian(text[length..], amount);
        length += 8;
        SHA256.HashData(settled, text[length..]);
        length += SizeBytes;
        BinaryPrimitives.WriteInt64BigEndian(text[length..], at.ToUnixTimeMilliseconds());
        return SHA256.HashData(text);
    }
}
