using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>Something to be written. It is durable, or nothing of it is, when <see cref="ILedgerStore.WriteAsync"/> completes.</summary>
public abstract record LedgerWrite
{
    private LedgerWrite()
    {
    }

    /// <summary>
    /// Keeps a receipt, or what has become of it. One that has come further already stays as it is; a countersigned one fails where it was refused before,
    /// so that nobody shows a signature that is not kept.
    /// </summary>
    /// <param name="Record">The receipt.</param>
    public sealed record Receipt(ReceiptRecord Record) : LedgerWrite
    {
        /// <summary>Whether an order is given up of which no receipt is known: where there is a signed one after all, that stays.</summary>
        public bool IsGivenUp { get; init; }
    }

    /// <summary>Keeps the latest standing of an account; one with a lower sequence changes nothing.</summary>
    /// <param name="Network">The network.</param>
    /// <param name="Account">The account.</param>
    /// <param name="Sequence">The standing's sequence.</param>
    /// <param name="Bytes">The serialized <c>StandingProof</c>.</param>
    public sealed record Standing(NetworkId Network, AccountId Account, ulong Sequence, ReadOnlyMemory<byte> Bytes) : LedgerWrite;

    /// <summary>Keeps a proof of fraud; one of the same account in the same network, if there is one already, stays.</summary>
    /// <param name="Network">The network.</param>
    /// <param name="Account">Whose fraud it proves.</param>
    /// <param name="Bytes">The serialized <c>EquivocationProof</c>.</param>
    public sealed record Proof(NetworkId Network, AccountId Account, ReadOnlyMemory<byte> Bytes) : LedgerWrite;

    /// <summary>The network's ledger was set back to fewer transfers: receipts posted after those are sent again (<see cref="ReceiptState.Countersigned"/>).</summary>
    /// <param name="Network">The network.</param>
    /// <param name="Entries">Transfers that it has now.</param>
    public sealed record Unpost(NetworkId Network, long Entries) : LedgerWrite;

    /// <summary>Keeps what was observed of a peer.</summary>
    /// <param name="Device">The peer.</param>
    /// <param name="Bytes">What was observed, as <c>Reputation</c> writes it; empty to forget the peer.</param>
    public sealed record Reputation(PeerId Device, ReadOnlyMemory<byte> Bytes) : LedgerWrite;
}
