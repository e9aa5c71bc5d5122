using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>A store whose disk fails when it is told to, or is slow.</summary>
internal sealed class FaultyStore(LedgerStore inner) : ILedgerStore
{
    public LedgerStore Inner { get; } = inner;

    public bool FailsWrites { get; set; }

    /// <summary>Writes wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int Writes { get; private set; }

    /// <summary>What it says of the ledger's chain, as after it was restored from a copy; null for the truth.</summary>
    public byte[]? HashIs { get; set; }

    public async Task WriteAsync(LedgerWrite write, CancellationToken cancellation = default)
    {
        Writes++;
        if (FailsWrites) throw new LedgerException("The disk is full.");
        Task done = Inner.WriteAsync(write, cancellation);
        await Gate;
        await done;
    }

    public Task<IReadOnlyList<PostingResult>> PostAsync(IReadOnlyList<Transfer> transfers, CancellationToken cancellation = default) => Inner.PostAsync(transfers, cancellation);

    public Task<(AccountRecord Account, LedgerHead Head)> TakeSequenceAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
        => Inner.TakeSequenceAsync(network, account, cancellation);

    public Task<ReceiptRecord?> FindReceiptAsync(OrderId id, CancellationToken cancellation = default) => Inner.FindReceiptAsync(id, cancellation);

    public Task<IReadOnlyList<ReceiptRecord>> ReceiptsAsync(ReceiptQuery query, CancellationToken cancellation = default) => Inner.ReceiptsAsync(query, cancellation);

    public Task<IReadOnlyList<ReceiptSum>> SumAsync(ReceiptQuery query, CancellationToken cancellation = default) => Inner.SumAsync(query, cancellation);

    public Task<ReadOnlyMemory<byte>?> FindStandingAsync(NetworkId network, AccountId account, CancellationToken cancellation = default) => Inner.FindStandingAsync(network, account, cancellation);

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ProofsAsync(NetworkId network, long skip, CancellationToken cancellation = default) => Inner.ProofsAsync(network, skip, cancellation);

    public Task<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>> ReputationsAsync(CancellationToken cancellation = default) => Inner.ReputationsAsync(cancellation);

    public Task<AccountRecord?> FindAccountAsync(NetworkId network, AccountId account, CancellationToken cancellation = default) => Inner.FindAccountAsync(network, account, cancellation);

    public Task<LedgerHead> HeadAsync(NetworkId network, CancellationToken cancellation = default) => Inner.HeadAsync(network, cancellation);

    public Task<ReadOnlyMemory<byte>?> HashAsync(NetworkId network, long entries, CancellationToken cancellation = default)
        => HashIs is { } other ? Task.FromResult<ReadOnlyMemory<byte>?>(other) : Inner.HashAsync(network, entries, cancellation);
}
