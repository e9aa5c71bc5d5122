using System.Net.Sockets;
using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Discovery;

/// <summary>
/// This node's part in the table of peers. It takes part while it belongs to a public network: it enters by the linked peers that do, and by nodes it knew in an earlier run, and
/// publishes where it is and what it shares with public networks. Safe for use from several threads.
/// </summary>
internal sealed partial class PeerTable : ITableDoor, IAsyncDisposable
{
    /// <summary>Changes that come close together are looked at once.</summary>
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a node is taken to need to enter.</summary>
    private static readonly TimeSpan EntryTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan EntryLook = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan FirstSave = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SavePause = TimeSpan.FromMinutes(1);

    private readonly TableParts _parts;
    private readonly TimeProvider _time;
    private readonly ILogger<PeerTable> _log;
    private readonly ITimer _look;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly Dictionary<PeerId, DhtAddress> _suggested = [];
    private volatile Run? _run;
    private bool _isStarted;
    private int _isLookDue;
    private int _isRefreshDue = 1;
    private int _toldPort;

    public PeerTable(TableParts parts, TimeProvider time, ILogger<PeerTable> log)
    {
        _parts = parts;
        _time = time;
        _log = log;
        _look = time.CreateTimer(_ => _ = LookAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>One time of taking part, from start to stop.</summary>
    private sealed class Run(TableLoop loop, TableCarrier carrier, TableSocket? socket, Announcer announcer, long startedAt)
    {
        /// <summary>When it began, by the clock's timestamp.</summary>
        public long StartedAt { get; } = startedAt;

        public TableLoop Loop { get; } = loop;

        public TableCarrier Carrier { get; } = carrier;

        public TableSocket? Socket { get; } = socket;

        public Announcer Announcer { get; } = announcer;

        public volatile bool IsPassive = socket is null;
    }

    /// <summary>Whether this node takes part now.</summary>
    public bool IsRunning => _run is not null;

    /// <summary>Whether this node began a moment ago: what is not found now may be found soon.</summary>
    public bool IsEntering => _run is { } run && _time.GetElapsedTime(run.StartedAt) < EntryTime;

    public int Port => _run is { Socket: { } socket, IsPassive: false } ? socket.Port : 0;

    /// <summary>Begins; the links must have begun before.</summary>
    public async Task StartAsync()
    {
        if (!_parts.Options.Current.Dht.Enabled || _isStarted) return;
        _isStarted = true;
        _parts.Registry.Changed += OnOwnChange;
        _parts.Own.Changed += OnOwnChange;
        _parts.Peers.Changed += Look;
        await LookAsync();
    }

    /// <summary>Takes a message that came over a link; false where this node takes no part.</summary>
    public bool TryReceive(Link link, ReadOnlyMemory<byte> message)
    {
        if (_run is not { } run) return false;
        run.Loop.Receive(run.Carrier.PlaceOf(link), message, isProven: true);
        return true;
    }

    /// <summary>Looks up the records of a key; a node that has just begun waits until it knows someone.</summary>
    /// <param name="key">The key.</param>
    /// <param name="found">Called with each record as soon as it is found, never after the task has ended; must not block.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Null where this node takes no part, or too many lookups are under way.</returns>
    public async Task<DhtLookupResult?> FindAsync(DhtKey key, Action<DhtRecord>? found, CancellationToken cancellation)
    {
        if (_run is not { } run) return null;
        while (IsEntering && await run.Loop.AskAsync(node => node.ContactCount, cancellation) == 0) await Task.Delay(EntryLook, _time, cancellation);
        var done = new TaskCompletionSource<DhtLookupResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isBegun = await run.Loop.AskAsync(
            node => node.TryFindRecords(key, result => done.TrySetResult(result), record =>
            {
                if (!done.Task.IsCompleted && !cancellation.IsCancellationRequested) found?.Invoke(record);
            }),
            cancellation);
        return isBegun ? await done.Task.WaitAsync(cancellation) : null;
    }

    /// <summary>What this node's part is now.</summary>
    public async Task<TableState> ReadAsync(CancellationToken cancellation)
    {
        var isEnabled = _parts.Options.Current.Dht.Enabled;
        if (_run is not { } run) return new TableState(isEnabled, IsPassive: true, Port: 0, PacketsDropped: 0, Statistics: null);
        var statistics = await run.Loop.AskAsync(node => node.GetStatistics(), cancellation);
        return new TableState(isEnabled, run.IsPassive, run.Socket?.Port ?? 0, run.Loop.Dropped + (run.Socket?.Dropped ?? 0), statistics);
    }

    private void OnOwnChange()
    {
        Interlocked.Exchange(ref _isRefreshDue, 1);
        Look();
    }

    private void Look()
    {
        if (_isStarted && Interlocked.Exchange(ref _isLookDue, 1) == 0) _look.Change(LookPause, Timeout.InfiniteTimeSpan);
    }

    private async Task LookAsync()
    {
        Interlocked.Exchange(ref _isLookDue, 0);
        await _changing.WaitAsync();
        try
        {
            if (!_isStarted) return;
            HashSet<NetworkId> networks = [.. _parts.Registry.Joined.Where(network => network.Charter.IsPublic).Select(network => network.Charter.Id)];
            if (networks.Count == 0)
            {
                await EndAsync();
                return;
            }

            if (_run is null) Begin();
            if (Interlocked.Exchange(ref _isRefreshDue, 0) == 1) Refresh(_run!, networks);
            Suggest(_run!);
        }
        catch (Exception error)
        {
            // Asked for by a timer: what it throws would end the process.
            LogFailed(_log, error);
        }
        finally
        {
            _changing.Release();
        }
    }

    private void Begin()
    {
        var socket = Bind();
        var carrier = new TableCarrier(_parts.Links, _parts.Peers, socket, _time);
        var announcer = new Announcer(_parts.Identity.Device, _time);
        var known = _parts.File.Load();
        var node = new DhtNode(_parts.Identity.Device.PeerId, new DhtOptions { Passive = socket is null }, carrier, _time, new SystemRandomness());
        var saver = new Saver(_parts.File, _time, FirstSave, SavePause);
        var loop = new TableLoop(
            node,
            at =>
            {
                announcer.Look(at);
                saver.Look(at);
            },
            _time,
            _log);
        if (socket is not null) _ = socket.ReadAsync((from, message) => loop.Receive(from, message, isProven: false), _log);
        loop.Post(at => at.Join([.. Guesses(known), .. known]));
        _suggested.Clear();
        _isRefreshDue = 1;
        _run = new Run(loop, carrier, socket, announcer, _time.GetTimestamp());
    }

    /// <summary>Peers of an earlier run that the table's own file does not know: most are at the usual port.</summary>
    private IEnumerable<DhtContact> Guesses(IReadOnlyList<DhtContact> known)
        => _parts.Peers.All.Where(peer => peer.Networks.Any(IsPublic) && known.All(contact => contact.Peer != peer.Id)).Select(Guess).OfType<DhtContact>().Take(TableFile.MaxContacts - known.Count);

    private static DhtContact? Guess(PeerInfo peer)
    {
        foreach (var text in peer.Addresses)
        {
            if (DhtAddress.TryParse(text, out var address) && address.Reach != DhtReach.Nowhere) return new DhtContact(peer.Id, address with { Port = PeerTableOptions.DefaultPort });
        }

        return null;
    }

    /// <summary>Whether a network is one whose members find each other in the table.</summary>
    public bool IsPublic(NetworkId network) => _parts.Registry.Find(network)?.Charter.IsPublic ?? false;

    private TableSocket? Bind()
    {
        var (host, port) = (_parts.Options.Current.Links.Host, _parts.Options.Current.Dht.Port);
        try
        {
            var socket = BindTo(host, port);
            LogListening(_log, host, socket.Port);
            return socket;
        }
        catch (Exception failed) when (failed is SocketException or LinkException)
        {
            LogNoSocket(_log, host, port, failed.Message);
            return null;
        }
    }

    private TableSocket BindTo(string host, int port)
    {
        var address = LinkDoor.AddressOf(host);
        try
        {
            return TableSocket.Bind(_parts.Identity.Device, address, port, _time);
        }
        catch (SocketException taken) when (port == PeerTableOptions.DefaultPort)
        {
            // A second node on the machine, most often: others learn its port from its record.
            LogPortTaken(_log, port, taken.Message);
            return TableSocket.Bind(_parts.Identity.Device, address, 0, _time);
        }
    }

    private void Refresh(Run run, HashSet<NetworkId> networks)
    {
        var addresses = _parts.Links.OwnAddresses;
        var isPassive = run.Socket is null || Reachability.IsBehindTranslation(addresses, Reachability.InterfaceAddresses());
        var isNew = isPassive != run.IsPassive;
        run.IsPassive = isPassive;
        var offers = _parts.Models.Offers;
        run.Loop.Post(node =>
        {
            node.IsPassive = isPassive;
            run.Announcer.Update(node, addresses, offers, networks);
        });
        // The record tells the port, or that there is none.
        if (isNew || _toldPort != Port)
        {
            _toldPort = Port;
            _parts.Own.Touch();
        }
    }

    /// <summary>Tells the table of the linked peers that take part.</summary>
    private void Suggest(Run run)
    {
        var linked = new HashSet<PeerId>();
        foreach (var peer in _parts.Peers.All.Where(peer => peer is { IsGreeted: true, Record.DhtPort: > 0 }))
        {
            if (_parts.Links.Find(peer.Id) is not { } link) continue;
            linked.Add(peer.Id);
            var contact = run.Carrier.PlaceOf(link);
            if (_suggested.TryGetValue(peer.Id, out var before) && before == contact.Address) continue;
            _suggested[peer.Id] = contact.Address;
            run.Loop.Post(node =>
            {
                if (node.ContactCount == 0) node.Join([contact]);
                else node.Suggest(contact);
            });
        }

        foreach (var gone in _suggested.Keys.Where(peer => !linked.Contains(peer)).ToArray()) _suggested.Remove(gone);
    }

    private async Task EndAsync()
    {
        if (_run is not { } run) return;
        _run = null;
        var contacts = run.Loop.AskAsync(node => node.KnownContacts(TableFile.MaxContacts), CancellationToken.None);
        await run.Loop.DisposeAsync();
        run.Carrier.Dispose();
        if (await contacts is { Count: > 0 } known) _parts.File.Save(known);
        if (_isStarted) _parts.Own.Touch();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStarted) return;
        _isStarted = false;
        _parts.Registry.Changed -= OnOwnChange;
        _parts.Own.Changed -= OnOwnChange;
        _parts.Peers.Changed -= Look;
        await _look.DisposeAsync();
        await _changing.WaitAsync();
        await EndAsync();
        _changing.Release();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening for the table of peers on {Host}, UDP port {Port}")]
    private static partial void LogListening(ILogger logger, string host, int port);

    [LoggerMessage(Level = LogLevel.Warning, Message = "UDP port {Port} is taken, so the table of peers uses any free one: {Reason}")]
    private static partial void LogPortTaken(ILogger logger, int port, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the table of peers cannot use {Host}, UDP port {Port}, so links alone carry its messages, and others cannot ask this node: {Reason}. Choose another port with dht.port")]
    private static partial void LogNoSocket(ILogger logger, string host, int port, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The table of peers could not be brought in line with a change; it is tried again with the next")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

/// <summary>What the table works with.</summary>
internal sealed record TableParts(
    NodeIdentity Identity, IOptionsSource Options, ILinks Links, PeerBook Peers, NetworkRegistry Registry, OwnRecord Own, IOwnModels Models, TableFile File);

/// <summary>This node's part in the table at one moment.</summary>
/// <param name="IsEnabled">Whether the settings let it take part.</param>
/// <param name="IsPassive">Whether it asks and is not asked.</param>
/// <param name="Port">Its UDP port; 0 where only links carry.</param>
/// <param name="PacketsDropped">Datagrams and messages dropped before the table saw them.</param>
/// <param name="Statistics">What it knows and did; null where it takes no part.</param>
internal sealed record TableState(bool IsEnabled, bool IsPassive, int Port, long PacketsDropped, DhtStatistics? Statistics);
