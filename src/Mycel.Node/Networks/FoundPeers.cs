using Mycel.Identity;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>
/// What the table of peers told of nodes lately: where they are, and which of this node's networks they say they are in. It gives addresses to dial and tells which
/// networks a greeting may show, nothing else: whoever answers there must prove who it is. Safe for use from several threads.
/// </summary>
internal sealed class FoundPeers(TimeProvider time)
{
    /// <summary>Most nodes; the one found longest ago makes way.</summary>
    public const int Max = 256;

    /// <summary>How long what was found counts.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, Entry> _entries = [];

    private sealed record Entry(IReadOnlyList<string> Addresses, IReadOnlyList<NetworkId> Networks, long At);

    /// <summary>A node was found.</summary>
    /// <param name="peer">The node, as whoever signed the record is called.</param>
    /// <param name="addresses">Where it says that it is, the best first.</param>
    /// <param name="network">A network that it says it is in; null where it says nothing of that.</param>
    public void Tell(PeerId peer, IReadOnlyList<string> addresses, NetworkId? network = null)
    {
        lock (_gate)
        {
            IReadOnlyList<NetworkId> known = _entries.GetValueOrDefault(peer) is { } before && IsFresh(before) ? before.Networks : [];
            if (!_entries.ContainsKey(peer) && _entries.Count >= Max) _entries.Remove(_entries.MinBy(pair => pair.Value.At).Key);
            IEnumerable<NetworkId> networks = network is { } one ? known.Append(one).Distinct().TakeLast(NodeRecords.MaxNetworks) : known;
            _entries[peer] = new Entry([.. addresses.Take(LinkAddress.MaxCount)], [.. networks], time.GetTimestamp());
        }
    }

    public IReadOnlyList<string> AddressesOf(PeerId peer) => Find(peer)?.Addresses ?? [];

    public IReadOnlyList<NetworkId> NetworksOf(PeerId peer) => Find(peer)?.Networks ?? [];

    private Entry? Find(PeerId peer)
    {
        lock (_gate) return _entries.GetValueOrDefault(peer) is { } entry && IsFresh(entry) ? entry : null;
    }

    private bool IsFresh(Entry entry) => time.GetElapsedTime(entry.At) < Life;
}
