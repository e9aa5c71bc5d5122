using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>The nodes that this one knows: by their greetings, by their records, and from its last run. Safe for use from several threads.</summary>
internal sealed partial class PeerBook : IPeerBook
{
    /// <summary>Most nodes known.</summary>
    public const int MaxPeers = 1024;

    /// <summary>Most nodes known that were first heard of through one peer and were never linked.</summary>
    public const int MaxHeardOfThroughOne = 256;

    /// <summary>A node that was not linked for so long is forgotten.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    /// <summary>A record of another node whose addresses stay the same is passed on this often, so that it is believed everywhere.</summary>
    public static readonly TimeSpan PassOnEvery = TimeSpan.FromMinutes(10);

    /// <summary>A peer that greeted and opens no stream is asked after so long.</summary>
    public static readonly TimeSpan MutualAfter = TimeSpan.FromSeconds(2);

    private readonly AccountId _ownAccount;
    private readonly PeerId _ownId;
    private readonly RevocationBook _revocations;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, PeerEntry> _entries = [];
    private readonly ConcurrentDictionary<PeerId, GreetedPeer> _greeted = new();
    private volatile JoinedNetworks _networks = JoinedNetworks.None;
    private volatile PeerInfo[]? _all;
    private long _revision;

    public PeerBook(NodeIdentity identity, RevocationBook revocations, TimeProvider time)
    {
        _ownAccount = identity.Certificate.AccountId;
        _ownId = identity.Device.PeerId;
        _revocations = revocations;
        _time = time;
        Found = new FoundPeers(time);
    }

    public event Action? Changed;

    /// <summary>Something changed that other nodes should hear of.</summary>
    public event Action? Revised;

    public IReadOnlyList<PeerInfo> All
    {
        get
        {
            if (_all is { } known) return known;
            lock (_gate) return _all = [.. _entries.Values.Select(entry => entry.Info).OrderBy(info => info.Name, StringComparer.OrdinalIgnoreCase).ThenBy(info => info.Id.ToString(), StringComparer.Ordinal)];
        }
    }

    /// <summary>Nodes that were found otherwise than through peers.</summary>
    public FoundPeers Found { get; }

    /// <summary>The networks that this node belongs to; set by the registry.</summary>
    public JoinedNetworks Networks => _networks;

    public PeerInfo? Find(PeerId peer)
    {
        lock (_gate) return _entries.GetValueOrDefault(peer)?.Info;
    }

    public PeerStanding? StandingOf(PeerId peer, out string? whyNot)
    {
        if (_greeted.TryGetValue(peer, out var greeted)) return greeted.StandingIn(_networks, _ownAccount, _revocations, _time.GetUtcNow(), out whyNot);
        whyNot = "The device has not shown yet what it belongs to.";
        return null;
    }

    /// <summary>What a linked peer proved; null for one that is not linked or proved nothing yet.</summary>
    public GreetedPeer? Greeted(PeerId peer) => _greeted.GetValueOrDefault(peer);

    /// <summary>The networks that this node belongs to changed. What peers proved of those that were left counts no more.</summary>
    public void SetNetworks(JoinedNetworks networks)
    {
        lock (_gate)
        {
            _networks = networks;
            foreach (var entry in _entries.Values.ToArray()) Refresh(entry);
        }

        Tell(isRevised: true);
    }

    /// <summary>A peer greeted over its link; what it showed before counts no more.</summary>
    /// <param name="peer">As the handshake proved it.</param>
    /// <param name="proofs">What it proved, of networks that this node is in.</param>
    /// <param name="record">Its record; null where it sent none.</param>
    /// <param name="workedAt">Where this node reached it; empty where the peer dialled.</param>
    /// <param name="isMutual">Whether it has read this node's greeting already.</param>
    /// <param name="instance">Its run, as it names it; may be empty.</param>
    /// <returns>Whether it may ask for anything.</returns>
    public bool Greet(
        ProvenPeer peer, IReadOnlyDictionary<NetworkId, NetworkProof> proofs, SignedRecord? record, string workedAt, bool isMutual, ReadOnlyMemory<byte> instance = default)
    {
        var now = _time.GetUtcNow();
        var isKnownToBeMutual = isMutual || (_greeted.TryGetValue(peer.PeerId, out var before) && before.IsMutual);
        var greeted = new GreetedPeer(peer, proofs, now, instance) { IsMutual = isKnownToBeMutual };
        if (greeted.StandingIn(_networks, _ownAccount, _revocations, now, out _) is null)
        {
            Unlink(peer.PeerId);
            return false;
        }

        var isRevised = false;
        lock (_gate)
        {
            if (!_entries.TryGetValue(peer.PeerId, out var entry) && (entry = Add(peer.PeerId, via: null)) is null) return false;
            _greeted[peer.PeerId] = greeted;
            entry.Via = null;
            entry.Account = peer.AccountId;
            entry.Name = peer.Certificate.DeviceName;
            entry.LastSeen = now;
            entry.StoredNetworks = [.. proofs.Keys];
            if (workedAt.Length > 0) entry.WorkedAt = workedAt;
            if (record is not null && record.Body.Sequence > entry.Sequence) isRevised = Store(entry, record, now);
            Refresh(entry);
        }

        Tell(isRevised);
        return true;
    }

