namespace Mycel.Node.Backends;

/// <summary>What a backend's own answers say of its health: it is healthy because it generates, not because it is reachable.</summary>
internal sealed class BackendHealth(TimeProvider time)
{
    /// <summary>Failed answers in a row from which on it counts as unhealthy.</summary>
    public const int UnhealthyAfter = 3;

    private static readonly TimeSpan MaxCoolDown = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private int _failures;
    private long _coolUntil;
    private volatile bool _isTroubled;

    /// <summary>Whether it answers when asked.</summary>
    public bool IsHealthy => _failures < UnhealthyAfter;

    /// <summary>The latest failure, one sentence; null when the latest answer was whole.</summary>
    public string? LastError { get; private set; }

    /// <summary>Whether others are to be preferred for the moment.</summary>
    public bool IsCoolingDown => _isTroubled && time.GetTimestamp() < Volatile.Read(ref _coolUntil);

    /// <summary>It answered.</summary>
    public void RecordSuccess()
    {
        if (!_isTroubled) return;
        lock (_lock)
        {
            _failures = 0;
            LastError = null;
            _isTroubled = false;
        }
    }

    /// <summary>It failed to answer: others are preferred for 1 s, doubling to 30 s with each further failure.</summary>
    public void RecordFailure(string error)
    {
        lock (_lock)
        {
            _failures++;
            LastError = error;
            CoolFor(TimeSpan.FromSeconds(Math.Min(MaxCoolDown.TotalSeconds, Math.Pow(2, Math.Min(_failures - 1, 10)))));
        }
    }

    /// <summary>It said that it is busy, which is no failure: others are preferred for the time it names (30 s at most), or 1 s.</summary>
    public void RecordBusy(TimeSpan? retryAfter)
    {
        lock (_lock)
        {
            var wait = retryAfter ?? TimeSpan.FromSeconds(1);
            CoolFor(wait < MaxCoolDown ? wait : MaxCoolDown);
        }
    }

    private void CoolFor(TimeSpan wait)
    {
        Volatile.Write(ref _coolUntil, time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency));
        _isTroubled = true;
    }
}
