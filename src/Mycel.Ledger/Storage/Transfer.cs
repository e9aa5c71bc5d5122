using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>A settled receipt on its way into the network's ledger, with every signature checked.</summary>
/// <param name="Network">The network.</param>
/// <param name="Id">The order's id: one order is posted once.</param>
/// <param name="Payer">Who pays.</param>
/// <param name="Provider">Who is paid; never the payer.</param>
/// <param name="Amount">Micro-credits, 0 or more.</param>
/// <param name="PayerLine">What the payer may owe, in micro-credits: its balance never falls below minus this. Below 0 it must keep as
/// much; with minus <see cref="long.MaxValue"/> nothing is posted, and the transfer is only looked for.</param>
/// <param name="Bytes">The serialized <c>SettledReceipt</c>.</param>
public sealed record Transfer(NetworkId Network, OrderId Id, AccountId Payer, AccountId Provider, long Amount, long PayerLine, ReadOnlyMemory<byte> Bytes);

/// <summary>What came of a transfer.</summary>
public enum PostingOutcome
{
    /// <summary>Posted, durably.</summary>
    Posted = 1,

    /// <summary>Was posted before, with the same bytes; nothing changed.</summary>
    Known = 2,

    /// <summary>Not posted: the payer would owe more than its line.</summary>
    Waiting = 3,

    /// <summary>Not posted: another settled receipt with this order's id is.</summary>
    Conflict = 4,

    /// <summary>Not posted: fraud of the payer or the provider is proved.</summary>
    Refused = 5,
}

/// <summary>What came of a transfer, with the place it has.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Entry">The number, from 1 on, of the transfer that is posted under this id; 0 where there is none.</param>
/// <param name="Hash">The chain's hash after that transfer; empty where there is none.</param>
/// <param name="Existing">The settled receipt that was posted under this id; empty where there is none or it is the same.</param>
public readonly record struct PostingResult(PostingOutcome Outcome, long Entry = 0, ReadOnlyMemory<byte> Hash = default, ReadOnlyMemory<byte> Existing = default);

/// <summary>An account in the network's ledger.</summary>
/// <param name="Account">Whose.</param>
/// <param name="Balance">Micro-credits.</param>
/// <param name="Sequence">Sequence of the last standing that was signed for it.</param>
/// <param name="IsRefused">Whether fraud was proved.</param>
public sealed record AccountRecord(AccountId Account, long Balance, ulong Sequence, bool IsRefused);

/// <summary>Where a network's ledger stands.</summary>
/// <param name="LedgerId">16 random bytes, made with the ledger.</param>
/// <param name="Entries">Transfers in it.</param>
/// <param name="Hash">The chain's hash after the last; 32 zeros for none.</param>
public sealed record LedgerHead(ReadOnlyMemory<byte> LedgerId, long Entries, ReadOnlyMemory<byte> Hash);
