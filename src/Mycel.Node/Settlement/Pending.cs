namespace Mycel.Node.Settlement;

/// <summary>Counts work under way in the background, so that a stop can wait for it. Safe for use from several threads.</summary>
internal sealed class Pending
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _idle;
    private int _count;

    /// <summary>Takes note of work that never fails.</summary>
    public void Add(Task work)
    {
        lock (_gate) _count++;
        _ = RemoveAsync(work);
    }

    /// <summary>Completes when none is under way.</summary>
    public Task IdleAsync()
    {
        lock (_gate)
        {
            if (_count == 0) return Task.CompletedTask;
            return (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private async Task RemoveAsync(Task work)
    {
        await work;
        lock (_gate)
        {
            if (--_count > 0) return;
            _idle?.TrySetResult();
            _idle = null;
        }
    }
}
