using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Node.Settlement;

namespace Mycel.Node.Routing;

/// <summary>What is known of a local model beside its figures.</summary>
/// <param name="ContextLength">Tokens a request may use; 0 where it is not known.</param>
/// <param name="Tags">Short words for people.</param>
/// <param name="Tier">Its quality, or null.</param>
/// <param name="IsEmbedding">Whether it embeds texts.</param>
internal sealed record OwnModelFacts(int ContextLength, IReadOnlyList<string> Tags, string? Tier, bool IsEmbedding);

/// <summary>
/// The models that this node serves to peers: its own and those of its relay devices, never a peer's, so that nobody is asked on behalf of a third.
/// Who may ask for which is settled by <c>sharing.default</c> and <c>sharing.models</c>.
/// </summary>
internal sealed class OwnModels : IOwnModels, IDisposable
{
    /// <summary>Most models announced; the first by name.</summary>
    public const int MaxOffers = 256;

    private const int MaxTags = 32;

    /// <summary>Shortest time between two words of a change: slots change with every request.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>A node with nothing to do wakes less often: after so many looks that found nothing, and then with this pause.</summary>
    private const int RestAfter = 25;

    private static readonly TimeSpan RestPause = TimeSpan.FromSeconds(1);

    private readonly ModelCatalog _catalog;
    private readonly Dispatcher _dispatcher;
    private readonly IOptionsSource _options;
    private readonly PriceTable _prices;
    private readonly Func<string, OwnModelFacts?> _facts;
    private readonly Func<string, NetworkId?> _network;
    private readonly Func<IReadOnlyList<NetworkId>> _joined;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private List<ModelOffer> _told = [];
    private int _toldChanges = -1;
    private int _idleLooks;
    private volatile bool _isStale = true;

    /// <param name="catalog">The models.</param>
    /// <param name="dispatcher">Whose slots change.</param>
    /// <param name="options">The settings.</param>
    /// <param name="facts">What is known of a local model by its name; null where that is nothing.</param>
    /// <param name="network">The network of a name or id, of those this node is in; null for none.</param>
    /// <param name="joined">The networks that this node is in.</param>
    /// <param name="time">The clock.</param>
    public OwnModels(
        ModelCatalog catalog, Dispatcher dispatcher, IOptionsSource options, Func<string, OwnModelFacts?> facts, Func<string, NetworkId?> network,
        Func<IReadOnlyList<NetworkId>> joined, TimeProvider time)
    {
        (_catalog, _dispatcher, _options, _facts, _network, _joined) = (catalog, dispatcher, options, facts, network, joined);
        _prices = new PriceTable(options, time);
        catalog.Changed += MarkStale;
        options.Changed += OnOptionsChanged;
        _timer = time.CreateTimer(static self => ((OwnModels)self!).Look(), this, Pause, Pause);
    }

    /// <summary>As they are now; made anew at each call.</summary>
    public IReadOnlyList<ModelOffer> Offers => Read();

    public event Action? Changed;

    /// <summary>The networks that this node is in have changed, and with them who may ask.</summary>
    public void MarkStale() => _isStale = true;

    /// <summary>Whether a peer may ask for a model, and in which network it then does.</summary>
    /// <param name="standing">The peer, as the peer book judges it now.</param>
    /// <param name="model">The bare name.</param>
    /// <param name="network">The network; the default value for a device of the own account.</param>
    public bool MayAsk(PeerStanding standing, string model, out NetworkId network)
    {
        network = default;
        if (_catalog.FindOwn(model) is null) return false;
        if (standing.IsOwn) return true;
        foreach (var shared in ScopeOf(model))
        {
            if (!standing.Networks.TryGetValue(shared, out var terms) || !terms.Allows(model)) continue;
            network = shared;
            return true;
        }
        return false;
    }

    /// <summary>Whether a peer may ask for a model in one network.</summary>
    public bool MayAskIn(PeerStanding standing, string model, NetworkId network) =>
        _catalog.FindOwn(model) is not null && ScopeOf(model).Contains(network) && standing.Networks.TryGetValue(network, out var terms) && terms.Allows(model);

    /// <summary>Whether a peer may ask for anything at all.</summary>
    public bool SharesWith(PeerStanding standing) => standing.IsOwn || _catalog.Own.Any(model => MayAsk(standing, model.Name, out _));

    /// <summary>Whether a peer may ask for anything that costs it nothing.</summary>
    public bool SharesForFree(PeerStanding standing) =>
        standing.IsOwn || _catalog.Own.Any(model => PricesOf(model.Name).Any(price => price.IsFree) && MayAsk(standing, model.Name, out _));

    /// <summary>Whether a model is offered to nobody but the devices of this account.</summary>
    public bool IsHome(string model) => ScopeOf(model).Count == 0;

