using Mycel.Identity;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>The ledger of a network: where its chain of transfers ends.</summary>
internal sealed class LedgerRow
{
    public required NetworkId Network { get; init; }

    public required byte[] LedgerId { get; init; }

    public long Entries { get; set; }

    public required byte[] Head { get; set; }
}

/// <summary>An account in a network's ledger. Its balance is the sum of its postings.</summary>
internal sealed class AccountRow
{
    public required NetworkId Network { get; init; }

    public required AccountId Account { get; init; }

    public long Balance { get; set; }

    /// <summary>Of the last standing, 0 for none. Below 2^63, as it counts microseconds.</summary>
    public long Sequence { get; set; }
}

/// <summary>A settled receipt in a network's ledger. Never changed and never deleted.</summary>
internal sealed class TransferRow
{
    public required NetworkId Network { get; init; }

    /// <summary>From 1 on, without gaps.</summary>
    public required long Number { get; init; }

    public required OrderId OrderId { get; init; }

    public required AccountId Payer { get; init; }

    public required AccountId Provider { get; init; }

    public required long Amount { get; init; }

    public required DateTimeOffset At { get; init; }

    public required byte[] Bytes { get; init; }

    /// <summary><see cref="Chain.Next"/> of the transfer before it and this one.</summary>
    public required byte[] Hash { get; init; }
}

/// <summary>One of a transfer's two sides. Never changed and never deleted.</summary>
internal sealed class PostingRow
{
    public required NetworkId Network { get; init; }

    public required long Number { get; init; }

    public required AccountId Account { get; init; }

    /// <summary>Below zero for the payer.</summary>
    public required long Amount { get; init; }
}

/// <summary>A receipt in the books of one device.</summary>
internal sealed class ReceiptRow
{
    /// <summary>Whose books.</summary>
    public required PeerId Book { get; init; }

    public required OrderId Id { get; init; }

    public required NetworkId Network { get; init; }

    public required ReceiptSide Side { get; init; }

    public required ReceiptState State { get; init; }

    public required AccountId Account { get; init; }

    public required PeerId Device { get; init; }

    public required string Model { get; init; }

    public required long PromptTokens { get; init; }

    public required long CompletionTokens { get; init; }

    public required long Amount { get; init; }

    public required long Claimed { get; init; }

    public required string? KeyName { get; init; }

    public required DateTimeOffset At { get; init; }

    public required DateTimeOffset? DisputedAt { get; init; }

    public required long? Entry { get; init; }

    public required string? Reason { get; init; }

    public required byte[] Bytes { get; init; }
}

/// <summary>The latest standing of an account that a device has seen.</summary>
internal sealed class StandingRow
{
    /// <summary>Whose books.</summary>
    public required PeerId Book { get; init; }

    public required NetworkId Network { get; init; }

    public required AccountId Account { get; init; }

    /// <summary>A <see cref="ulong"/> whose bits are kept in a signed number, with the highest turned over, so that both are in one order.</summary>
    public required ulong Sequence { get; init; }

    public required byte[] Bytes { get; init; }
}

/// <summary>A proof of fraud. It counts for every book of the database.</summary>
internal sealed class ProofRow
{
    /// <summary>In the order in which they came.</summary>
    public long Key { get; init; }

    public required NetworkId Network { get; init; }

    public required AccountId Account { get; init; }

    public required byte[] Bytes { get; init; }
}

/// <summary>What a device observed of a peer.</summary>
internal sealed class ReputationRow
{
    /// <summary>Whose books.</summary>
    public required PeerId Book { get; init; }

    public required PeerId Device { get; init; }

    public required byte[] Bytes { get; init; }
}
