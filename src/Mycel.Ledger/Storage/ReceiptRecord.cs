using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>A receipt as one of its two sides keeps it.</summary>
public sealed record ReceiptRecord
{
    /// <summary>The order's id, which is the receipt's.</summary>
    public required OrderId Id { get; init; }

    /// <summary>The network in which it counts.</summary>
    public required NetworkId Network { get; init; }

    /// <summary>Whether this account pays or is paid.</summary>
    public required ReceiptSide Side { get; init; }

    /// <summary>How far it has come.</summary>
    public required ReceiptState State { get; init; }

    /// <summary>The other side's account.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The other side's device.</summary>
    public required PeerId Device { get; init; }

    /// <summary>The model, 1 to 256 characters.</summary>
    public required string Model { get; init; }

    /// <summary>Tokens read, 0 or more.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Tokens written, 0 or more.</summary>
    public required long CompletionTokens { get; init; }

    /// <summary>
    /// Micro-credits: what both agreed on; what the provider claims while the payer has not signed; the most that the order, and what came of the
    /// answer, allow while the payer has no receipt (the tokens are those then); 0 where it was refused.
    /// </summary>
    public required long Amount { get; init; }

    /// <summary>Micro-credits that the provider claims, <see cref="Amount"/> or more: the payer may have agreed to less.</summary>
    public required long Claimed { get; init; }

    /// <summary>The API key that the request came with, by name; null for none or where it is not this node's.</summary>
    public string? KeyName { get; init; }

    /// <summary>When the provider signed.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When this provider learned that it is paid less than it claimed; null where it did not, and for a payer.</summary>
    public DateTimeOffset? DisputedAt { get; init; }

    /// <summary>Number of its transfer in the network's ledger, from 1 on; null while it is not posted.</summary>
    public long? Entry { get; init; }

    /// <summary>Why it was refused or waits, for people; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>The serialized <c>SettledReceipt</c>; without a countersignature while there is none.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }
}
