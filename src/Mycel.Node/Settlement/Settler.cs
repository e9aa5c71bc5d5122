using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Settlement;

/// <summary>
/// Carries in the background what is to be settled: receipts to the peers that have not signed them, countersignatures to those that may lack them, settled
/// receipts to the networks' ledgers, and standings back from there.
/// </summary>
internal sealed partial class Settler : IDisposable
{
    /// <summary>Between two looks while something is going on.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    /// <summary>So long after the last sign of something due; what was held back to be sent together is due by then.</summary>
    private static readonly TimeSpan BusyTime = TimeSpan.FromSeconds(5);

    /// <summary>Longest time between two looks: what is due by the clock alone waits so long.</summary>
    private static readonly TimeSpan IdleBeat = TimeSpan.FromSeconds(10);

    /// <summary>A peer is looked at this often without a reason.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    /// <summary>Figures are read anew this often, and what was seen of peers is written down.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    /// <summary>What was seen of peers is lost with a node that has run no longer; to keep it, books are opened that nothing else needs.</summary>
    private static readonly TimeSpan KeepAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>How long the own streams of requests may take to settle at a stop.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(3);

    /// <summary>Peers that are settled with at once; a silent one has its place for a minute.</summary>
    private const int MaxCalls = 16;

    private readonly CreditRoom _room;
    private readonly PayingDesk _paying;
    private readonly ServingDesk _serving;
    private readonly ILinks _links;
    private readonly IPeerBook _peers;
    private readonly IOwnModels _own;
    private readonly ClearingRound _clearing;
    private readonly SettleCall _call;
    private readonly CreditMetrics _metrics;
    private readonly ReputationBook _reputation;
    private readonly DueSignal _due;
    private readonly TimeProvider _time;
    private readonly ILogger<Settler> _logger;
    private readonly DateTimeOffset _startedAt;
    private readonly ConcurrentDictionary<PeerId, Turn> _turns = new();
    private readonly Pending _calls = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private Task _clearingNow = Task.CompletedTask;
    private DateTimeOffset _nextLook;
    private long _busyUntil;
    private int _callsNow;
    private volatile bool _hasNews = true;

    public Settler(
        CreditRoom room, PayingDesk paying, ServingDesk serving, ILinks links, IPeerBook peers, IOwnModels own, ClearingRound clearing, SettleCall call, CreditMetrics metrics,
        ReputationBook reputation, DueSignal due, TimeProvider time, ILogger<Settler> logger)
    {
        (_room, _paying, _serving, _links, _peers, _own, _clearing, _call, _metrics, _reputation, _due) = (room, paying, serving, links, peers, own, clearing, call, metrics, reputation, due);
        (_time, _logger, _startedAt) = (time, logger, time.GetUtcNow());
        paying.Unsettled += Look;
        serving.Unsettled += Look;
        peers.Changed += due.Raise;
        own.Changed += OnOwnModels;
        links.Unlinked += OnUnlinked;
    }

    /// <summary>When a peer is looked at next, and how long after a failure; guarded by itself.</summary>
    private sealed class Turn
    {
        public DateTimeOffset At { get; set; }

        public TimeSpan Pause { get; set; } = FirstPause;

        public bool IsUnderWay { get; set; }

        /// <summary>Something came up while it was under way.</summary>
        public bool HasNews { get; set; }
    }

    /// <summary>Begins.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Stops: what a request's own stream settles at the moment is waited for, the rest is kept for the next start.</summary>
    public async Task StopAsync()
    {
        _paying.Unsettled -= Look;
        _serving.Unsettled -= Look;
        _peers.Changed -= _due.Raise;
        _own.Changed -= OnOwnModels;
        _links.Unlinked -= OnUnlinked;
        await Task.WhenAny(Task.WhenAll(_paying.IdleAsync(), _serving.IdleAsync()), Task.Delay(StopTime, _time));
        await _stopping.CancelAsync();
        await _running;
        await _clearingNow;
        await _calls.IdleAsync();
    }

    public void Dispose() => _stopping.Dispose();

    private void Look(PeerId peer)
    {
        if (_turns.TryGetValue(peer, out var turn))
        {
            lock (turn)
            {
                turn.At = _time.GetUtcNow() + FirstPause;
                turn.HasNews = true;
            }
        }
        _due.Raise();
    }

    private void OnOwnModels()
    {
        // Slots change with each request; it is new prices that may need books.
        if (_room.Books is null) _due.Raise();
    }

