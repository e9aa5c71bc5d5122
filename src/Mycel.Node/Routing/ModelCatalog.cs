using Mycel.Node.Backends;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Observability;

namespace Mycel.Node.Routing;

/// <summary>One model as <c>/v1/models</c> lists it.</summary>
/// <param name="Id">The name to ask for.</param>
/// <param name="OwnedBy">The nearest place that has it: <c>local</c>, <c>relay</c> or <c>peer</c>.</param>
/// <param name="CreatedAt">When this node first saw it.</param>
internal sealed record ListedModel(string Id, string OwnedBy, DateTimeOffset CreatedAt);

/// <summary>All that can serve requests.</summary>
/// <param name="Devices">The relay devices, online or not.</param>
/// <param name="Local">The local models, loaded or not.</param>
/// <param name="Peers">The linked peers.</param>
internal readonly record struct BackendLists(IReadOnlyList<RelayDevice> Devices, IReadOnlyList<LocalBackend> Local, IReadOnlyList<PeerBackend> Peers);

/// <summary>Every name that a request may ask for, and what can serve it; replaced whole on change, read without a lock.</summary>
/// <remarks>
/// A plain name stands for all that have the model: this node, its relay devices, its peers; which of them serves is for
/// <see cref="OfferRanking"/> to say. <c>relay:NAME</c> is any device, and <c>local:NAME</c>, <c>relay:DEVICE:NAME</c> and <c>peer:NODE:NAME</c>
/// are that place or none.
/// </remarks>
internal sealed class ModelCatalog(NodeMetrics metrics, TimeProvider time)
{
    /// <summary>Prefix of the names of models on relay devices.</summary>
    public const string RelayPrefix = "relay:";

    /// <summary>Prefix of the names of local models that stand for nothing else.</summary>
    public const string LocalPrefix = "local:";

    /// <summary>Prefix of the names of models on a certain peer.</summary>
    public const string PeerPrefix = "peer:";

    /// <summary>Longest name of a peer's model, in characters.</summary>
    public const int MaxPeerModelName = 256;

    private readonly Dictionary<string, DateTimeOffset> _firstSeen = new(StringComparer.Ordinal);
    private readonly OfferBook _offers = new(metrics);
    private volatile Snapshot _snapshot = new([], [], [], []);

    private sealed class Snapshot(
        Dictionary<string, ModelTarget> targets, Dictionary<string, ModelTarget> own, IReadOnlyList<ListedModel> listed, Dictionary<string, string> offline)
    {
        public Dictionary<string, ModelTarget> Targets { get; } = targets;

        public Dictionary<string, ModelTarget> Own { get; } = own;

        public Dictionary<string, ModelTarget>.AlternateLookup<ReadOnlySpan<char>> BySpan { get; } = targets.GetAlternateLookup<ReadOnlySpan<char>>();

        public IReadOnlyList<ListedModel> Listed { get; } = listed;

        public Dictionary<string, string> Offline { get; } = offline;
    }

    /// <summary>Raised after a rebuild.</summary>
    public event Action? Changed;

    /// <summary>The models in the order of their names.</summary>
    public IReadOnlyList<ListedModel> Listed => _snapshot.Listed;

    /// <summary>What this node has itself, by bare names, in no order: what peers may be served.</summary>
    public IReadOnlyCollection<ModelTarget> Own => _snapshot.Own.Values;

    /// <summary>The models, less those that only reach this node through the one that asks: offered back, they would outlive their device.</summary>
    public IEnumerable<ListedModel> ListedFor(string askingNode)
    {
        var now = _snapshot;
        return askingNode.Length == 0 ? now.Listed : now.Listed.Where(m => now.Targets[m.Id].Offers.Any(o => NodeOf(o.Backend) != askingNode));
    }

    public ModelTarget? Find(ReadOnlySpan<char> name) => _snapshot.BySpan.TryGetValue(name, out var target) ? target : null;

    /// <summary>What this node has itself of a model, by its bare name: here or on its devices, never on a peer nor on a device that is a node itself.</summary>
    public ModelTarget? FindOwn(string name) => _snapshot.Own.GetValueOrDefault(name);

    /// <summary>What the name of a target stands for now.</summary>
    public ModelTarget? FindAgain(ModelTarget target) => target.IsOwn ? FindOwn(target.Name) : Find(target.Name);

    /// <summary>The device that had a model of this name and is offline now, or null.</summary>
    public string? OfflineHolder(string name) => _snapshot.Offline.GetValueOrDefault(name);

    /// <summary>Up to three known names that resemble <paramref name="name"/>, the nearest first.</summary>
    public IReadOnlyList<string> Near(string name) => NearNames.Find(name, _snapshot.Listed.Select(m => m.Id));

    /// <summary>Makes the catalogue anew from all backends as they are.</summary>
    /// <param name="read">Reads them. They change by themselves, so two may rebuild at once; each reads only when its turn has come, so that what
    /// was read first cannot be published last.</param>
    public void Rebuild(Func<BackendLists> read)
    {
        lock (_firstSeen) Publish(read());
        // Outside the lock: those told may take locks under which others come here.
        Changed?.Invoke();
    }

