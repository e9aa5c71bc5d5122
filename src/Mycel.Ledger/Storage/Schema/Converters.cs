using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Mycel.Identity;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>A peer id as its 32 bytes.</summary>
internal sealed class PeerIdConverter() : ValueConverter<PeerId, byte[]>(static id => ToBytes(id), static bytes => new PeerId(bytes))
{
    public static byte[] ToBytes(PeerId id)
    {
        var bytes = new byte[PeerId.SizeBytes];
        id.CopyTo(bytes);
        return bytes;
    }
}

/// <summary>An account's id as its 32 bytes.</summary>
internal sealed class AccountIdConverter() : ValueConverter<AccountId, byte[]>(static id => PeerIdConverter.ToBytes(id.Hash), static bytes => new AccountId(new PeerId(bytes)));

/// <summary>A network's id as its 32 bytes.</summary>
internal sealed class NetworkIdConverter() : ValueConverter<NetworkId, byte[]>(static id => PeerIdConverter.ToBytes(id.Hash), static bytes => new NetworkId(new PeerId(bytes)));

/// <summary>An order's id as its 16 bytes.</summary>
internal sealed class OrderIdConverter() : ValueConverter<OrderId, byte[]>(static id => id.ToBytes(), static bytes => OrderId.FromBytes(bytes));

/// <summary>A moment as milliseconds since 1970 (UTC); what is finer is cut off.</summary>
internal sealed class MomentConverter() : ValueConverter<DateTimeOffset, long>(static moment => moment.ToUnixTimeMilliseconds(), static milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));

/// <summary>A sequence as a signed number that keeps the order.</summary>
internal sealed class SequenceConverter() : ValueConverter<ulong, long>(static sequence => (long)(sequence ^ 1UL << 63), static number => (ulong)number ^ 1UL << 63);
