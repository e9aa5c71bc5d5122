using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>A transfer as a network's ledger has it.</summary>
/// <param name="Network">The network.</param>
/// <param name="Number">From 1 on.</param>
/// <param name="Id">The order's id.</param>
/// <param name="Payer">Who paid.</param>
/// <param name="Provider">Who was paid.</param>
/// <param name="Amount">Micro-credits, 0 or more.</param>
/// <param name="At">When it was posted, to the millisecond.</param>
/// <param name="Bytes">The serialized <c>SettledReceipt</c>.</param>
public sealed record LedgerEntry(
    NetworkId Network, long Number, OrderId Id, AccountId Payer, AccountId Provider, long Amount, DateTimeOffset At, ReadOnlyMemory<byte> Bytes);

/// <summary>What a check of a ledger found.</summary>
/// <param name="Entries">Transfers that the ledger says it has.</param>
/// <param name="BadEntry">Number of the first bad one; 0 where there is none, or where what is wrong is not with one of them.</param>
/// <param name="Problem">What is wrong, for people; null where nothing is.</param>
public sealed record LedgerVerification(long Entries, long BadEntry, string? Problem)
{
    /// <summary>Whether everything was in order.</summary>
    public bool IsWhole => Problem is null;
}

/// <summary>How far a check of a ledger has come.</summary>
/// <param name="Done">Transfers checked.</param>
/// <param name="Total">Transfers in all.</param>
public readonly record struct LedgerProgress(long Done, long Total);
