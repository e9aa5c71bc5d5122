namespace Mycel.Node.Api.Live;

/// <summary>The load of the past hour, so that who begins to watch sees where it comes from. Reads a few counters every five seconds.</summary>
internal sealed class LoadHistory : IDisposable
{
    /// <summary>Seconds between two samples.</summary>
    public const int IntervalSeconds = 5;

    /// <summary>Samples kept: an hour.</summary>
    public const int Capacity = 3600 / IntervalSeconds;

    private readonly Lock _gate = new();
    private readonly Queue<LoadSample> _samples = new(Capacity);
    private readonly Func<DateTimeOffset, LoadSample> _read;
    private readonly ITimer _timer;
    private DateTimeOffset _last;

    /// <param name="read">The load now; it is given the time of the sample before.</param>
    /// <param name="time">The clock.</param>
    public LoadHistory(Func<DateTimeOffset, LoadSample> read, TimeProvider time)
    {
        _read = read;
        _last = time.GetUtcNow();
        var interval = TimeSpan.FromSeconds(IntervalSeconds);
        _timer = time.CreateTimer(static history => ((LoadHistory)history!).Add(), this, interval, interval);
    }

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<LoadSample> Samples
    {
        get
        {
            lock (_gate) return [.. _samples];
        }
    }

    private void Add()
    {
        lock (_gate)
        {
            if (_samples.Count == Capacity) _samples.Dequeue();
            var sample = _read(_last);
            _last = sample.At;
            _samples.Enqueue(sample);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
