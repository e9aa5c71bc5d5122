using Mycel.Node.Backends;

namespace Mycel.Node.Routing;

/// <summary>
/// Which backend served a conversation last and so has its beginning in the cache. Two generations: when the younger is full or old enough it
/// becomes the older, and what the older held is forgotten. For one caller at a time.
/// </summary>
internal sealed class SessionMap
{
    /// <summary>Most conversations remembered.</summary>
    public const int MaxSessions = 4096;

    /// <summary>How long one that is not used is remembered, in milliseconds; at least half of it, while there is room.</summary>
    public const long LifetimeMs = 600_000;

    private Dictionary<(string Model, int Hash), (Backend Backend, long At)> _young = [];
    private Dictionary<(string Model, int Hash), (Backend Backend, long At)> _old = [];
    private long _turnedAt;

    /// <summary>Conversations remembered now.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>The backend that served it last, or null.</summary>
    /// <param name="model">The name that was asked for.</param>
    /// <param name="session">The conversation.</param>
    /// <param name="now">Milliseconds.</param>
    public Backend? Find(string model, SessionKey session, long now)
    {
        var isKnown = _young.TryGetValue((model, session.Hash), out var last) || _old.TryGetValue((model, session.Hash), out last);
        return isKnown && now - last.At < LifetimeMs ? last.Backend : null;
    }

    /// <summary>A backend serves it now.</summary>
    public void Remember(string model, SessionKey session, Backend backend, long now)
    {
        var isFull = _young.Count >= MaxSessions / 2 && !_young.ContainsKey((model, session.Hash));
        if (isFull || now - _turnedAt >= LifetimeMs / 2)
        {
            _turnedAt = now;
            (_young, _old) = (_old, _young);
            _young.Clear();
        }
        _young[(model, session.Hash)] = (backend, now);
    }

    /// <summary>Conversations remembered of a model, by backend.</summary>
    public Dictionary<Backend, int> CountBy(string model, long now)
    {
        var counts = new Dictionary<Backend, int>();
        foreach (var (key, last) in _young.Concat(_old.Where(o => !_young.ContainsKey(o.Key))))
        {
            if (key.Model == model && now - last.At < LifetimeMs) counts[last.Backend] = counts.GetValueOrDefault(last.Backend) + 1;
        }
        return counts;
    }
}
