using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>A ledger's database in memory, as plain as its rules allow: what the real one is compared with, and its stand-in where a seed needs speed.</summary>
internal sealed class MemoryDatabase(MemoryLedger ledger) : SimDatabase
{
    private readonly List<Action> _queue = [];
    private readonly MemoryLedger _ledger = ledger;
    private MemoryBook _book = new();
    private MemoryBook? _copy;
    private Doorway? _store;

    public override ILedgerStore Store => _store ??= new Doorway(this);

    public override void Commit()
    {
        foreach (Action write in _queue)
            write();
        _queue.Clear();
    }

    public override void Reopen() => _queue.Clear();

    public override void Backup()
    {
        _copy = new MemoryBook(_book);
        _ledger.Backup();
    }

    public override bool Restore()
    {
        if (_copy is null) return false;
        _book = new MemoryBook(_copy);
        _ledger.Restore();
        return true;
    }

    public override void Dispose()
    {
        // The garbage collector takes it.
    }

    public override SimDatabase Share(PeerId book) => new MemoryDatabase(_ledger);

    /// <summary>Queues writes, answers reads.</summary>
    private sealed class Doorway(MemoryDatabase database) : ILedgerStore
    {
        private MemoryLedger Ledger => database._ledger;

        private MemoryBook Book => database._book;

        public Task WriteAsync(LedgerWrite write, CancellationToken cancellation = default) => Queue(() =>
        {
            Book.Write(write);
            if (write is LedgerWrite.Proof proof) Ledger.Keep(proof);
            return true;
        });

        public Task<IReadOnlyList<PostingResult>> PostAsync(IReadOnlyList<Transfer> transfers, CancellationToken cancellation = default)
            => Queue<IReadOnlyList<PostingResult>>(() => [.. transfers.Select(Ledger.Post)]);

        public Task<(AccountRecord Account, LedgerHead Head)> TakeSequenceAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
            => Queue(() => Ledger.TakeSequence(network, account));

        public Task<ReceiptRecord?> FindReceiptAsync(OrderId id, CancellationToken cancellation = default) => Task.FromResult(Book.Receipts.GetValueOrDefault(id));

        public Task<IReadOnlyList<ReceiptRecord>> ReceiptsAsync(ReceiptQuery query, CancellationToken cancellation = default)
        {
            IEnumerable<ReceiptRecord> found = Book.Find(query);
            if (query.Before is { } before)
            {
                if (!Book.Receipts.TryGetValue(before, out ReceiptRecord? last)) return Task.FromException<IReadOnlyList<ReceiptRecord>>(new LedgerException("There is no such receipt."));
                found = found.Where(one => one.At < last.At || (one.At == last.At && string.CompareOrdinal(one.Id.ToString(), before.ToString()) < 0));
            }

            return Task.FromResult<IReadOnlyList<ReceiptRecord>>([.. found.Take(query.Limit)]);
        }

        public Task<IReadOnlyList<ReceiptSum>> SumAsync(ReceiptQuery query, CancellationToken cancellation = default)
            => Task.FromResult<IReadOnlyList<ReceiptSum>>([.. Book.Find(query)
                .GroupBy(one => (one.Network, one.Side, one.State, one.Account))
                .Select(group => new ReceiptSum(group.Key.Network, group.Key.Side, group.Key.State, group.Key.Account, group.LongCount(), group.Sum(one => one.Amount)))]);

        public Task<ReadOnlyMemory<byte>?> FindStandingAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
            => Task.FromResult<ReadOnlyMemory<byte>?>(Book.Standings.TryGetValue((network, account), out (ulong Sequence, ReadOnlyMemory<byte> Bytes) found) ? found.Bytes : (ReadOnlyMemory<byte>?)null);

        public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ProofsAsync(NetworkId network, long skip, CancellationToken cancellation = default)
            => Task.FromResult<IReadOnlyList<ReadOnlyMemory<byte>>>([.. Ledger.Proofs.Where(one => one.Network == network).Skip((int)skip).Take(64).Select(one => one.Bytes)]);

        public Task<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>> ReputationsAsync(CancellationToken cancellation = default)
            => Task.FromResult<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>>(Book.Reputations);

        public Task<AccountRecord?> FindAccountAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
            => Task.FromResult(Ledger.Accounts.GetValueOrDefault((network, account)));

        public Task<LedgerHead> HeadAsync(NetworkId network, CancellationToken cancellation = default) => Task.FromResult(Ledger.Head(network));

        public Task<ReadOnlyMemory<byte>?> HashAsync(NetworkId network, long entries, CancellationToken cancellation = default) => Task.FromResult(Ledger.HashAfter(network, entries));

        private Task<T> Queue<T>(Func<T> write)
        {
            var completion = new TaskCompletionSource<T>();
            database._queue.Add(() =>
            {
                try
                {
                    completion.SetResult(write());
                }
                catch (LedgerException refused)
                {
                    completion.SetException(refused);
                }
            });
            return completion.Task;
        }
    }
}
