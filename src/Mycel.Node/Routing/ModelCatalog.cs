using Mycel.Node.Backends;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Observability;

namespace Mycel.Node.Routing;

/// <summary>One model as <c>/v1/models</c> lists it.</summary>
/// <param name="Id">The name to ask for.</param>
/// <param name="OwnedBy">Where it runs: <c>local</c> or <c>relay</c>.</param>
/// <param name="CreatedAt">When this node first saw it.</param>
internal sealed record ListedModel(string Id, string OwnedBy, DateTimeOffset CreatedAt);

/// <summary>Every name that a request may ask for, and what can serve it; replaced whole on change, read without a lock.</summary>
internal sealed class ModelCatalog(NodeMetrics metrics, TimeProvider time)
{
    /// <summary>Prefix of the names of models on relay devices.</summary>
    public const string RelayPrefix = "relay:";

    private readonly Dictionary<string, DateTimeOffset> _firstSeen = new(StringComparer.Ordinal);
    private volatile Snapshot _snapshot = new([], [], []);

    private sealed class Snapshot(Dictionary<string, ModelTarget> targets, IReadOnlyList<ListedModel> listed, Dictionary<string, string> offline)
    {
        public Dictionary<string, ModelTarget> Targets { get; } = targets;

        public Dictionary<string, ModelTarget>.AlternateLookup<ReadOnlySpan<char>> BySpan { get; } = targets.GetAlternateLookup<ReadOnlySpan<char>>();

        public IReadOnlyList<ListedModel> Listed { get; } = listed;

        public Dictionary<string, string> Offline { get; } = offline;
    }

    /// <summary>Raised after a rebuild.</summary>
    public event Action? Changed;

    /// <summary>The models in the order of their names.</summary>
    public IReadOnlyList<ListedModel> Listed => _snapshot.Listed;

    /// <summary>The models, less those that only reach this node through the one that asks: offered back, they would outlive their device.</summary>
    public IEnumerable<ListedModel> ListedFor(string askingNode)
    {
        var now = _snapshot;
        return askingNode.Length == 0 ? now.Listed
            : now.Listed.Where(m => now.Targets[m.Id].Offers.Any(o => o.Backend is not RelayDevice { MycelNode: { } node } || node != askingNode));
    }

    public ModelTarget? Find(ReadOnlySpan<char> name) => _snapshot.BySpan.TryGetValue(name, out var target) ? target : null;

    /// <summary>The device that had a model of this name and is offline now, or null.</summary>
    public string? OfflineHolder(string name) => _snapshot.Offline.GetValueOrDefault(name);

    /// <summary>Up to three known names that resemble <paramref name="name"/>, the nearest first.</summary>
    public IReadOnlyList<string> Near(string name) => NearNames.Find(name, _snapshot.Listed.Select(m => m.Id));

    /// <summary>Makes the catalogue anew from the devices and the local models as they are, loaded or not.</summary>
    /// <param name="read">Reads them. Devices and local models change by themselves, so two may rebuild at once; each reads only when its turn
    /// has come, so that what was read first cannot be published last.</param>
    public void Rebuild(Func<(IReadOnlyList<RelayDevice> Devices, IReadOnlyList<LocalBackend> Local)> read)
    {
        lock (_firstSeen)
        {
            var (devices, local) = read();
            Publish(devices, local);
        }
        // Outside the lock: those told may take locks under which others come here.
        Changed?.Invoke();
    }

    private void Publish(IReadOnlyList<RelayDevice> devices, IReadOnlyList<LocalBackend> local)
    {
        var offers = new Dictionary<string, List<Offer>>(StringComparer.Ordinal);
        var offline = new Dictionary<string, string>(StringComparer.Ordinal);
        var pinned = new List<(string Name, Offer Offer)>();
        foreach (var device in devices)
        {
            foreach (var id in device.Models)
            {
                var bare = BareName(id);
                if (!device.IsOnline)
                {
                    offline[bare] = offline[RelayPrefix + bare] = offline[PinnedName(device, bare)] = device.Name;
                    continue;
                }
                var offer = new Offer(device, id, metrics.For(device.Route, bare));
                if (!offers.TryGetValue(bare, out var list)) offers.Add(bare, list = []);
                list.Add(offer);
                pinned.Add((PinnedName(device, bare), offer));
            }
        }
        Publish(offers, pinned, offline, local);
    }

    private void Publish(Dictionary<string, List<Offer>> offers, List<(string Name, Offer Offer)> pinned, Dictionary<string, string> offline, IReadOnlyList<LocalBackend> local)
    {
        var targets = new Dictionary<string, ModelTarget>(StringComparer.Ordinal);
        var listed = new List<ListedModel>();
        foreach (var (bare, list) in offers) Announce(new ModelTarget(RelayPrefix + bare, list), "relay");
        foreach (var backend in local)
        {
            // What looks like a relay's name is one: a local model called so would take its place, or hide behind it.
            if (backend.Name.StartsWith(RelayPrefix, StringComparison.Ordinal)) continue;
            var offer = new Offer(backend, backend.Name, metrics.For(backend.Route, backend.Name));
            Announce(new ModelTarget(backend.Name, [offer], offers.GetValueOrDefault(backend.Name)), "local");
        }
        // A plain name yields to an announced one, and a pinned name to both: what the list shows always means what it says.
        foreach (var (bare, list) in offers) targets.TryAdd(bare, new ModelTarget(bare, list));
        foreach (var (name, offer) in pinned) targets.TryAdd(name, new ModelTarget(name, [offer]));
        foreach (var known in _firstSeen.Keys.Where(k => !targets.ContainsKey(k)).ToList()) _firstSeen.Remove(known);
        listed.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        _snapshot = new Snapshot(targets, listed, offline);

        void Announce(ModelTarget target, string owner)
        {
            if (!targets.TryAdd(target.Name, target)) return;
            if (!_firstSeen.TryGetValue(target.Name, out var since)) _firstSeen[target.Name] = since = time.GetUtcNow();
            listed.Add(new ListedModel(target.Name, owner, since));
        }
    }

    /// <summary>The model's name without the prefix that another node's relays carry.</summary>
    private static string BareName(string id) => id.StartsWith(RelayPrefix, StringComparison.Ordinal) && id.Length > RelayPrefix.Length ? id[RelayPrefix.Length..] : id;

    private static string PinnedName(RelayDevice device, string bare) => $"{RelayPrefix}{device.Name}:{bare}";
}
