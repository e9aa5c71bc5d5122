using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>
/// A node's way to its database: what is written waits for the next commit, some milliseconds away, together with all else. Whoever dies before
/// loses it, and nobody is told. Reads see what is committed.
/// </summary>
internal sealed class SimStore(int node, SimDatabase database, Scheduler scheduler, SimRandom random, Faults faults, Trace trace, IStoreWatch watch, Sabotage sabotage = Sabotage.None) : ILedgerStore
{
    private readonly List<Pending> _pending = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private bool _isPlanned;
    private bool _isDead;

    /// <summary>Writes that are not committed yet.</summary>
    public int Waiting => _pending.Count;

    /// <summary>No fault from now on.</summary>
    public bool IsHealed { get; set; }

    public Task WriteAsync(LedgerWrite write, CancellationToken cancellation = default)
    {
        var completion = new TaskCompletionSource();
        Add(new Pending(() => database.Store.WriteAsync(write, CancellationToken.None), task =>
        {
            watch.Written(node, write);
            completion.SetResult();
        }, completion.SetException)
        { Forget = completion.SetResult, Watch = _ => watch.Written(node, write) });
        return completion.Task;
    }

    public Task<IReadOnlyList<PostingResult>> PostAsync(IReadOnlyList<Transfer> transfers, CancellationToken cancellation = default)
    {
        var completion = new TaskCompletionSource<IReadOnlyList<PostingResult>>();
        Add(new Pending(() => database.Store.PostAsync(transfers, CancellationToken.None), task =>
        {
            IReadOnlyList<PostingResult> results = ((Task<IReadOnlyList<PostingResult>>)task).Result;
            watch.Posted(node, transfers, results);
            completion.SetResult(results);
        }, completion.SetException)
        { Watch = task => watch.Posted(node, transfers, ((Task<IReadOnlyList<PostingResult>>)task).Result) });
        return completion.Task;
    }

    public Task<(AccountRecord Account, LedgerHead Head)> TakeSequenceAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
    {
        var completion = new TaskCompletionSource<(AccountRecord, LedgerHead)>();
        Add(new Pending(
            () => database.Store.TakeSequenceAsync(network, account, CancellationToken.None),
            task => completion.SetResult(((Task<(AccountRecord, LedgerHead)>)task).Result),
            completion.SetException));
        return completion.Task;
    }

    public Task<ReceiptRecord?> FindReceiptAsync(OrderId id, CancellationToken cancellation = default) => Read(store => store.FindReceiptAsync(id, CancellationToken.None));

    public Task<IReadOnlyList<ReceiptRecord>> ReceiptsAsync(ReceiptQuery query, CancellationToken cancellation = default)
        => Read(store => store.ReceiptsAsync(query, CancellationToken.None));

    public Task<IReadOnlyList<ReceiptSum>> SumAsync(ReceiptQuery query, CancellationToken cancellation = default) => Read(store => store.SumAsync(query, CancellationToken.None));

    public Task<ReadOnlyMemory<byte>?> FindStandingAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
        => Read(store => store.FindStandingAsync(network, account, CancellationToken.None));

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ProofsAsync(NetworkId network, long skip, CancellationToken cancellation = default)
        => Read(store => store.ProofsAsync(network, skip, CancellationToken.None));

    public Task<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>> ReputationsAsync(CancellationToken cancellation = default)
        => Read(store => store.ReputationsAsync(CancellationToken.None));

    public Task<AccountRecord?> FindAccountAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
        => Read(store => store.FindAccountAsync(network, account, CancellationToken.None));

    public Task<LedgerHead> HeadAsync(NetworkId network, CancellationToken cancellation = default) => Read(store => store.HeadAsync(network, CancellationToken.None));

    public Task<ReadOnlyMemory<byte>?> HashAsync(NetworkId network, long entries, CancellationToken cancellation = default)
        => Read(store => store.HashAsync(network, entries, CancellationToken.None));

    /// <summary>
    /// The node dies: of what waited some, from the first on, is written all the same (the process died between the commit and its answers), the
    /// rest never was. No task of it ever completes.
    /// </summary>
    public void Die()
    {
        _isDead = true;
        int written = random.Happens(300_000) ? random.Below(_pending.Count + 1) : 0;
        if (written == 0) return;
        Pending[] group = [.. _pending.Take(written)];
        Task[] tasks = [.. group.Select(one => one.Begin())];
        database.Commit();
        trace.Add(scheduler.NowMicroseconds, "died in commit", node, written);
        for (int at = 0; at < written; at++)
        {
            if (tasks[at].IsFaulted) _ = tasks[at].Exception;
            else group[at].Watch?.Invoke(tasks[at]);
        }
    }

    private void Add(Pending pending)
    {
        CheckThread();
        if (_isDead) return;
        _pending.Add(pending);
        if (_isPlanned) return;
        _isPlanned = true;
        long delay = random.Between(100, 4_000);
        if (!IsHealed && random.Happens(faults.DiskStalled)) delay = random.Between(100_000, 10_000_000);
        scheduler.After(delay, Commit);
    }

    private void Commit()
    {
        if (_isDead) return;
        _isPlanned = false;
        Pending[] group = [.. _pending];
        _pending.Clear();
        trace.Add(scheduler.NowMicroseconds, "commit", node, group.Length);
        if (!IsHealed && random.Happens(faults.DiskFailed))
        {
            foreach (Pending one in group)
                one.Fail(new LedgerException("The simulated disk is full."));
            return;
        }

        if (sabotage == Sabotage.ForgetsCommits && random.Happens(50_000)) group = [.. group.Where(one => !one.TryForget())];
        Task[] tasks = [.. group.Select(one => one.Begin())];
        database.Commit();
        for (int at = 0; at < group.Length && !_isDead; at++)
        {
            if (tasks[at].IsCompletedSuccessfully) group[at].End(tasks[at]);
            else if (tasks[at].IsFaulted) group[at].Fail(tasks[at].Exception!.InnerException!);
            else throw new InvalidOperationException("A commit left a write undone.");
        }
    }

    private Task<T> Read<T>(Func<ILedgerStore, Task<T>> ask)
    {
        CheckThread();
        Task<T> task = ask(database.Store);
        if (!task.IsCompleted) database.Commit();
        if (!task.IsCompleted) throw new InvalidOperationException("A read did not complete at once.");
        return task;
    }

    private void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException("Work left the simulation's thread: a run could not be replayed.");
    }

    private sealed record Pending(Func<Task> Begin, Action<Task> End, Action<Exception> Fail)
    {
        /// <summary>Says that it is written, and does not write it; null where that cannot be said.</summary>
        public Action? Forget { private get; init; }

        /// <summary>Tells the world, and nobody in it, that it was written.</summary>
        public Action<Task>? Watch { get; init; }

        public bool TryForget()
        {
            Forget?.Invoke();
            return Forget is not null;
        }
    }
}

/// <summary>Is told of every commit, before anyone else learns of it.</summary>
internal interface IStoreWatch
{
    /// <summary>Something was written.</summary>
    void Written(int node, LedgerWrite write);

    /// <summary>Transfers were decided on.</summary>
    void Posted(int node, IReadOnlyList<Transfer> transfers, IReadOnlyList<PostingResult> results);
}
