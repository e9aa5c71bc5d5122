namespace Mycel.Node.Settlement;

/// <summary>Wakes who settles: something may be due that was not a moment ago. Safe for use from several threads.</summary>
internal sealed class DueSignal : IDisposable
{
    private readonly SemaphoreSlim _raised = new(0);

    /// <summary>Something may be due.</summary>
    public void Raise()
    {
        // Two threads at once may both raise it: one look in vain.
        if (_raised.CurrentCount == 0) _raised.Release();
    }

    /// <summary>Waits until it is raised, and takes it down again.</summary>
    /// <returns>Whether it was, within that time.</returns>
    public Task<bool> WaitAsync(TimeSpan most, CancellationToken cancellation) => _raised.WaitAsync(most, cancellation);

    public void Dispose() => _raised.Dispose();
}
