namespace Mycel.Node.Api.Live;

/// <summary>One who watches. Of each section only its latest state is ever waiting, so one who reads slowly costs no memory and misses what was in between.</summary>
internal sealed class LiveWatch : IDisposable
{
    private readonly LiveFeed _feed;
    private readonly long[] _seen;
    private Task _changed = Task.CompletedTask;
    private int _isDisposed;

    internal LiveWatch(LiveFeed feed, int sections)
    {
        _feed = feed;
        _seen = new long[sections];
        Array.Fill(_seen, -1);
    }

    /// <summary>Waits for the next look of the feed.</summary>
    public Task WaitAsync(CancellationToken cancel) => _changed.WaitAsync(cancel);

    /// <summary>What has changed since the last call; at the first, everything that is known.</summary>
    public IReadOnlyList<LiveEvent> Take() => _feed.Take(_seen, out _changed);

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0) _feed.Leave();
    }
}