    private void Publish(BackendLists all)
    {
        var offline = new Dictionary<string, string>(StringComparer.Ordinal);
        var models = new SortedDictionary<string, ModelOffers>(StringComparer.Ordinal);
        _offers.Begin();
        // What looks like a relay's name is one: a local model called so would take its place, or hide behind it.
        foreach (var backend in all.Local.Where(b => !b.Name.StartsWith(RelayPrefix, StringComparison.Ordinal)))
        {
            var offer = _offers.Get(backend, backend.Name, backend.Name, OfferPlace.Local);
            offer.Tier = backend.Tier;
            Of(backend.Name).Local.Add(offer);
        }
        foreach (var device in all.Devices)
        {
            foreach (var id in device.Models)
            {
                var bare = BareName(id);
                if (device.IsOnline) Of(bare).Relays.Add(_offers.Get(device, id, bare, OfferPlace.Relay));
                else offline[bare] = offline[RelayPrefix + bare] = offline[PinnedName(device, bare)] = device.Name;
            }
        }
        foreach (var peer in all.Peers)
        {
            foreach (var said in peer.Offers.Where(o => IsPlain(o.Name)))
            {
                var offer = _offers.Get(peer, said.Name, said.Name, peer.IsOwn ? OfferPlace.OwnPeer : OfferPlace.Peer);
                offer.Tier = said.Tier;
                Of(said.Name).Peers.Add(offer);
            }
        }
        _offers.End();
        Publish(models, offline);

        ModelOffers Of(string bare) => models.TryGetValue(bare, out var known) ? known : models[bare] = new ModelOffers();
    }

    private void Publish(SortedDictionary<string, ModelOffers> models, Dictionary<string, string> offline)
    {
        var targets = new Dictionary<string, ModelTarget>(StringComparer.Ordinal);
        var own = new Dictionary<string, ModelTarget>(StringComparer.Ordinal);
        var listed = new List<ListedModel>();
        foreach (var (bare, offers) in models.Where(m => m.Value.Relays.Count > 0)) Announce(new ModelTarget(RelayPrefix + bare, offers.Relays));
        foreach (var (bare, offers) in models.Where(m => m.Value.Local.Count + m.Value.Peers.Count > 0)) Announce(new ModelTarget(bare, offers.All()));
        // A plain name yields to an announced one, and a pinned name to both: what the list shows always means what it says.
        foreach (var (bare, offers) in models) targets.TryAdd(bare, new ModelTarget(bare, offers.All()));
        foreach (var (bare, offers) in models)
        {
            foreach (var offer in offers.Local.Concat(offers.Relays).Concat(offers.Peers))
            {
                var name = PinnedName(offer.Backend, bare);
                targets.TryAdd(name, new ModelTarget(name, [offer]));
            }
            if (offers.Own() is { Count: > 0 } ownOffers) own.Add(bare, new ModelTarget(bare, ownOffers, isOwn: true));
        }
        foreach (var known in _firstSeen.Keys.Where(k => !targets.ContainsKey(k)).ToList()) _firstSeen.Remove(known);
        listed.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        _snapshot = new Snapshot(targets, own, listed, offline);

        void Announce(ModelTarget target)
        {
            if (!targets.TryAdd(target.Name, target)) return;
            if (!_firstSeen.TryGetValue(target.Name, out var since)) _firstSeen[target.Name] = since = time.GetUtcNow();
            listed.Add(new ListedModel(target.Name, target.Owner, since));
        }
    }

    /// <summary>What has one model.</summary>
    private sealed class ModelOffers
    {
        public List<Offer> Local { get; } = [];

        public List<Offer> Relays { get; } = [];

        public List<Offer> Peers { get; } = [];

        /// <summary>All, each machine once: a device that is a node and linked as well is asked over its link.</summary>
        public List<Offer> All() =>
            Peers.Count == 0 ? [.. Local, .. Relays] : [.. Local, .. Relays.Where(r => NodeOf(r.Backend) is not { } node || Peers.All(p => NodeOf(p.Backend) != node)), .. Peers];

        public List<Offer> Own() => [.. Local, .. Relays.Where(r => NodeOf(r.Backend) is null)];
    }

    /// <summary>The id of the node behind a backend; null where it is none.</summary>
    private static string? NodeOf(Backend backend) => backend switch
    {
        RelayDevice device => device.MycelNode,
        PeerBackend peer => peer.Peer.ToString(),
        _ => null,
    };

    /// <summary>The model's name without the prefix that another node's relays carry.</summary>
    public static string BareName(string id) => id.StartsWith(RelayPrefix, StringComparison.Ordinal) && id.Length > RelayPrefix.Length ? id[RelayPrefix.Length..] : id;

    /// <summary>Whether a peer's model may go by its name here: one that looks like a pinned name would pass for something else.</summary>
    private static bool IsPlain(string name) =>
        name.Length is > 0 and <= MaxPeerModelName && !name.AsSpan().ContainsAnyInRange('\0', '\u001f')
        && !name.StartsWith(RelayPrefix, StringComparison.Ordinal) && !name.StartsWith(LocalPrefix, StringComparison.Ordinal) && !name.StartsWith(PeerPrefix, StringComparison.Ordinal);

    /// <summary>The name that means a model on this backend alone: its route already begins with the prefix.</summary>
    private static string PinnedName(Backend backend, string bare) => backend is LocalBackend ? backend.Route : $"{backend.Route}:{bare}";
}
