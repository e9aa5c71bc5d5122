using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>The real store over PostgreSQL, with the books of several devices in one database. It is never set back: others would lose theirs with it.</summary>
internal sealed class PostgresDatabase(string connection, PeerId book, TimeProvider time) : SimDatabase
{
    private LedgerStore? _store;

    public override ILedgerStore Store => new Doorway(Open());

    public override void Commit() => Open().CommitPending();

    public override void Reopen()
    {
        Dispose();
        Open();
    }

    public override void Backup()
    {
        // Nobody asks for it again.
    }

    public override bool Restore() => throw new NotSupportedException("A PostgreSQL database is not set back.");

    public override SimDatabase Share(PeerId other) => new PostgresDatabase(connection, other, time);

    public override LedgerVerification Verify(NetworkId network) => Task.Run(() => LedgerVerifier.VerifyAsync(Open(), network, new LedgerAudit().Check)).Result;

    public override void Dispose()
    {
        if (_store is not { } store) return;
        _store = null;
        store.DropPending();
        Task.Run(() => store.DisposeAsync().AsTask()).Wait();
    }

    // Whether the machine's disk has it does not matter here.
    private LedgerStore Open() => _store ??= LedgerStore.Open(
        new LedgerStoreOptions { PostgresConnectionString = connection + ";Options=-c synchronous_commit=off", Book = book, IsStepped = true }, time);

    /// <summary>Waits for the answer of each question, which comes over a socket.</summary>
    private sealed class Doorway(LedgerStore store) : ILedgerStore
    {
        public Task WriteAsync(LedgerWrite write, CancellationToken cancellation = default) => store.WriteAsync(write, cancellation);

        public Task<IReadOnlyList<PostingResult>> PostAsync(IReadOnlyList<Transfer> transfers, CancellationToken cancellation = default) => store.PostAsync(transfers, cancellation);

        public Task<(AccountRecord Account, LedgerHead Head)> TakeSequenceAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
            => store.TakeSequenceAsync(network, account, cancellation);

        public Task<ReceiptRecord?> FindReceiptAsync(OrderId id, CancellationToken cancellation = default) => Wait(() => store.FindReceiptAsync(id, cancellation));

        public Task<IReadOnlyList<ReceiptRecord>> ReceiptsAsync(ReceiptQuery query, CancellationToken cancellation = default) => Wait(() => store.ReceiptsAsync(query, cancellation));

        public Task<IReadOnlyList<ReceiptSum>> SumAsync(ReceiptQuery query, CancellationToken cancellation = default) => Wait(() => store.SumAsync(query, cancellation));

        public Task<ReadOnlyMemory<byte>?> FindStandingAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
            => Wait(() => store.FindStandingAsync(network, account, cancellation));

        public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ProofsAsync(NetworkId network, long skip, CancellationToken cancellation = default)
            => Wait(() => store.ProofsAsync(network, skip, cancellation));

        public Task<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>> ReputationsAsync(CancellationToken cancellation = default) => Wait(() => store.ReputationsAsync(cancellation));

        public Task<AccountRecord?> FindAccountAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
            => Wait(() => store.FindAccountAsync(network, account, cancellation));

        public Task<LedgerHead> HeadAsync(NetworkId network, CancellationToken cancellation = default) => Wait(() => store.HeadAsync(network, cancellation));

        public Task<ReadOnlyMemory<byte>?> HashAsync(NetworkId network, long entries, CancellationToken cancellation = default)
            => Wait(() => store.HashAsync(network, entries, cancellation));

        // A ledger's first question makes it, with the next commit.
        private Task<T> Wait<T>(Func<Task<T>> ask)
        {
            Task<T> task = Task.Run(ask);
            while (!task.IsCompleted && !((IAsyncResult)task).AsyncWaitHandle.WaitOne(1_000))
                store.CommitPending();
            return task;
        }
    }
}
