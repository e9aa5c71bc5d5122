using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>This room at work: greets who is linked, keeps members linked, sends and takes records, shuts out who was cast out.</summary>
internal sealed class NetworkRoom : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RefreshPause = TimeSpan.FromMilliseconds(200);

    private readonly NodeIdentity _identity;
    private readonly NetworkParts _parts;
    private readonly ILinks _links;
    private readonly ILinkStarter _starter;
    private readonly IOptionsSource _options;
    private readonly ILogger<NetworkRoom> _log;
    private readonly ITimer _beat;
    private readonly ITimer _refresh;
    private readonly Lock _saving = new();
    private int _isDirty;
    private int _isRefreshDue;
    private string _saved = "";
    private bool _isStarted;

    public NetworkRoom(NodeIdentity identity, NetworkParts parts, ILinks links, ILinkStarter starter, IOptionsSource options, TimeProvider time, ILogger<NetworkRoom> log)
    {
        _identity = identity;
        _parts = parts;
        _links = links;
        _starter = starter;
        _options = options;
        _log = log;
        _beat = time.CreateTimer(_ => Safely(OnBeat), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _refresh = time.CreateTimer(_ => Safely(OnRefresh), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins. Where the node belongs to a network it listens afterwards, and dials the nodes that it knows.</summary>
    public async Task StartAsync()
    {
        if (_isStarted) return;
        _isStarted = true;
        _links.Judge = peer => _parts.Revocations.IsRevoked(peer.AccountId, peer.PeerId) ? "the device was cast out by its account" : null;
        var stored = _parts.File.Load();
        _parts.Peers.Restore(stored.Peers);
        _parts.Own.Start(stored.Sequence);
        _links.Dialled += OnDialled;
        _links.Linked += OnLinked;
        _links.Unlinked += OnUnlinked;
        _parts.Registry.Changed += OnNetworks;
        _parts.Revocations.Changed += OnRevocation;
        _parts.Appointments.Changed += _parts.Own.Touch;
        _parts.Peers.Changed += OnPeers;
        _parts.Greeter.Useless += OnUseless;
        _options.Changed += OnOptions;
        if (_parts.Registry.Joined.Count > 0) await StartLinksAsync();
        foreach (var link in _links.All) OnLinked(link);
        _parts.Keeper.Refresh();
        _beat.Change(Beat, Beat);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStarted) return;
        _isStarted = false;
        _links.Dialled -= OnDialled;
        _links.Linked -= OnLinked;
        _links.Unlinked -= OnUnlinked;
        _parts.Registry.Changed -= OnNetworks;
        _parts.Revocations.Changed -= OnRevocation;
        _parts.Appointments.Changed -= _parts.Own.Touch;
        _parts.Peers.Changed -= OnPeers;
        _parts.Greeter.Useless -= OnUseless;
        _options.Changed -= OnOptions;
        await _beat.DisposeAsync();
        await _refresh.DisposeAsync();
        _parts.Greeter.Dispose();
        _parts.Publisher.Dispose();
        _parts.Own.Dispose();
        Save(force: true);
    }

    private async Task StartLinksAsync()
    {
        try
        {
            await _starter.EnsureStartedAsync();
        }
        catch (LinkException impossible)
        {
            // The node serves its own callers all the same.
            NetworkLog.NoLinks(_log, impossible.Message);
        }
    }

    private void OnDialled(Link link) => _parts.Greeter.GreetAnew(link);

    private void OnLinked(Link link)
    {
        if (!link.IsDialled) _parts.Strangers.Sweep();
    }

    private void OnUnlinked(Link link)
    {
        if (_links.Find(link.Id) is { } another && !ReferenceEquals(another, link)) return;
        _parts.Publisher.Stop(link.Id);
        _parts.Peers.Unlink(link.Id);
    }

    private void OnUseless(Link link) => _parts.Keeper.Pause(link.Id);

    private void OnPeers()
    {
        Interlocked.Exchange(ref _isDirty, 1);
        if (Interlocked.Exchange(ref _isRefreshDue, 1) == 0) _refresh.Change(RefreshPause, Timeout.InfiniteTimeSpan);
    }

    private void OnOptions(MycelOptions options) => _parts.Keeper.Refresh();

    /// <summary>Each greeting is complete: those that go on having a network in common hear of the change, the others are left.</summary>
    private void OnNetworks()
    {
        _parts.Keeper.Forgive();
        _parts.Keeper.Refresh();
        foreach (var link in _links.All)
        {
            if (_parts.Peers.Greeted(link.Id) is null || _parts.Peers.StandingOf(link.Id, out _) is not null) continue;
            _parts.Publisher.Stop(link.Id);
            _parts.Peers.Unlink(link.Id);
            _ = _links.CloseAsync(link.Id, "no network in common any more");
        }

        _parts.Greeter.GreetAllAnew();
        _parts.Own.Touch();
    }

    private void OnRevocation(AccountId account)
    {
        var certificate = _identity.Certificate;
        if (account == certificate.AccountId && _parts.Revocations.IsRevoked(account, certificate.PeerId)) NetworkLog.CastOut(_log);
        _parts.Peers.RemoveRevoked();
        foreach (var link in _links.All.Where(link => _parts.Revocations.IsRevoked(link.Peer.AccountId, link.Id)))
        {
            NetworkLog.Revoked(_log, link.Id);
            _parts.Publisher.Stop(link.Id);
            _ = _links.CloseAsync(link.Id, "cast out by its account");
        }

        _parts.Keeper.Refresh();
    }

    private void OnRefresh()
    {
        Interlocked.Exchange(ref _isRefreshDue, 0);
        _parts.Keeper.Refresh();
    }

    private void OnBeat()
    {
        _parts.Revocations.Refresh();
        _parts.Strangers.Sweep();
        foreach (var peer in _parts.Peers.GreetedPeers)
        {
            // A greeting that was looked at while its link ended.
            if (_links.Find(peer) is null) _parts.Peers.Unlink(peer);
        }

        _parts.Peers.Sweep();
        _parts.Keeper.Refresh();
        if (Interlocked.Exchange(ref _isDirty, 0) == 1) Save(force: false);
    }

    /// <summary>Writes the known nodes where they, their addresses or networks changed.</summary>
    private void Save(bool force)
    {
        lock (_saving)
        {
            var peers = _parts.Peers.Store();
            var content = string.Join('\n', peers.Select(peer => $"{peer.Id} {peer.Name} {string.Join(' ', peer.Networks)} {string.Join(' ', peer.Addresses)}"));
            if (content == _saved && !force) return;
            if (peers.Count == 0 && _saved.Length == 0) return;
            _parts.File.Save(new StoredPeers { Sequence = _parts.Own.Sequence, Peers = peers });
            _saved = content;
        }
    }

    private void Safely(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error)
        {
            // A timer's exception would end the process.
            NetworkLog.Failed(_log, error);
        }
    }
}

/// <summary>What the room works with.</summary>
internal sealed record NetworkParts(
    NetworkRegistry Registry, PeerBook Peers, RevocationBook Revocations, AppointmentBook Appointments, PeerFile File, OwnRecord Own, Greeter Greeter, RecordPublisher Publisher, Strangers Strangers, MemberKeeper Keeper);
