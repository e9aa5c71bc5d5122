using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>
/// The books of one account's node, and, where it clears for a network, that network's ledger. Safe for use from many threads; writes of many
/// callers are committed together. Every method throws <see cref="LedgerException"/> where the database fails.
/// </summary>
public interface ILedgerStore
{
    /// <summary>Writes, and completes when what was written survives a crash. Writes are committed in the order of their calls.</summary>
    Task WriteAsync(LedgerWrite write, CancellationToken cancellation = default);

    /// <summary>Posts transfers to the networks' ledgers, in their order; each is posted whole or not at all. Completes when what it says survives a crash.</summary>
    /// <returns>One result for each, in their order.</returns>
    Task<IReadOnlyList<PostingResult>> PostAsync(IReadOnlyList<Transfer> transfers, CancellationToken cancellation = default);

    /// <summary>Takes the next sequence of an account's standing: higher than any before, durable, also among several clearing nodes.</summary>
    /// <returns>The account as it is (balance 0 where it has none yet) with the new sequence, and the ledger's head at that moment.</returns>
    Task<(AccountRecord Account, LedgerHead Head)> TakeSequenceAsync(NetworkId network, AccountId account, CancellationToken cancellation = default);

    /// <summary>The receipt of an order.</summary>
    Task<ReceiptRecord?> FindReceiptAsync(OrderId id, CancellationToken cancellation = default);

    /// <summary>Receipts, the latest first.</summary>
    Task<IReadOnlyList<ReceiptRecord>> ReceiptsAsync(ReceiptQuery query, CancellationToken cancellation = default);

    /// <summary>Micro-credits paid or earned.</summary>
    Task<IReadOnlyList<ReceiptSum>> SumAsync(ReceiptQuery query, CancellationToken cancellation = default);

    /// <summary>The latest standing that was kept, as a serialized <c>StandingProof</c>; null for none.</summary>
    Task<ReadOnlyMemory<byte>?> FindStandingAsync(NetworkId network, AccountId account, CancellationToken cancellation = default);

    /// <summary>Proofs of fraud kept in a network after the first <paramref name="skip"/>, in the order in which they came, at most 64.</summary>
    Task<IReadOnlyList<ReadOnlyMemory<byte>>> ProofsAsync(NetworkId network, long skip, CancellationToken cancellation = default);

    /// <summary>Everything observed of peers, as it was written.</summary>
    Task<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>> ReputationsAsync(CancellationToken cancellation = default);

    /// <summary>An account in the ledger of a network for which this node clears; null where it never had an entry.</summary>
    Task<AccountRecord?> FindAccountAsync(NetworkId network, AccountId account, CancellationToken cancellation = default);

    /// <summary>Where a network's ledger stands; it is made at the first question.</summary>
    Task<LedgerHead> HeadAsync(NetworkId network, CancellationToken cancellation = default);

    /// <summary>The chain's hash after the first <paramref name="entries"/> transfers of a network's ledger (32 zeros for 0); null where it has fewer.</summary>
    Task<ReadOnlyMemory<byte>?> HashAsync(NetworkId network, long entries, CancellationToken cancellation = default);
}
