using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Discovery.Lan;

/// <summary>
/// Finds the other nodes of the own account on the local network, and is found by them. Links are listened for once one was heard, so a node that is alone
/// opens no door. Safe for use from several threads.
/// </summary>
internal sealed class LanDiscovery : IAsyncDisposable
{
    /// <summary>How long nothing is received after more came than is looked at: what comes meanwhile the system drops, which costs nothing.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(50);

    private readonly NodeIdentity _identity;
    private readonly RevocationBook _revocations;
    private readonly NearbyNodes _nearby;
    private readonly MemberKeeper _keeper;
    private readonly ILinks _links;
    private readonly ILinkStarter _starter;
    private readonly LanReach _reach;
    private readonly LanMetrics _metrics;
    private readonly IOptionsSource _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly LanSchedule _schedule = new(Random.Shared);
    private Opened? _opened;
    private bool _isStarted;
    private bool _isJoiningDue;
    private long _issuedAtMs;
    private LanPorts _announced;

    public LanDiscovery(
        NodeIdentity identity, RevocationBook revocations, NearbyNodes nearby, MemberKeeper keeper, ILinks links, ILinkStarter starter, LanReach reach, LanMetrics metrics,
        IOptionsSource options, TimeProvider time, ILogger<LanDiscovery> log)
    {
        (_identity, _revocations, _nearby, _keeper, _links, _starter, _reach, _metrics) = (identity, revocations, nearby, keeper, links, starter, reach, metrics);
        (_options, _time, _log) = (options, time, log);
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Interfaces that announcements go out on.</summary>
    public int Interfaces { get; private set; }

    /// <summary>Why no node is looked for, by choice, for people; null where that is not so.</summary>
    public string? WhyNot { get; private set; }

    /// <summary>What keeps nodes from being looked for, with what to do, for people; null where nothing does.</summary>
    public string? Problem { get; private set; }

    /// <summary>Begins, and follows the setting from then on.</summary>
    public void Start()
    {
        lock (_gate) _isStarted = true;
        _options.Changed += Apply;
        Apply(_options.Current);
    }

    public async ValueTask DisposeAsync()
    {
        _options.Changed -= Apply;
        lock (_gate)
        {
            _isStarted = false;
            Close();
        }

        await _timer.DisposeAsync();
    }

    private void Apply(MycelOptions options)
    {
        lock (_gate)
        {
            if (!_isStarted) return;
            if (!options.Lan.Enabled)
            {
                Close();
                Problem = null;
                WhyNot = "it is switched off (lan.enabled: false)";
            }
            else if (_opened is null)
            {
                Open(options.Links.Host);
            }
        }
    }

    private void Open(string linksHost)
    {
        WhyNot = Problem = null;
        var host = linksHost == "localhost" ? IPAddress.Loopback : IPAddress.Parse(linksHost);
        if (IPAddress.IsLoopback(host))
        {
            WhyNot = $"links are for this machine only (links.host: {linksHost})";
            return;
        }

        if (_identity.Fleet is not { } fleet)
        {
            Problem = "the account key is encrypted, and what follows from it is missing here. Give its passphrase once, with: mycel init; then restart the node.";
            LanLog.NotLookedFor(_log, Problem);
            return;
        }

        var sockets = OpenSockets(host);
        if (sockets.Count == 0) return;
        _opened = new Opened(fleet, new LanReader(_identity, fleet, _revocations, _nearby, _time), host, sockets);
        foreach (var socket in sockets) _ = ReceiveAsync(_opened, socket);
        NetworkChange.NetworkAddressChanged += OnNetworkChanged;
        _isJoiningDue = true;
        _schedule.Begin(Now());
        SetTimer();
    }

    private List<LanSocket> OpenSockets(IPAddress host)
    {
        var sockets = new List<LanSocket>();
        if (host.AddressFamily == AddressFamily.InterNetwork || host.Equals(IPAddress.IPv6Any)) TryOpen(AddressFamily.InterNetwork);
        if (host.AddressFamily == AddressFamily.InterNetworkV6 && Socket.OSSupportsIPv6) TryOpen(AddressFamily.InterNetworkV6);
        return sockets;

        void TryOpen(AddressFamily family)
        {
            try
            {
                sockets.Add(new LanSocket(family));
            }
            catch (SocketException failed)
            {
                Problem = $"UDP port {LanSocket.Port} ({(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")}) cannot be had: {failed.Message}. Find what else listens there; it may have it for itself.";
                LanLog.NotLookedFor(_log, Problem);
            }
        }
    }

    private void Close()
    {
        if (_opened is not { } opened) return;
        _opened = null;
        Interfaces = 0;
        NetworkChange.NetworkAddressChanged -= OnNetworkChanged;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        opened.Dispose();
    }

    private void OnNetworkChanged(object? sender, EventArgs e)
    {
        lock (_gate)
        {
            if (_opened is null) return;
            _isJoiningDue = true;
            _schedule.Begin(Now());
            SetTimer();
        }
    }

    private void OnTimer()
    {
        try
        {
            lock (_gate)
            {
                if (_opened is not { } opened) return;
                if (_isJoiningDue) Join(opened);
                if (_schedule.Wait(Now()) == TimeSpan.Zero)
                {
                    Announce(opened);
                    _schedule.Sent(Now());
                }

                SetTimer();
            }
        }
        catch (Exception error) when (error is NetworkInformationException or SocketException or IdentityException)
        {
            // A timer's exception would end the process.
            LanLog.Failed(_log, error);
            lock (_gate)
            {
                if (_opened is null) return;
                _schedule.Sent(Now());
                SetTimer();
            }
        }
    }

    private void Join(Opened opened)
    {
        _isJoiningDue = false;
        var interfaces = LanInterfaces.For(opened.Host);
        var joined = 0;
        foreach (var socket in opened.Sockets)
            joined = Math.Max(joined, socket.Join([.. interfaces.Select(one => socket.IsIPv6 ? one.IPv6 : one.IPv4).OfType<int>()]));
        Interfaces = joined;
    }

    private void Announce(Opened opened)
    {
        _announced = _reach.Ports();
        _issuedAtMs = Math.Max(_issuedAtMs + 1, _time.GetUtcNow().ToUnixTimeMilliseconds());
        var datagram = LanCodec.Seal(opened.Fleet, _identity.Device, new LanAnnouncement(_identity.Certificate, _issuedAtMs, _announced, _schedule.Asks));
        var isSent = false;
        foreach (var socket in opened.Sockets) isSent |= socket.Send(datagram);
        if (isSent) _metrics.CountSent();
    }

    private async Task ReceiveAsync(Opened opened, LanSocket socket)
    {
        // One byte more than there may be shows what is too long.
        var buffer = new byte[LanCodec.DatagramBytes + 1];
        while (!opened.Stopping.IsCancellationRequested)
        {
            try
            {
                var (length, source) = await socket.ReceiveAsync(buffer, opened.Stopping.Token);
                // Signatures take too long for the thread that learns of all sockets' bytes.
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                if (!Take(opened.Reader, buffer.AsSpan(0, length), source)) await Task.Delay(Rest, _time, opened.Stopping.Token);
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Such as an answer of the network to something sent, which some systems tell here.
                await Task.Delay(Rest, _time, CancellationToken.None);
            }
        }
    }

    /// <summary>Looks at a datagram, and does what follows.</summary>
    /// <returns>False where too many came.</returns>
    private bool Take(LanReader reader, ReadOnlySpan<byte> datagram, IPEndPoint source)
    {
        LanVerdict verdict;
        LanNews? heard;
        lock (reader) verdict = reader.Read(datagram, source, out heard);
        _metrics.Count(verdict);
        if (heard is not null) OnHeard(heard, source);
        return verdict != LanVerdict.Dropped;
    }

    private void OnHeard(LanNews heard, IPEndPoint source)
    {
        var certificate = heard.Said.Certificate;
        if (heard.News == NearbyNews.Node) LanLog.Found(_log, certificate.DeviceName, certificate.PeerId, source.Address);
        if (heard.Said.Asks) AnnounceSoon();
        if (heard.News >= NearbyNews.Address || _links.Find(certificate.PeerId) is null) _ = ReachAsync(certificate.PeerId, heard.News);
    }

    /// <summary>Has a node dialled now, and listens for links from now on: it may be that only the other way is open.</summary>
    private async Task ReachAsync(PeerId peer, NearbyNews news)
    {
        try
        {
            await _starter.EnsureStartedAsync();
        }
        catch (LinkException closed)
        {
            LanLog.NoLinks(_log, closed.Message);
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        if (news >= NearbyNews.Address) _keeper.Meet(peer);
        _links.Wake(peer);
        if (_reach.Ports() != _announced) AnnounceSoon();
    }

    private void AnnounceSoon()
    {
        lock (_gate)
        {
            if (_opened is null) return;
            _schedule.Ask(Now());
            SetTimer();
        }
    }

    private void SetTimer() => _timer.Change(_schedule.Wait(Now()), Timeout.InfiniteTimeSpan);

    private TimeSpan Now() => _time.GetElapsedTime(0);

    /// <summary>What there is while nodes are looked for.</summary>
    private sealed record Opened(FleetKey Fleet, LanReader Reader, IPAddress Host, IReadOnlyList<LanSocket> Sockets) : IDisposable
    {
        public CancellationTokenSource Stopping { get; } = new();

        public void Dispose()
        {
            Stopping.Cancel();
            foreach (var socket in Sockets) socket.Dispose();
        }
    }
}

/// <summary>Where this node is reached; asked before each announcement.</summary>
internal sealed record LanReach(Func<LanPorts> Ports);
