namespace Mycel.Node.Observability.Logs;

/// <summary>Keeps the last entries and hands new ones to whoever follows. Safe for use from several threads.</summary>
internal sealed class LogBuffer(TimeProvider time)
{
    /// <summary>Entries kept.</summary>
    public const int Capacity = 1_000;

    /// <summary>Readers at once at most.</summary>
    public const int MaxSubscribers = 32;

    private readonly Lock _gate = new();
    private readonly LogEntry[] _ring = new LogEntry[Capacity];
    private LogSubscription[] _subscribers = [];
    private long _added;
    private bool _isComplete;

    /// <summary>Keeps an entry, and hands it on. Never waits.</summary>
    public void Add(LogEntry entry)
    {
        lock (_gate)
        {
            _ring[_added++ % Capacity] = entry;
            foreach (var subscriber in _subscribers) subscriber.Offer(entry);
        }
    }

    /// <summary>The last entries of a level or above, oldest first.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="level">Least severe level wanted.</param>
    public IReadOnlyList<LogEntry> Last(int limit, LogLevel level)
    {
        var found = new List<LogEntry>(Math.Clamp(limit, 0, Capacity));
        lock (_gate)
        {
            for (var i = _added - 1; i >= Math.Max(0, _added - Capacity) && found.Count < limit; i--)
            {
                if (_ring[i % Capacity].Level >= level) found.Add(_ring[i % Capacity]);
            }
        }
        found.Reverse();
        return found;
    }

    /// <summary>Begins to follow the log; null when <see cref="MaxSubscribers"/> do already.</summary>
    public LogSubscription? Subscribe(LogLevel level)
    {
        var subscription = new LogSubscription(this, level, time);
        lock (_gate)
        {
            if (_subscribers.Length >= MaxSubscribers) return null;
            if (_isComplete) subscription.Complete();
            else _subscribers = [.. _subscribers, subscription];
        }
        return subscription;
    }

    /// <summary>Ends all subscriptions, once they have read what is pending: the node stops.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            foreach (var subscriber in _subscribers) subscriber.Complete();
            _subscribers = [];
        }
    }

    internal void Unsubscribe(LogSubscription subscription)
    {
        lock (_gate) _subscribers = [.. _subscribers.Where(other => other != subscription)];
        subscription.Complete();
    }
}
