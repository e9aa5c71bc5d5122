using System.Threading.Channels;
using Microsoft.EntityFrameworkCore.Storage;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Storage.Writing;

/// <summary>
/// Commits what callers hand in, in the order of their calls: whatever waits when the last transaction is durable goes into the next one together. It works on a
/// thread of its own, or, stepped, whenever <see cref="CommitPending"/> is called.
/// </summary>
internal sealed class StoreWriter : IAsyncDisposable
{
    private readonly LedgerDatabase _database;
    private readonly LedgerStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly Channel<Operation> _waiting;
    private readonly Task _work;
    private LedgerContext? _context;

    public StoreWriter(LedgerDatabase database, LedgerStoreOptions options, TimeProvider time)
    {
        _database = database;
        _options = options;
        _time = time;
        _waiting = Channel.CreateBounded<Operation>(new BoundedChannelOptions(options.QueueLimit) { SingleReader = true });
        _work = options.IsStepped ? Task.CompletedTask : Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Puts a call into the queue and waits until it is durable.</summary>
    public async Task<T> RunAsync<T>(Operation<T> operation, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            if (!_waiting.Writer.TryWrite(operation)) await _waiting.Writer.WriteAsync(operation, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new LedgerException($"The ledger in {_database.Name} was closed.");
        }

        return await operation.Done;
    }

    /// <summary>Commits what waits now, and nothing that its callers add meanwhile; how many calls that were.</summary>
    public int CommitPending()
    {
        int pending = _waiting.Reader.Count;
        for (int left = pending; left > 0;)
        {
            List<Operation> batch = TakeBatch(left);
            left -= batch.Count;
            Commit(batch);
        }

        return pending;
    }

    /// <summary>Forgets what waits; its callers are never answered. How many calls that were.</summary>
    public int DropPending()
    {
        int dropped = 0;
        while (_waiting.Reader.TryRead(out _))
            dropped++;
        return dropped;
    }

    /// <summary>Takes no more, writes what waits (stepped: forgets it), and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _work;
        DropPending();
        _context?.Dispose();
    }

    private void Work()
    {
        // A thread of its own may wait: the databases' calls would block one of the pool's.
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            Commit(TakeBatch(int.MaxValue));
    }

    private List<Operation> TakeBatch(int limit)
    {
        var batch = new List<Operation>();
        int weight = 0;
        while (batch.Count < limit && _waiting.Reader.TryPeek(out Operation? next))
        {
            if (batch.Count > 0 && (next.IsAlone || weight + next.Weight > _options.BatchLimit)) break;
            _waiting.Reader.TryRead(out _);
            batch.Add(next);
            weight += next.Weight;
            if (next.IsAlone) break;
        }

        return batch;
    }

    private void Commit(List<Operation> taken)
    {
        List<Operation> batch = taken.FindAll(static operation => !operation.IsCancelled);
        foreach (Operation operation in taken)
        {
            if (operation.IsCancelled && !batch.Contains(operation)) operation.Cancel();
        }

        if (batch.Count == 0) return;
        if (TryCommit(batch, out Exception? cause, out bool isReachable)) return;
        if (batch.Count == 1 || !isReachable)
        {
            batch.ForEach(operation => operation.Fail(Explain(cause!)));
            return;
        }

        // One of them is at fault: each for itself, so that only that one fails.
        for (int i = 0; i < batch.Count; i++)
        {
            if (isReachable && TryCommit([batch[i]], out cause, out isReachable)) continue;
            batch[i].Fail(Explain(cause!));
        }
    }

    /// <summary>Writes a batch and answers its callers; false where the database says no, and then nothing is kept or answered.</summary>
    private bool TryCommit(List<Operation> batch, out Exception? cause, out bool isReachable)
    {
        cause = null;
        isReachable = false;
        var refused = new Dictionary<Operation, Exception>();
        try
        {
            // One for all batches: to make one takes longer than a small batch.
            LedgerContext context = _context ??= _database.OpenWriting();
            using IDbContextTransaction transaction = _database.Begin(context);
            isReachable = true;
            var keys = new BatchKeys();
            batch.ForEach(operation => operation.Prepare(keys));
            var rows = new Batch(_database, context, _options.Book, _time.GetUtcNow());
            rows.Load(keys);
            foreach (Operation operation in batch)
            {
                try
                {
                    operation.Apply(rows);
                }
                catch (LedgerException contradiction)
                {
                    refused.Add(operation, contradiction);
                }
            }

            rows.Save();
            transaction.Commit();
            context.ChangeTracker.Clear();
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            _context?.Dispose();
            _context = null;
            cause = problem;
            return false;
        }

        foreach (Operation operation in batch)
        {
            if (refused.TryGetValue(operation, out Exception? why)) operation.Fail(why);
            else operation.Complete();
        }

        return true;
    }

    private LedgerException Explain(Exception cause) => Problems.Explain(_database.Name, "written", cause);
}
