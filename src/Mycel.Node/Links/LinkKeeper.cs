using Mycel.Identity;

namespace Mycel.Node.Links;

/// <summary>Dials the peers that are to be kept linked, again and again with growing pauses, as long as there is no link.</summary>
/// <param name="links">Dials.</param>
/// <param name="unreached">Is told of each peer that none of its addresses led to.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures are told.</param>
internal sealed partial class LinkKeeper(LinkManager links, Action<PeerId> unreached, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Peers kept at once.</summary>
    public const int MaxKept = 1024;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(60);

    /// <summary>A peer just lost is most often one being restarted: at first it is dialled often.</summary>
    private static readonly TimeSpan EagerTime = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan EagerPause = TimeSpan.FromSeconds(1.5);

    /// <summary>A link that has lasted so long was wanted by both sides.</summary>
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(3);

    /// <summary>Pauses before a better way is looked for to a peer that is linked over a tunnel or through a third node.</summary>
    private static readonly TimeSpan FirstUpgradePause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan MaxUpgradePause = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Kept> _kept = [];
    private readonly CancellationTokenSource _stopping = new();

    private sealed class Kept(Func<IReadOnlyList<string>> addresses)
    {
        private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Func<IReadOnlyList<string>> Addresses { get; set; } = addresses;

        public CancellationTokenSource Ended { get; } = new();

        public string? LastError { get; set; }

        public Task Woken => _wake.Task;

        public void Wake() => _wake.TrySetResult();

        public void Sleep()
        {
            if (_wake.Task.IsCompleted) _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Keep(PeerId peer, Func<IReadOnlyList<string>> addresses)
    {
        Kept kept;
        lock (_lock)
        {
            if (_kept.TryGetValue(peer, out var known))
            {
                known.Addresses = addresses;
                return;
            }
            if (_kept.Count >= MaxKept || _stopping.IsCancellationRequested) return;
            _kept.Add(peer, kept = new Kept(addresses));
        }
        _ = RunAsync(peer, kept);
    }

    public void Release(PeerId peer)
    {
        lock (_lock)
        {
            if (_kept.Remove(peer, out var kept)) kept.Ended.Cancel();
        }
    }

    /// <summary>If a peer is kept and not linked, it is dialled at once: its link has ended, or there is news of where it is.</summary>
    public void Wake(PeerId peer)
    {
        lock (_lock)
        {
            if (_kept.TryGetValue(peer, out var kept)) kept.Wake();
        }
    }

    public string? LastError(PeerId peer)
    {
        lock (_lock) return _kept.GetValueOrDefault(peer)?.LastError;
    }

    private async Task RunAsync(PeerId peer, Kept kept)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(kept.Ended.Token, _stopping.Token);
        var pause = FirstPause;
        var lostAt = time.GetTimestamp();
        try
        {
            while (true)
            {
                kept.Sleep();
                var (isRefused, needsRest) = (false, false);
                if (await FindAsync(peer, kept, both.Token) is { } link)
                {
                    kept.LastError = null;
                    var linkedAt = time.GetTimestamp();
                    await FollowAsync(link, kept, both.Token);
                    isRefused = link.HadToMakeRoom || time.GetElapsedTime(linkedAt) < SettledAfter;
                    if (!isRefused)
                    {
                        pause = FirstPause;
                        lostAt = time.GetTimestamp();
                        // Both sides lose a link at once, and both would dial at once.
                        await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(0, 200)), time, both.Token);
                        continue;
                    }
                    // One that closes at once is left in peace like one that does not answer; where room was wanting, for longer: who has it now needs it.
                    kept.LastError = link.HadToMakeRoom ? "One of the two nodes has as many links as it may, and needed the room." : "It closed the link at once; perhaps it has as many links as it may.";
                    if (link.HadToMakeRoom) (pause, needsRest) = (MaxPause, true);
                }
                var most = !needsRest && time.GetElapsedTime(lostAt) < EagerTime ? EagerPause : MaxPause;
                pause = pause < most ? pause : most;
                var wait = Task.Delay(pause * (0.75 + 0.5 * Random.Shared.NextDouble()), time, both.Token);
                // The end of a link that was refused wakes, too, and is no news.
                await (isRefused ? wait : Task.WhenAny(kept.Woken, wait));
                both.Token.ThrowIfCancellationRequested();
                pause *= 1.6;
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Waits for the end of a link. One that had to go round is moved to a better carrier as soon as there is one.</summary>
    private async Task FollowAsync(Link link, Kept kept, CancellationToken cancellation)
    {
        for (var pause = FirstUpgradePause; ; pause = pause * 2 < MaxUpgradePause ? pause * 2 : MaxUpgradePause)
        {
            // The better connection may end before the link does: also one that has the best is looked at now and then.
            if (link.Carrier == Carrier.Quic) pause = MaxUpgradePause;
            using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var ended = await Task.WhenAny(link.Closed, Task.Delay(pause * (0.75 + 0.5 * Random.Shared.NextDouble()), time, awake.Token)) == link.Closed;
            await awake.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            if (ended) return;
            if (link.Carrier != Carrier.Quic) await links.UpgradeAsync(link, kept.Addresses(), cancellation);
        }
    }

    /// <summary>The link with a peer, dialled where there is none; null where it cannot be reached.</summary>
    private async Task<Link?> FindAsync(PeerId peer, Kept kept, CancellationToken cancellation)
    {
        // Room is made for nodes that somebody needs now, not for those that are good to have.
        if (links.IsFull && links.Find(peer) is null)
        {
            kept.LastError = "This node has as many links as it may (links.max_links).";
            return null;
        }
        try
        {
            return await links.ConnectAsync(peer, kept.Addresses(), cancellation);
        }
        catch (LinkException failed)
        {
            if (kept.LastError != failed.Message) LogUnreachable(peer, failed.Message);
            kept.LastError = failed.Message;
            unreached(peer);
            return null;
        }
    }

    public void Dispose() => _stopping.Cancel();

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer} cannot be reached: {Reason}")]
    private partial void LogUnreachable(PeerId peer, string reason);
}