    private void OnUnlinked(Link link) => _turns.TryRemove(link.Id, out _);

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if ((_room.Books is not null || HasPrice() || MustKeep()) && await _room.ReadyAsync() is { } books) await RunOnceAsync(books);
                await PauseAsync();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFailed(_logger, error);
                await Task.Delay(Beat, _time);
            }
        }
    }

    /// <summary>Whether something costs something between this node and one that is linked: the first request is not to wait for the books.</summary>
    private bool HasPrice()
    {
        var others = _peers.All.Where(peer => peer is { IsOwn: false, IsGreeted: true }).ToList();
        return others.Count > 0 && (others.Any(peer => peer.Record?.Models.Any(CostsSomething) == true) || _own.Offers.Any(CostsSomething));
    }

    private static bool CostsSomething(ModelOffer offer) => offer.Networks.Count > 0 && (offer.PromptPrice > 0 || offer.CompletionPrice > 0);

    private bool MustKeep() => _reputation.HasNews && _time.GetUtcNow() - _startedAt > KeepAfter;

    private async Task RunOnceAsync(CreditBooks books)
    {
        // Whoever is asked may take a minute to answer, or never do: nothing here waits for it.
        if (_clearingNow.IsCompleted) _clearingNow = Task.Run(() => ClearAsync(books));
        foreach (var (link, turn) in Due()) _calls.Add(Task.Run(() => SettleAsync(books, link, turn)));
        await LookAsync(books);
    }

    private async Task ClearAsync(CreditBooks books)
    {
        try
        {
            if (await _clearing.RunAsync(books, _stopping.Token)) SetBusy();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // What is due stays so.
        }
        catch (Exception error)
        {
            LogFailed(_logger, error);
        }
    }

    /// <summary>Waits for the next beat: a quick one while something is going on, else a slow one that a sign of something due cuts short.</summary>
    private async Task PauseAsync()
    {
        var isBusy = _time.GetUtcNow().Ticks < Volatile.Read(ref _busyUntil);
        if (isBusy) await Task.Delay(Beat, _time, _stopping.Token);
        if (await _due.WaitAsync(isBusy ? TimeSpan.Zero : IdleBeat, _stopping.Token)) SetBusy();
    }

    private void SetBusy()
    {
        Volatile.Write(ref _busyUntil, (_time.GetUtcNow() + BusyTime).Ticks);
        _hasNews = true;
    }

    /// <summary>Figures for people, and what was seen of peers: from time to time.</summary>
    private async Task LookAsync(CreditBooks books)
    {
        var now = _time.GetUtcNow();
        if (now < _nextLook) return;
        _nextLook = now + LookEvery;
        await _reputation.FlushAsync(books.Store, _stopping.Token);
        // Counting takes the longer the more receipts there are.
        if (!_hasNews) return;
        _hasNews = false;
        await _metrics.RefreshAsync(books, _stopping.Token);
    }

    /// <summary>Peers whose turn it is, those that wait longest first, as many as there is room for; they count as under way from here on.</summary>
    private List<(Link Link, Turn Turn)> Due()
    {
        var now = _time.GetUtcNow();
        var due = new List<(Link Link, Turn Turn)>();
        var links = _links.All.Where(link => _peers.StandingOf(link.Id, out _) is { IsOwn: false });
        foreach (var (link, turn) in links.Select(link => (link, Turn: _turns.GetOrAdd(link.Id, _ => new Turn { At = now }))).OrderBy(one => one.Turn.At))
        {
            if (Volatile.Read(ref _callsNow) >= MaxCalls || _stopping.IsCancellationRequested) break;
            lock (turn)
            {
                if (turn.IsUnderWay || now < turn.At) continue;
                (turn.IsUnderWay, turn.HasNews) = (true, false);
            }
            Interlocked.Increment(ref _callsNow);
            due.Add((link, turn));
        }
        return due;
    }

    private async Task SettleAsync(CreditBooks books, Link link, Turn turn)
    {
        var isDone = false;
        try
        {
            isDone = await _call.RunAsync(books, link, _stopping.Token);
        }
        catch (Exception error) when (error is TransportException or FrameException or RefusedException or LedgerException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            LogNotSettled(_logger, link.Id, error.Message);
        }
        catch (Exception error)
        {
            LogFailed(_logger, error);
        }
        lock (turn)
        {
            turn.Pause = isDone ? FirstPause : Longer(turn.Pause);
            turn.At = _time.GetUtcNow() + (isDone && !turn.HasNews ? LookAgain : turn.Pause);
            turn.IsUnderWay = false;
        }
        Interlocked.Decrement(ref _callsNow);
        if (!isDone) SetBusy();
    }

    private static TimeSpan Longer(TimeSpan pause) => pause + pause < LongestPause ? pause + pause : LongestPause;

    [LoggerMessage(Level = LogLevel.Error, Message = "settling failed")]
    private static partial void LogFailed(ILogger logger, Exception error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "nothing was settled with {Peer}: {Reason}")]
    private static partial void LogNotSettled(ILogger logger, PeerId peer, string reason);
}
