using Mycel.Node.Backends;
using Mycel.Node.Observability;

namespace Mycel.Node.Routing;

/// <summary>
/// The offers of the catalogue, kept from one rebuild to the next, and what was measured of them, kept also while a backend is away. For one caller
/// at a time.
/// </summary>
internal sealed class OfferBook(NodeMetrics metrics)
{
    /// <summary>Most figures kept of what is not offered at the moment; beyond it all of those are forgotten.</summary>
    public const int MaxRemembered = 4096;

    private readonly Dictionary<(string Route, string Model), OfferFigures> _figures = [];
    private Dictionary<(Backend Backend, string ModelId), Offer> _last = [];
    private Dictionary<(Backend Backend, string ModelId), Offer> _next = [];

    /// <summary>Figures known, of what is offered and of what was.</summary>
    public int Remembered => _figures.Count;

    /// <summary>Begins a rebuild.</summary>
    public void Begin() => _next = new Dictionary<(Backend, string), Offer>(_last.Count);

    /// <summary>The offer of a model on a backend: the one of the last rebuild, or a new one.</summary>
    /// <param name="backend">What serves it.</param>
    /// <param name="modelId">The model's name as the backend knows it.</param>
    /// <param name="bare">Its name without prefixes, by which it is counted.</param>
    /// <param name="place">Where it is.</param>
    public Offer Get(Backend backend, string modelId, string bare, OfferPlace place)
    {
        if (_next.TryGetValue((backend, modelId), out var offer)) return offer;
        if (!_last.TryGetValue((backend, modelId), out offer))
        {
            if (!_figures.TryGetValue((backend.Route, bare), out var figures)) _figures.Add((backend.Route, bare), figures = new OfferFigures());
            offer = new Offer(backend, modelId, () => metrics.For(backend.Route, bare), figures, place);
        }
        _next.Add((backend, modelId), offer);
        return offer;
    }

    /// <summary>
    /// Ends a rebuild: offers that were not asked for are gone. Their figures stay for a while, but for those of what was never used: of these a peer can
    /// make up as many as it likes, and what was measured of others is not to make way for them.
    /// </summary>
    public void End()
    {
        var isAnyGone = _last.Keys.Any(key => !_next.ContainsKey(key));
        _last = _next;
        var isFull = _figures.Count - _last.Count > MaxRemembered;
        if (!isAnyGone && !isFull) return;
        var used = _last.Values.Select(o => o.Figures).ToHashSet(ReferenceEqualityComparer.Instance);
        foreach (var key in _figures.Where(f => (isFull || f.Value is { LastUsedAt: < 0, InFlight: 0, IsMeasured: false }) && !used.Contains(f.Value)).Select(f => f.Key).ToList())
            _figures.Remove(key);
    }
}