    /// <summary>What a model costs other accounts: as was told last, then what was told a moment ago. Of what was not told yet, or is one too many to be, the price that it has.</summary>
    /// <param name="model">The bare name.</param>
    public IReadOnlyList<Prices> PricesOf(string model)
    {
        if (_prices.Honoured(model) is { Count: > 0 } told) return told;
        var price = PriceOf(model, _catalog.FindOwn(model) is { } own ? FactsOf(own) : null);
        return [new Prices(price.Prompt, price.Completion)];
    }

    /// <summary>Tokens that a request to a model may use, as was told; null where it is not known.</summary>
    public long? ContextOf(string model) => _prices.ContextOf(model);

    private OwnModelFacts? FactsOf(ModelTarget model) => model.Offers.Any(o => o.Place == OfferPlace.Local) ? _facts(model.Name) : null;

    private ModelPrice PriceOf(string model, OwnModelFacts? facts) => _prices.PriceOf(model, facts?.Tier, facts?.IsEmbedding ?? false);

    private IReadOnlyList<NetworkId> ScopeOf(string model)
    {
        var sharing = _options.Current.Sharing;
        var scope = sharing.Models.GetValueOrDefault(model, sharing.Default);
        if (scope.Equals("home", StringComparison.OrdinalIgnoreCase)) return [];
        if (scope.Equals("networks", StringComparison.OrdinalIgnoreCase)) return _joined();
        // A network that this node is not in, or not any more, opens nothing.
        return _network(scope) is { } network ? [network] : [];
    }

    private List<ModelOffer> Read() => [.. _catalog.Own.OrderBy(m => m.Name, StringComparer.Ordinal).Take(MaxOffers).Select(OfferOf)];

    private ModelOffer OfferOf(ModelTarget model)
    {
        var facts = FactsOf(model);
        var best = OfferRanking.BestOf(model.Offers);
        var offer = new ModelOffer
        {
            Name = model.Name,
            Slots = (uint)model.Offers.Sum(o => Math.Max(0, o.Backend.MaxConcurrent)),
            FreeSlots = (uint)model.Offers.Where(o => !o.Backend.Health.IsCoolingDown).Sum(o => Math.Max(0, o.Backend.MaxConcurrent - o.Backend.InFlight)),
            ContextLength = (uint)Math.Max(0, facts?.ContextLength ?? 0),
            Tier = facts?.Tier ?? "",
            IsEmbedding = facts?.IsEmbedding ?? false,
            FirstTokenMs = double.IsNaN(best.FirstTokenSeconds) ? 0 : Math.Round(best.FirstTokenSeconds * 1000, 1),
            TokensPerSecond = double.IsNaN(best.TokensPerSecond) ? 0 : Math.Round(best.TokensPerSecond, 1),
        };
        offer.Tags.AddRange((facts?.Tags ?? []).Take(MaxTags));
        var price = PriceOf(model.Name, facts);
        _prices.Announce(model.Name, price, offer.ContextLength);
        (offer.PromptPrice, offer.CompletionPrice) = (price.Prompt, price.Completion);
        foreach (var network in ScopeOf(model.Name))
        {
            var id = new byte[PeerId.SizeBytes];
            network.Hash.CopyTo(id);
            offer.Networks.Add(Google.Protobuf.ByteString.CopyFrom(id));
        }
        return offer;
    }

    /// <summary>Looks whether there is anything to tell. Where no slot changed hands and nothing else did, that is one comparison.</summary>
    private void Look()
    {
        lock (_lock)
        {
            var changes = _dispatcher.Changes;
            if (!_isStale && changes == _toldChanges)
            {
                if (++_idleLooks == RestAfter) _timer.Change(RestPause, RestPause);
                return;
            }
            if (_idleLooks >= RestAfter) _timer.Change(Pause, Pause);
            _idleLooks = 0;
            _isStale = false;
            _toldChanges = changes;
            var now = Read();
            if (IsSame(now, _told)) return;
            _told = now;
        }
        Changed?.Invoke();
    }

    /// <summary>Whether two lists say the same but for measured figures, which move all the time and go along with the next change.</summary>
    private static bool IsSame(List<ModelOffer> a, List<ModelOffer> b)
    {
        if (a.Count != b.Count) return false;
        for (var i = 0; i < a.Count; i++)
        {
            var (x, y) = (a[i].Clone(), b[i]);
            (x.FirstTokenMs, x.TokensPerSecond) = (y.FirstTokenMs, y.TokensPerSecond);
            if (!x.Equals(y)) return false;
        }
        return true;
    }

    private void OnOptionsChanged(MycelOptions options) => MarkStale();

    public void Dispose()
    {
        _timer.Dispose();
        _catalog.Changed -= MarkStale;
        _options.Changed -= OnOptionsChanged;
    }
}
