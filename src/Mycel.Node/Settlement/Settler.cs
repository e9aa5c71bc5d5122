using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Node.Links;
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
    /// <summary>Longest time between two looks.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    /// <summary>A peer is looked at this often without a reason.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    /// <summary>Figures are read anew this often.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>How long the own streams of requests may take to settle at a stop.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(3);

    private readonly CreditRoom _room;
    private readonly PayingDesk _paying;
    private readonly ServingDesk _serving;
    private readonly ILinks _links;
    private readonly IPeerBook _peers;
    private readonly ClearingRound _clearing;
    private readonly SettleCall _call;
    private readonly CreditMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<Settler> _logger;
    private readonly ConcurrentDictionary<PeerId, Turn> _turns = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private DateTimeOffset _nextLook;

    public Settler(
        CreditRoom room, PayingDesk paying, ServingDesk serving, ILinks links, IPeerBook peers, ClearingRound clearing, SettleCall call, CreditMetrics metrics, TimeProvider time, ILogger<Settler> logger)
    {
        (_room, _paying, _serving, _links, _peers, _clearing, _call, _metrics, _time, _logger) = (room, paying, serving, links, peers, clearing, call, metrics, time, logger);
        paying.Unsettled += Look;
        serving.Unsettled += Look;
        links.Unlinked += OnUnlinked;
    }

    /// <summary>When a peer is looked at next, and how long after a failure.</summary>
    private sealed class Turn
    {
        public DateTimeOffset At { get; set; }

        public TimeSpan Pause { get; set; } = FirstPause;
    }

    /// <summary>Begins.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Stops: what a request's own stream settles at the moment is waited for, the rest is kept for the next start.</summary>
    public async Task StopAsync()
    {
        _paying.Unsettled -= Look;
        _serving.Unsettled -= Look;
        _links.Unlinked -= OnUnlinked;
        await Task.WhenAny(Task.WhenAll(_paying.IdleAsync(), _serving.IdleAsync()), Task.Delay(StopTime, _time));
        await _stopping.CancelAsync();
        await _running;
    }

    public void Dispose() => _stopping.Dispose();

    private void Look(PeerId peer)
    {
        if (_turns.TryGetValue(peer, out var turn)) turn.At = _time.GetUtcNow() + FirstPause;
    }

    private void OnUnlinked(Link link) => _turns.TryRemove(link.Id, out _);

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (_room.Books is { } books)
                {
                    await _clearing.RunAsync(books, _stopping.Token);
                    await SettleAsync(books);
                    await LookAsync(books);
                }
                await Task.Delay(Beat, _time, _stopping.Token);
            }
            catch (OperationCanceledException)
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

    /// <summary>Figures for people, and what was seen of peers: from time to time.</summary>
    private async Task LookAsync(CreditBooks books)
    {
        var now = _time.GetUtcNow();
        if (now < _nextLook) return;
        _nextLook = now + LookEvery;
        await _metrics.RefreshAsync(books, _stopping.Token);
        await books.Reputation.FlushAsync(_stopping.Token);
    }

    private async Task SettleAsync(CreditBooks books)
    {
        var now = _time.GetUtcNow();
        foreach (var link in _links.All)
        {
            if (_peers.StandingOf(link.Id, out _) is not { IsOwn: false }) continue;
            var turn = _turns.GetOrAdd(link.Id, _ => new Turn { At = now });
            if (now < turn.At || _stopping.IsCancellationRequested) continue;
            await SettleAsync(books, link, turn);
        }
    }

    private async Task SettleAsync(CreditBooks books, Link link, Turn turn)
    {
        try
        {
            var isDone = await _call.RunAsync(books, link, _stopping.Token);
            turn.Pause = isDone ? FirstPause : Longer(turn.Pause);
            turn.At = _time.GetUtcNow() + (isDone ? LookAgain : turn.Pause);
        }
        catch (Exception error) when (error is TransportException or FrameException or RefusedException or LedgerException or ObjectDisposedException)
        {
            turn.Pause = Longer(turn.Pause);
            turn.At = _time.GetUtcNow() + turn.Pause;
            LogNotSettled(_logger, link.Id, error.Message);
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause + pause < LongestPause ? pause + pause : LongestPause;

    [LoggerMessage(Level = LogLevel.Error, Message = "settling failed")]
    private static partial void LogFailed(ILogger logger, Exception error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "nothing was settled with {Peer}: {Reason}")]
    private static partial void LogNotSettled(ILogger logger, PeerId peer, string reason);
}
