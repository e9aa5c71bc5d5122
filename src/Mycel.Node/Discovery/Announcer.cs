using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Discovery;

/// <summary>
/// Keeps this node's records in the table: where it is reached, and the models that it shares with public networks. What is for private networks, or for the account's own
/// nodes alone, is never published. Used on the loop only.
/// </summary>
internal sealed class Announcer
{
    /// <summary>How long a record holds that is not published anew: three times as long as until that happens.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(3);

    /// <summary>How long one holds that says good-bye to a model; longer than clocks commonly differ, or it would be taken for expired.</summary>
    private static readonly TimeSpan LastLife = TimeSpan.FromMinutes(2);

    /// <summary>Shortest time between two times that all records are published anew since more nodes are known.</summary>
    public static readonly TimeSpan GrowthPause = TimeSpan.FromSeconds(2);

    /// <summary>Up to so many nodes each new one counts; beyond, twice as many.</summary>
    private const int FewContacts = 40;

    private readonly DeviceKey _device;
    private readonly TimeProvider _time;
    private readonly Dictionary<DhtKey, Place> _published = [];
    private DhtAddress[] _addresses = [];
    private Dictionary<DhtKey, Place> _wanted = [];
    private ulong _sequence;
    private int _contacts;
    private long? _grownAt;

    public Announcer(DeviceKey device, TimeProvider time)
    {
        _device = device;
        _time = time;
    }

    /// <summary>What a record is of: a model in a network, or this node where both are null.</summary>
    private sealed record Place(NetworkId? Network, string? Model);

    /// <summary>What is to be published from now on.</summary>
    /// <param name="node">Publishes it.</param>
    /// <param name="addresses">Where this node is reached, the best first; those that are no IP addresses are left out.</param>
    /// <param name="offers">The models that it has, with the networks that may ask for each.</param>
    /// <param name="networks">The public networks that it belongs to.</param>
    public void Update(DhtNode node, IEnumerable<string> addresses, IEnumerable<ModelOffer> offers, IReadOnlySet<NetworkId> networks)
    {
        DhtAddress[] now = [.. addresses.Select(text => DhtAddress.TryParse(text, out var address) ? address : default).Where(address => address.Reach != DhtReach.Nowhere).Distinct().Take(DhtLimits.MaxAddresses)];
        var isMoved = !now.SequenceEqual(_addresses);
        _addresses = now;
        _wanted = now.Length == 0 ? [] : WantedOf(offers, networks);
        foreach (var gone in _published.Keys.Where(key => !_wanted.ContainsKey(key)).ToArray())
        {
            Retire(node, gone, _published[gone]);
            _published.Remove(gone);
        }

        Publish(node, isAnew: isMoved);
    }

    /// <summary>Publishes all anew where many more nodes are known than when that was done last: records belong with the nearest of all.</summary>
    public void Look(DhtNode node)
    {
        var contacts = node.ContactCount;
        if (contacts <= _contacts || (contacts > FewContacts && contacts < 2 * _contacts)) return;
        if (_grownAt is { } at && _time.GetElapsedTime(at) < GrowthPause) return;
        Publish(node, isAnew: true);
    }

    private Dictionary<DhtKey, Place> WantedOf(IEnumerable<ModelOffer> offers, IReadOnlySet<NetworkId> networks)
    {
        var wanted = new Dictionary<DhtKey, Place> { [DhtKey.Of(_device.PeerId)] = new(null, null) };
        foreach (var offer in offers.Where(offer => ModelNames.IsPublishable(offer.Name)))
        {
            foreach (var id in offer.Networks.Select(bytes => new NetworkId(new PeerId(bytes.Span))).Where(networks.Contains))
                wanted.TryAdd(DhtKey.OfProviders(id, offer.Name), new Place(id, offer.Name));
        }

        return wanted;
    }

    private void Publish(DhtNode node, bool isAnew)
    {
        // With nobody to give them to, records would be tried again and again.
        if (node.ContactCount == 0) return;
        if (isAnew || _published.Count == 0) (_contacts, _grownAt) = (node.ContactCount, _time.GetTimestamp());
        foreach (var (key, place) in _wanted)
        {
            if (!isAnew && _published.ContainsKey(key)) continue;
            if (!node.TryPublish(key, () => Make(place, Life))) return;
            _published[key] = place;
        }
    }

    /// <summary>Takes a record back: one that ends soon takes its place.</summary>
    private void Retire(DhtNode node, DhtKey key, Place place)
    {
        if (_addresses.Length == 0 || !node.TryPublish(key, () => Make(place, LastLife), _ => EndRetired(node, key))) node.Withdraw(key);
    }

    private void EndRetired(DhtNode node, DhtKey key)
    {
        // It may have come back meanwhile.
        if (!_wanted.ContainsKey(key)) node.Withdraw(key);
    }

    private DhtRecord Make(Place place, TimeSpan life)
    {
        var now = _time.GetUtcNow();
        _sequence = Math.Max(_sequence + 1, (ulong)Math.Max(0, now.ToUnixTimeMilliseconds()));
        return place is { Network: { } network, Model: { } model }
            ? DhtRecord.SignProvider(_device, _sequence, now + life, _addresses, network, model)
            : DhtRecord.SignPeer(_device, _sequence, now + life, _addresses);
    }
}