    /// <summary>A peer that greeted has read this node's greeting too.</summary>
    public void Agree(PeerId peer)
    {
        if (!_greeted.TryGetValue(peer, out var greeted) || greeted.IsMutual) return;
        greeted.IsMutual = true;
        lock (_gate)
        {
            if (_entries.TryGetValue(peer, out var entry)) Refresh(entry);
        }

        Tell(isRevised: false);
    }

    /// <summary>A peer's link has ended, or its last greeting proved nothing: it may ask for nothing any more.</summary>
    public void Unlink(PeerId peer)
    {
        if (!_greeted.TryRemove(peer, out _)) return;
        lock (_gate)
        {
            if (_entries.TryGetValue(peer, out var entry))
            {
                entry.LastSeen = _time.GetUtcNow();
                Refresh(entry);
            }
        }

        Tell(isRevised: false);
    }

    /// <summary>Forgets the nodes that were cast out.</summary>
    public void RemoveRevoked()
    {
        lock (_gate)
        {
            foreach (var entry in _entries.Values.Where(entry => _revocations.IsRevoked(entry.Account, entry.Id)).ToArray())
            {
                _greeted.TryRemove(entry.Id, out _);
                _entries.Remove(entry.Id);
                _all = null;
            }
        }

        Tell(isRevised: false);
    }

    /// <summary>Lets go of what is believed no more; called every second or so.</summary>
    public void Sweep()
    {
        var now = _time.GetUtcNow();
        var isChanged = false;
        foreach (var greeted in _greeted.Values.Where(greeted => !greeted.IsMutual && now - greeted.At >= MutualAfter)) Agree(greeted.Peer.PeerId);
        lock (_gate)
        {
            foreach (var entry in _entries.Values.ToArray())
            {
                if (entry.Shared is not null && now - entry.SharedAt > NodeRecords.Life) entry.Shared = null;
                if (entry.Record is not { } record || now.ToUnixTimeSeconds() - record.Body.IssuedAt <= NodeRecords.Life.TotalSeconds)
                {
                    if (!IsForgotten(entry, now)) continue;
                    isChanged |= _entries.Remove(entry.Id);
                    _all = null;
                    continue;
                }

                entry.StoredAddresses = entry.Info.Addresses;
                entry.StoredNetworks = entry.Info.Networks;
                entry.Record = null;
                Refresh(entry);
                isChanged = true;
            }
        }

        if (isChanged) Tell(isRevised: false);
    }

    private bool IsForgotten(PeerEntry entry, DateTimeOffset now)
        => !_greeted.ContainsKey(entry.Id) && entry.Record is null && (entry.LastSeen is null || now - entry.LastSeen > Memory);

    public bool IsOwnAccount(AccountId account) => account == _ownAccount;

    /// <summary>The peers that proved something over a link.</summary>
    public IEnumerable<PeerId> GreetedPeers => _greeted.Keys;

    /// <summary>Whether an account has anything to do with this node.</summary>
    public bool Concerns(AccountId account)
    {
        if (account == _ownAccount) return true;
        if (_networks.All.Any(network => network.Charter.RootAccount == account || (network.Membership?.Issuer?.Chain().Any(device => device.AccountId == account) ?? false))) return true;
        if (_greeted.Values.Any(greeted => greeted.Peer.AccountId == account || greeted.Proofs.Values.Any(proof => proof.Chain.Any(device => device.Account == account)))) return true;
        lock (_gate) return _entries.Values.Any(entry => entry.Account == account);
    }

    /// <summary>The newest membership that any device of an account showed in a network; null for none.</summary>
    public NetworkProof? NewestProof(AccountId account, NetworkId network)
        => _greeted.Values.Where(greeted => greeted.Peer.AccountId == account)
            .Select(greeted => greeted.Proofs.GetValueOrDefault(network)).MaxBy(proof => proof?.Membership?.Sequence ?? 0);

