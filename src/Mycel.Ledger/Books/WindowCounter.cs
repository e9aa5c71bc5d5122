namespace Mycel.Ledger.Books;

/// <summary>Counts what each key does within a window of time, which begins anew for all at once. Safe for use from many threads.</summary>
internal sealed class WindowCounter<TKey>(TimeProvider time, TimeSpan window, long limit)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, long> _counts = [];
    private DateTimeOffset _begun;

    /// <summary>Whether the key has used its window up.</summary>
    public bool IsSpent(TKey key)
    {
        lock (_lock) return Current().GetValueOrDefault(key) >= limit;
    }

    /// <summary>Counts one; false where the window is used up.</summary>
    public bool TryTake(TKey key)
    {
        lock (_lock)
        {
            long count = Current().GetValueOrDefault(key);
            if (count >= limit) return false;
            _counts[key] = count + 1;
            return true;
        }
    }

    /// <summary>Counts some, be it more than the window has.</summary>
    public void Add(TKey key, long count)
    {
        lock (_lock) _counts[key] = Current().GetValueOrDefault(key) + count;
    }

    /// <summary>Takes back one that was counted, and was not used.</summary>
    public void GiveBack(TKey key)
    {
        lock (_lock)
        {
            if (Current().TryGetValue(key, out long count) && count > 0) _counts[key] = count - 1;
        }
    }

    // A clock that goes back begins a window too: nobody waits for an hour that was.
    private Dictionary<TKey, long> Current()
    {
        DateTimeOffset now = time.GetUtcNow();
        if (now - _begun < window && now >= _begun) return _counts;
        _counts.Clear();
        _begun = now;
        return _counts;
    }
}
