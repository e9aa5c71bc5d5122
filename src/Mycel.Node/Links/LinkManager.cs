using System.Collections.Concurrent;
using System.Net;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Node.Configuration;
using Mycel.Transport;

namespace Mycel.Node.Links;

/// <summary>Keeps the links of this node: takes connections in, dials, closes what is double, and serves what peers ask.</summary>
internal sealed partial class LinkManager : ILinks, ILinkStarter, IAsyncDisposable
{
    /// <summary>Addresses seen by others that are told on.</summary>
    private const int MaxObserved = 2;

    /// <summary>In a full node a link makes room for another that did no work for this long.</summary>
    public static readonly TimeSpan MakesRoomAfter = TimeSpan.FromSeconds(30);

    /// <summary>Shortest time between two links that make room, so that who comes again and again under new names does not sweep all others out.</summary>
    private static readonly TimeSpan RoomPause = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<PeerId, Link> _links = new();
    private readonly List<string> _observed = [];
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly NodeIdentity _identity;
    private readonly IOptionsSource _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LinkCredentials _credentials;
    private readonly StreamServer _server;
    private readonly LinkDialer _dialer;
    private readonly LinkKeeper _keeper;
    private readonly List<ITimer> _timers = [];
    private readonly Lock _roomGate = new();
    private long? _roomMadeAt;
    private LinkDoor? _door;

    public LinkManager(NodeIdentity identity, IOptionsSource options, TimeProvider time, ILogger<LinkManager> logger)
    {
        _identity = identity;
        _options = options;
        _time = time;
        _logger = logger;
        _credentials = new LinkCredentials(identity, time);
        _server = new StreamServer(time, logger);
        _dialer = new LinkDialer(this, _credentials, time);
        _keeper = new LinkKeeper(this, peer => Unreached?.Invoke(peer), time, logger);
    }

    public event Action<Link>? Linked;

    public event Action<Link>? Dialled;

    public event Action<Link>? Unlinked;

    public event Action<PeerId>? Unreached;

    public IReadOnlyList<Link> All => [.. _links.Values];

    /// <summary>Whether there are as many links as there may be.</summary>
    public bool IsFull => _links.Count >= _options.Current.Links.MaxLinks;

    public Link? Find(PeerId peer) => _links.GetValueOrDefault(peer);

    public Func<ProvenPeer, string?> Judge
    {
        get => _credentials.Judge;
        set => _credentials.Judge = value;
    }

    /// <summary>What is shown and asked for in handshakes, for further carriers.</summary>
    public LinkCredentials Credentials => _credentials;

    /// <summary>Where QUIC listens, and on what; null before the start.</summary>
    public LinkDoor? Door => _door;

    /// <summary>Where tunnels are taken in, such as <c>http://192.0.2.1:8420</c>; at most two. Set once, before the start.</summary>
    public Func<IReadOnlyList<string>> TunnelAddresses { get; set; } = static () => [];

    /// <summary>Sets what answers peers; before the start.</summary>
    public void Serve(IEnumerable<IStreamHandler> handlers) => _server.Serve(handlers);

    /// <summary>Adds a way to dial beside QUIC; before the start.</summary>
    public void DialWith(ICarrierDialer dialer) => _dialer.Add(dialer);

    /// <summary>Adds a source of ways round; before the start.</summary>
    public void DetourBy(IDetours detours) => _dialer.Add(detours);

