using System.Collections.Concurrent;

namespace Mycel.Node.Observability;

/// <summary>All that the node counts.</summary>
internal sealed class NodeMetrics
{
    /// <summary>Most pairs of route and model counted by themselves; what comes after is counted as <c>other</c>.</summary>
    public const int MaxSeries = 4096;

    /// <summary>Most of them that are of peers, who name their models, and themselves, as they like; what comes after is counted as <c>peer:other</c>.</summary>
    public const int MaxPeerSeries = 1024;

    private const string PeerPrefix = "peer:";

    private readonly ConcurrentDictionary<(string Route, string Model), RouteMetrics> _routes = new();
    private int _peerSeries;

    /// <summary>Requests that no route served: refused before, or for want of one.</summary>
    public RouteMetrics Unrouted { get; } = new("none", "");

    /// <summary>Attempts given up for another backend.</summary>
    public StripedCounter Failovers { get; } = new();

    public StripedCounter AuthenticationFailures { get; } = new();

    /// <summary>Refusals by the limit's name, such as <c>limits.total.rate</c>.</summary>
    public ConcurrentDictionary<string, StripedCounter> LimitRefusals { get; } = new();

    /// <summary>Time spent waiting for a slot, of requests that had to.</summary>
    public Histogram QueueWait { get; } = new();

    public IEnumerable<RouteMetrics> Routes => _routes.Values.Append(Unrouted);

    public RouteMetrics For(string route, string model)
    {
        if (_routes.TryGetValue((route, model), out var known)) return known;
        var key = (route, model);
        if (route.StartsWith(PeerPrefix, StringComparison.Ordinal) && Interlocked.Increment(ref _peerSeries) > MaxPeerSeries)
        {
            Interlocked.Decrement(ref _peerSeries);
            key = (PeerPrefix + "other", "other");
        }
        else if (_routes.Count >= MaxSeries)
        {
            key = ("other", "other");
        }
        return _routes.GetOrAdd(key, static k => new RouteMetrics(k.Route, k.Model));
    }
}
