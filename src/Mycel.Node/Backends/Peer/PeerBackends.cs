using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Node.Settlement;

namespace Mycel.Node.Backends.Peer;

/// <summary>The peers that can be asked now, as backends; kept in step with what is known of them.</summary>
internal sealed class PeerBackends : IDisposable
{
    /// <summary>Shortest time between two readings that are told by changes: each may have the whole catalogue made anew, and peers send records as often as they like.</summary>
    public static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private readonly Dictionary<PeerId, PeerBackend> _known = [];
    private readonly IPeerBook _book;
    private readonly ILinks _links;
    private readonly TimeProvider _time;
    private readonly PayingDesk? _desk;
    private volatile List<PeerBackend> _linked = [];
    private long? _readAt;
    private bool _isDue;

    /// <param name="book">The peers.</param>
    /// <param name="links">The links.</param>
    /// <param name="time">The clock.</param>
    /// <param name="desk">Orders what is to be paid; null where nothing is.</param>
    public PeerBackends(IPeerBook book, ILinks links, TimeProvider time, PayingDesk? desk = null)
    {
        _desk = desk;
        _book = book;
        _links = links;
        _time = time;
        _timer = time.CreateTimer(_ => Read(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        book.Changed += OnBookChanged;
    }

    /// <summary>Those that are linked and have shown who they are, in the order of their names.</summary>
    public IReadOnlyList<PeerBackend> Linked => _linked;

    /// <summary>Peers came or went, or offer other models.</summary>
    public event Action? Changed;

    /// <summary>The first change is read at once, those that follow it closely all together.</summary>
    private void OnBookChanged()
    {
        lock (_lock)
        {
            if (_isDue) return;
            if (_readAt is { } at && _time.GetElapsedTime(at) is var since && since < MinPause)
            {
                _isDue = true;
                _timer.Change(MinPause - since, Timeout.InfiniteTimeSpan);
                return;
            }
        }
        Read();
    }

    /// <summary>Reads anew what is known.</summary>
    public void Read()
    {
        lock (_lock)
        {
            (_readAt, _isDue) = (_time.GetTimestamp(), false);
            var names = new HashSet<string>(StringComparer.Ordinal);
            var linked = new List<PeerBackend>();
            var isChanged = false;
            foreach (var peer in _book.All.Where(p => p is { IsGreeted: true, MayServe: true, Record: not null }).OrderByDescending(p => p.IsOwn).ThenByDescending(p => _known.ContainsKey(p.Id))
                .ThenBy(p => p.Name, StringComparer.OrdinalIgnoreCase).ThenBy(p => p.Id.ToString(), StringComparer.Ordinal))
            {
                linked.Add(BackendFor(peer, NameFor(peer, names), out var isOther));
                isChanged |= isOther;
            }
            isChanged |= linked.Count != _linked.Count || linked.Where((b, i) => b != _linked[i]).Any();
            _linked = linked;
            foreach (var gone in _known.Keys.Where(id => _book.Find(id) is null).ToList()) _known.Remove(gone);
            if (!isChanged) return;
        }
        Changed?.Invoke();
    }

    private PeerBackend BackendFor(PeerInfo peer, string name, out bool isOther)
    {
        var networks = new Dictionary<string, NetworkId>(StringComparer.Ordinal);
        var offers = new List<ModelOffer>();
        foreach (var offer in peer.Record!.Models)
        {
            if (peer.IsOwn) offers.Add(offer);
            else if (CommonNetwork(peer, offer) is { } network && networks.TryAdd(offer.Name, network)) offers.Add(offer);
        }
        // A node that was lost and found again keeps its health and what is measured of it; one that was renamed begins anew.
        if (_known.TryGetValue(peer.Id, out var known) && known.Name == name && known.IsOwn == peer.IsOwn)
        {
            // What else a record says, such as free slots, is read where it is needed.
            isOther = !known.Offers.Select(o => (o.Name, o.Slots, o.Tier)).SequenceEqual(offers.Select(o => (o.Name, o.Slots, o.Tier)));
            known.Update(offers, networks);
            return known;
        }
        isOther = true;
        var backend = new PeerBackend(peer.Id, name, offers, _links, _time, _desk) { IsOwn = peer.IsOwn };
        backend.Update(offers, networks);
        return _known[peer.Id] = backend;
    }

    private static NetworkId? CommonNetwork(PeerInfo peer, ModelOffer offer)
    {
        foreach (var bytes in offer.Networks)
        {
            if (bytes.Length != PeerId.SizeBytes) continue;
            var network = new NetworkId(new PeerId(bytes.Span));
            if (peer.Networks.Contains(network)) return network;
        }
        return null;
    }

    /// <summary>The node's name in small letters, digits, '.', '_' and '-'; of two with the same name the second has some of its id behind it. The
    /// account's own nodes come first, then those known before: nobody takes over a name, and with it the requests that ask for that node alone.</summary>
    private static string NameFor(PeerInfo peer, HashSet<string> taken)
    {
        var plain = string.Concat(peer.Name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).Trim('-');
        if (plain.Length == 0) plain = "node";
        var name = plain;
        for (var digits = 6; !taken.Add(name); digits += 2) name = $"{plain}-{peer.Id.ToString()[..digits]}";
        return name;
    }

    public void Dispose()
    {
        _book.Changed -= OnBookChanged;
        _timer.Dispose();
    }
}
