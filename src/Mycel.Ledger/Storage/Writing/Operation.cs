namespace Mycel.Ledger.Storage.Writing;

/// <summary>A call that waits to be written, or is being.</summary>
internal abstract class Operation(CancellationToken cancellation)
{
    /// <summary>Whether the caller has given up while it waited.</summary>
    public bool IsCancelled => Cancellation.IsCancellationRequested;

    protected CancellationToken Cancellation { get; } = cancellation;

    /// <summary>How much of a batch it takes.</summary>
    public virtual int Weight => 1;

    /// <summary>Whether it changes rows that a batch does not know by name, and so has a transaction of its own.</summary>
    public virtual bool IsAlone => false;

    /// <summary>Says which rows it needs.</summary>
    public abstract void Prepare(BatchKeys keys);

    /// <summary>Does what it does to the batch's rows. It throws before it has changed any, or not at all.</summary>
    /// <exception cref="LedgerException">It contradicts what is kept.</exception>
    public abstract void Apply(Batch batch);

    /// <summary>What was applied is durable.</summary>
    public abstract void Complete();

    /// <summary>Nothing of it is kept.</summary>
    public abstract void Fail(Exception cause);

    /// <summary>The caller has given up.</summary>
    public abstract void Cancel();
}

/// <summary>A call with a result.</summary>
/// <param name="isStepped">Whether the caller goes on within <see cref="StoreWriter.CommitPending"/>, in the order of the calls; otherwise it does on a thread of its own.</param>
/// <param name="cancellation">Lets the caller give up while it waits.</param>
internal abstract class Operation<T>(bool isStepped, CancellationToken cancellation) : Operation(cancellation)
{
    private readonly TaskCompletionSource<T> _done = new(isStepped ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Done => _done.Task;

    /// <summary>What <see cref="Operation.Apply"/> found.</summary>
    protected T? Result { get; set; }

    public override void Complete() => _done.TrySetResult(Result!);

    public override void Fail(Exception cause) => _done.TrySetException(cause);

    public override void Cancel() => _done.TrySetCanceled(Cancellation);
}
