using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>
/// Decides which nodes are kept linked: those of the own account, also such as are only near, those that keep a network's ledger, those met before, the networks' first nodes, then
/// those only heard of. Half of the links that there may be are left to nodes that come by themselves, and to those that somebody needs.
/// </summary>
internal sealed class MemberKeeper
{
    /// <summary>Most nodes kept that were never linked: what a hostile member can make this node dial.</summary>
    public const int MaxUnproven = 64;

    /// <summary>A node that was never reached in this time is left alone for <see cref="Rest"/>.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>How long a node is not dialled that could not be reached, or shows no network in common.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);

    private readonly PeerBook _peers;
    private readonly RevocationBook _revocations;
    private readonly ILinks _links;
    private readonly IOptionsSource _options;
    private readonly NearbyNodes _nearby;
    private readonly Func<PeerInfo, bool> _keepsLedger;
    private readonly NodeIdentity _identity;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, DateTimeOffset> _kept = [];
    private readonly Dictionary<PeerId, DateTimeOffset> _resting = [];

    /// <param name="identity">Whose node this is.</param>
    /// <param name="peers">The nodes that are known.</param>
    /// <param name="revocations">Those that were cast out.</param>
    /// <param name="nearby">Those heard on the local network.</param>
    /// <param name="keepsLedger">Whether a peer keeps the ledger of a network in common: receipts go nowhere without it.</param>
    /// <param name="links">Keeps them linked.</param>
    /// <param name="options">How many links there may be.</param>
    /// <param name="time">The clock.</param>
    public MemberKeeper(NodeIdentity identity, PeerBook peers, RevocationBook revocations, NearbyNodes nearby, Func<PeerInfo, bool> keepsLedger, ILinks links, IOptionsSource options, TimeProvider time)
    {
        _keepsLedger = keepsLedger;
        _identity = identity;
        _peers = peers;
        _nearby = nearby;
        _revocations = revocations;
        _links = links;
        _options = options;
        _time = time;
    }

    /// <summary>A node is left alone for a while.</summary>
    public void Pause(PeerId peer)
    {
        lock (_gate) _resting[peer] = _time.GetUtcNow() + Rest;
        Refresh();
    }

    /// <summary>Nodes that were left alone may be tried again: the networks changed.</summary>
    public void Forgive()
    {
        lock (_gate) _resting.Clear();
    }

    /// <summary>A node was heard near by, or somewhere new: it is tried even if it was left alone.</summary>
    public void Meet(PeerId peer)
    {
        lock (_gate) _resting.Remove(peer);
        Refresh();
    }

    /// <summary>Keeps and releases as things are now.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            foreach (var (peer, until) in _resting.ToArray())
            {
                if (until <= now || _peers.Greeted(peer) is not null) _resting.Remove(peer);
            }

            var wanted = Wanted(now);
            foreach (var peer in _kept.Keys.Where(peer => !wanted.Contains(peer)).ToArray())
            {
                _kept.Remove(peer);
                _links.Release(peer);
            }

            foreach (var peer in wanted)
            {
                if (_kept.TryAdd(peer, now)) _links.Keep(peer, () => AddressesOf(peer));
            }
        }
    }

    /// <summary>Where a node may be: where it is near, as was found out since it was lost, as its record says, then as invites said.</summary>
    internal IReadOnlyList<string> AddressesOf(PeerId peer)
    {
        var known = _peers.Find(peer)?.Addresses ?? [];
        var first = _peers.Networks.All.SelectMany(network => network.Nodes).Where(node => node.PeerId == peer).SelectMany(node => node.Addresses);
        return [.. _nearby.AddressesOf(peer).Concat(_peers.Found.AddressesOf(peer)).Concat(known).Concat(first).Distinct(StringComparer.Ordinal).Take(2 * LinkAddress.MaxCount)];
    }

    private HashSet<PeerId> Wanted(DateTimeOffset now)
    {
        var met = new List<(int Rank, DateTimeOffset Seen, PeerId Id)>();
        var unproven = new List<PeerId>();
        foreach (var peer in _peers.All)
        {
            if (!IsDialled(peer.Id) || _revocations.IsRevoked(peer.Account, peer.Id)) continue;
            if (peer.IsGreeted || peer.LastSeen is not null) met.Add((peer.IsOwn ? 0 : _keepsLedger(peer) ? 1 : peer.IsGreeted ? 2 : 3, peer.LastSeen ?? now, peer.Id));
            else if (!IsGivenUp(peer.Id, now)) unproven.Add(peer.Id);
        }

        var known = met.Select(peer => peer.Id).ToHashSet();
        foreach (var peer in _nearby.All)
        {
            if (IsDialled(peer) && !_revocations.IsRevoked(_identity.Certificate.AccountId, peer) && known.Add(peer)) met.Add((0, now, peer));
        }

        foreach (var node in _peers.Networks.All.SelectMany(network => network.Nodes))
        {
            if (IsDialled(node.PeerId) && known.Add(node.PeerId)) met.Add((3, now, node.PeerId));
        }

        var most = _options.Current.Links.MaxLinks;
        return [.. met.OrderBy(peer => peer.Rank).ThenByDescending(peer => peer.Seen).Select(peer => peer.Id)
            .Concat(unproven.Where(peer => !known.Contains(peer)).OrderByDescending(_kept.ContainsKey).Take(MaxUnproven))
            .Take(Math.Clamp(met.Count(peer => peer.Rank == 0), (most + 1) / 2, most))];

        bool IsDialled(PeerId peer) => peer != _identity.Device.PeerId && !_resting.ContainsKey(peer);
    }

    private bool IsGivenUp(PeerId peer, DateTimeOffset now)
    {
        if (!_kept.TryGetValue(peer, out var since) || now - since < Patience) return false;
        _resting[peer] = now + Rest;
        return true;
    }
}
