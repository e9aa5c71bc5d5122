namespace Mycel.Node.Models.Pulling;

/// <summary>Ends a wait when nothing has come for a time.</summary>
internal sealed class SilenceLimit : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _source;
    private readonly ITimer _timer;

    /// <summary>Begins to count.</summary>
    /// <param name="limit">The time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends the wait too.</param>
    public SilenceLimit(TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        _limit = limit;
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _timer = time.CreateTimer(state => End((CancellationTokenSource)state!), _source, limit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled by silence, or from outside.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Something came: the time begins anew.</summary>
    public void Restart() => _timer.Change(_limit, Timeout.InfiniteTimeSpan);

    private static void End(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The wait had just ended by itself.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }
}