    /// <summary>The networks that a peer may be shown that this node is in: where it was met.</summary>
    public IReadOnlyList<JoinedNetwork> KnownFrom(ProvenPeer peer)
    {
        var networks = _networks;
        if (peer.AccountId == _ownAccount) return networks.All;
        PeerEntry? entry;
        lock (_gate) entry = _entries.GetValueOrDefault(peer.PeerId);
        var said = entry?.Record?.Networks ?? entry?.StoredNetworks ?? [];
        var proved = Greeted(peer.PeerId)?.Proofs;
        var found = Found.NetworksOf(peer.PeerId);
        return [.. networks.All.Where(network => said.Contains(network.Charter.Id) || found.Contains(network.Charter.Id) || proved?.ContainsKey(network.Charter.Id) == true || network.Nodes.Any(node => node.PeerId == peer.PeerId))];
    }

    /// <summary>Whether a greeted peer says that it is in a network of this node's that it did not prove to be in.</summary>
    public bool LacksProof(PeerId peer)
    {
        if (Greeted(peer) is not { } greeted) return false;
        lock (_gate) return _entries.GetValueOrDefault(peer)?.Record?.Networks.Any(id => _networks.Contains(id) && !greeted.Proofs.ContainsKey(id)) ?? false;
    }

    private PeerEntry? Add(PeerId id, PeerId? via)
    {
        if (via is { } through && _entries.Values.Count(entry => entry.Via == through) >= MaxHeardOfThroughOne) return null;
        if (_entries.Count >= MaxPeers)
        {
            // One that is linked takes the place of one that was only heard of, never the other way round.
            if (via is not null) return null;
            var oldest = _entries.Values.Where(entry => !_greeted.ContainsKey(entry.Id)).MinBy(entry => entry.LastSeen ?? DateTimeOffset.MinValue);
            if (oldest is null) return null;
            _entries.Remove(oldest.Id);
        }

        var added = new PeerEntry { Id = id, Via = via };
        _entries.Add(id, added);
        return added;
    }

    /// <summary>Makes an entry's public view anew; an entry that has nothing to do with this node any more goes.</summary>
    private void Refresh(PeerEntry entry)
    {
        var greeted = Greeted(entry.Id);
        var isOwn = entry.Account == _ownAccount;
        var networks = NetworksOf(entry, greeted);
        if (greeted is null && !isOwn && networks.Count == 0)
        {
            _entries.Remove(entry.Id);
            _all = null;
            return;
        }

        entry.Info = new PeerInfo
        {
            Id = entry.Id,
            Account = entry.Account,
            Name = entry.Name,
            IsOwn = isOwn,
            Networks = networks,
            IsGreeted = greeted is { IsMutual: true },
            MayServe = greeted?.Peer.Certificate.Roles.HasFlag(DeviceRoles.Serve) ?? true,
            Addresses = AddressesOf(entry),
            Record = entry.Record is { } record ? Visible(record.Body, networks, isOwn) : null,
            RecordAt = entry.RecordAt,
            LastSeen = greeted is null ? entry.LastSeen : _time.GetUtcNow(),
        };
        _all = null;
    }

    private List<NetworkId> NetworksOf(PeerEntry entry, GreetedPeer? greeted)
    {
        var all = greeted is not null ? greeted.Proofs.Keys : entry.Record?.Networks ?? entry.StoredNetworks;
        return [.. all.Where(_networks.Contains)];
    }

    private static List<string> AddressesOf(PeerEntry entry)
    {
        IEnumerable<string> said = entry.Record is { } record ? record.Body.Addresses : entry.StoredAddresses;
        var addresses = entry.WorkedAt.Length > 0 ? said.Prepend(entry.WorkedAt) : said;
        return [.. addresses.Distinct(StringComparer.Ordinal).Take(LinkAddress.MaxCount)];
    }

    /// <summary>The record without the offers that this node cannot ask for.</summary>
    private static NodeRecord Visible(NodeRecord record, List<NetworkId> networks, bool isOwn)
    {
        if (isOwn || record.Models.All(IsVisible)) return record;
        var visible = record.Clone();
        visible.Models.Clear();
        visible.Models.AddRange(record.Models.Where(IsVisible));
        return visible;

        bool IsVisible(ModelOffer offer) => offer.Networks.Any(id => networks.Contains(new NetworkId(new PeerId(id.Span))));
    }

    private void Tell(bool isRevised)
    {
        Changed?.Invoke();
        if (isRevised) Revised?.Invoke();
    }
}