    public async Task EnsureStartedAsync()
    {
        await _starting.WaitAsync(_stopping.Token);
        try
        {
            if (_door is not null) return;
            // The node may have run for weeks before it came to its first network.
            _credentials.RenewIfDue();
            var door = new LinkDoor(_identity, _credentials, _options.Current.Links, _logger);
            await door.OpenAsync();
            _door = door;
            _dialer.Add(door);
            _ = AcceptAsync(door);
            _timers.Add(_time.CreateTimer(_ => Sweep(), null, SweepEvery, SweepEvery));
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task AcceptAsync(LinkDoor door)
    {
        try
        {
            while (await door.AcceptAsync(_stopping.Token) is { } connection) AddConnection(connection, Carrier.Quic, isDialled: false);
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Takes a connection in whose handshake has succeeded; whatever becomes of it, it is the manager's from here on.</summary>
    /// <returns>Its link; null where it was refused and closed.</returns>
    public Link? AddConnection(ITransportConnection transport, Carrier carrier, bool isDialled)
    {
        ProvenPeer peer;
        try
        {
            peer = _credentials.PeerOf(transport);
        }
        catch (StatementException)
        {
            Close(transport, LinkError.NotWanted, "the certificate has run out");
            return null;
        }
        if (!_links.ContainsKey(peer.PeerId) && IsFull && !TryMakeRoom())
        {
            LogFull(peer.PeerId, _links.Count);
            Close(transport, LinkError.Full, "this node has as many links as it may");
            return null;
        }
        var connection = new LinkConnection(transport, peer, carrier, isDialled);
        var link = Attach(connection, out var isNew, out var isTaken);
        if (!isTaken) return link;
        if (isNew) LogLinked(peer.PeerId, peer.Certificate.DeviceName, carrier, isDialled ? "dialled" : "accepted");
        _ = FollowAsync(link, connection);
        if (isNew) Linked?.Invoke(link);
        if (isDialled) Dialled?.Invoke(link);
        return link;
    }

    /// <summary>Ends the link that did no work for the longest time; never one with a node of the own account. What it did besides goes on over others: records are passed on by all.</summary>
    private bool TryMakeRoom()
    {
        lock (_roomGate)
        {
            if (_roomMadeAt is { } before && _time.GetElapsedTime(before) < RoomPause) return false;
            var idle = _links.Values.Where(link => link.Peer.AccountId != _identity.Certificate.AccountId).Select(link => (Link: link, link.Idle)).Where(pair => pair.Idle >= MakesRoomAfter).ToList();
            if (idle.Count == 0) return false;
            _roomMadeAt = _time.GetTimestamp();
            var (chosen, time) = idle.MaxBy(pair => pair.Idle);
            chosen.HadToMakeRoom = true;
            // Its end is seen a moment later; until then there is one more than there may be.
            if (!_links.TryRemove(KeyValuePair.Create(chosen.Id, chosen))) return true;
            LogMadeRoom(chosen.Id, (int)time.TotalSeconds);
            foreach (var connection in chosen.Connections) Close(connection.Transport, LinkError.Full, "the room is needed for another node");
            return true;
        }
    }

    private Link Attach(LinkConnection connection, out bool isNew, out bool isTaken)
    {
        isTaken = true;
        var prefersOwnDial = string.CompareOrdinal(_identity.Device.PeerId.ToString(), connection.Peer.PeerId.ToString()) < 0;
        while (true)
        {
            var created = new Link(connection, prefersOwnDial, _time);
            var link = _links.GetOrAdd(connection.Peer.PeerId, created);
            isNew = ReferenceEquals(link, created);
            if (isNew) return link;
            var surplus = link.Add(connection, out var isEnded);
            if (isEnded)
            {
                // Its last connection ended this very moment: whoever saw that is about to take it out.
                _links.TryRemove(KeyValuePair.Create(connection.Peer.PeerId, link));
                continue;
            }
            if (surplus == connection) Close(connection.Transport, LinkError.Duplicate, "another connection is used");
            else if (surplus is not null) Close(surplus.Transport, LinkError.Replaced, "the same node has connected anew");
            isTaken = surplus != connection;
            return link;
        }
    }

    /// <summary>Serves what comes over a connection until it ends.</summary>
    private async Task FollowAsync(Link link, LinkConnection connection)
    {
        var transport = connection.Transport;
        await _server.RunAsync(link, connection);
        var end = await transport.Closed;
        await transport.DisposeAsync();
        if (end is { Kind: TransportFailure.Application, Code: (long)LinkError.Full }) link.HadToMakeRoom = true;
        if (!link.Remove(connection)) return;
        _links.TryRemove(KeyValuePair.Create(link.Id, link));
        LogUnlinked(link.Id, end.Kind, end.Reason);
        Unlinked?.Invoke(link);
        _keeper.Wake(link.Id);
    }

    public Task<Link> ConnectAsync(PeerId peer, IReadOnlyList<string> addresses, CancellationToken cancellation) =>
        Find(peer) is { } link ? Task.FromResult(link) : _dialer.DialAsync(peer, addresses, cancellation);

    /// <summary>Looks whether a better carrier leads to a linked peer by now; what is under way stays where it is.</summary>
    public Task UpgradeAsync(Link link, IReadOnlyList<string> addresses, CancellationToken cancellation) => _dialer.DialBetterAsync(link, addresses, cancellation);

    public void Keep(PeerId peer, Func<IReadOnlyList<string>> addresses) => _keeper.Keep(peer, addresses);

    public void Wake(PeerId peer) => _keeper.Wake(peer);

    public void Release(PeerId peer) => _keeper.Release(peer);

    public string? LastError(PeerId peer) => _keeper.LastError(peer);

    public async Task CloseAsync(PeerId peer, string reason)
    {
        if (Find(peer) is not { } link) return;
        foreach (var connection in link.Connections) await connection.Transport.CloseAsync((long)LinkError.NotWanted, reason);
    }

    public IReadOnlyList<string> OwnAddresses
    {
        get
        {
            var configured = _options.Current.Links.Addresses;
            var tunnels = _door is null ? [] : TunnelAddresses();
            if (_door?.LocalEndPoint is not { } local) return [.. configured.Concat(tunnels).Distinct(StringComparer.Ordinal).Take(LinkAddress.MaxCount)];
            return [.. configured.Concat(Observed()).Concat(LinkAddress.OfSocket(local)).Take(LinkAddress.MaxCount - tunnels.Count).Concat(tunnels).Distinct(StringComparer.Ordinal)];
        }
    }

    public void Observe(string address)
    {
        // A peer may be wrong, or lie: that costs others one attempt, for whoever dials there asks for proof.
        if (!IPEndPoint.TryParse(address, out var seen) || seen.Port == 0 || LinkAddress.IsPrivate(seen.Address)) return;
        var text = LinkAddress.Text(seen.Address, seen.Port);
        lock (_observed)
        {
            // The latest count: a line's address may change every day.
            _observed.Remove(text);
            _observed.Insert(0, text);
            if (_observed.Count > MaxObserved) _observed.RemoveAt(MaxObserved);
        }
    }

    private string[] Observed()
    {
        lock (_observed) return [.. _observed];
    }

    /// <summary>Renews what is shown in handshakes where it is time, and closes second connections that nobody needs any more; the side that dialled one closes it.</summary>
    private void Sweep()
    {
        if (_credentials.RenewIfDue()) _door?.Renew();
        foreach (var link in _links.Values)
        {
            var connections = link.Connections;
            for (var i = 1; i < connections.Count; i++)
            {
                if (connections[i] is { IsDialled: true, OpenStreams: 0 } spare) Close(spare.Transport, LinkError.Duplicate, "another connection is used");
            }
        }
    }

    private static void Close(ITransportConnection transport, LinkError error, string reason) => _ = CloseAsync(transport, error, reason);

    private static async Task CloseAsync(ITransportConnection transport, LinkError error, string reason)
    {
        await transport.CloseAsync((long)error, reason);
        await transport.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _keeper.Dispose();
        foreach (var timer in _timers) await timer.DisposeAsync();
        await Task.WhenAll(_links.Values.SelectMany(l => l.Connections).Select(c => c.Transport.CloseAsync((long)LinkError.Shutdown, "the node stops").AsTask()));
        if (_door is not null) await _door.DisposeAsync();
        _credentials.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "linked with {Peer} ({Name}) over {Carrier}, {Direction}")]
    private partial void LogLinked(PeerId peer, string name, Carrier carrier, string direction);

    [LoggerMessage(Level = LogLevel.Information, Message = "the link with {Peer} has ended ({Kind}): {Reason}")]
    private partial void LogUnlinked(PeerId peer, TransportFailure kind, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "the link with {Peer}, idle for {Seconds} s, makes room for another (links.max_links)")]
    private partial void LogMadeRoom(PeerId peer, int seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Peer} was refused: there are {Count} links already, none of them idle (links.max_links)")]
    private partial void LogFull(PeerId peer, int count);
}
