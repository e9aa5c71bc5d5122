using Mycel.Identity;

namespace Mycel.Node.Links;

/// <summary>Dials the peers that are to be kept linked, again and again with growing pauses, as long as there is no link.</summary>
internal sealed partial class LinkKeeper(LinkManager links, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Peers kept at once.</summary>
    public const int MaxKept = 1024;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(60);

    /// <summary>A peer just lost is most often one being restarted: at first it is dialled often.</summary>
    private static readonly TimeSpan EagerTime = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan EagerPause = TimeSpan.FromSeconds(1.5);

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

    /// <summary>A link has ended: if its peer is kept, it is dialled at once.</summary>
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
                if (links.Find(peer) is { } link)
                {
                    kept.LastError = null;
                    await link.Closed.WaitAsync(both.Token);
                    pause = FirstPause;
                    lostAt = time.GetTimestamp();
                    // Both sides lose a link at once, and both would dial at once.
                    await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(0, 200)), time, both.Token);
                    continue;
                }
                if (await TryAsync(peer, kept, both.Token)) continue;
                var most = time.GetElapsedTime(lostAt) < EagerTime ? EagerPause : MaxPause;
                pause = pause < most ? pause : most;
                await Task.WhenAny(kept.Woken, Task.Delay(pause * (0.75 + 0.5 * Random.Shared.NextDouble()), time, both.Token));
                both.Token.ThrowIfCancellationRequested();
                pause *= 1.6;
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<bool> TryAsync(PeerId peer, Kept kept, CancellationToken cancellation)
    {
        try
        {
            await links.ConnectAsync(peer, kept.Addresses(), cancellation);
            return true;
        }
        catch (LinkException failed)
        {
            if (kept.LastError != failed.Message) LogUnreachable(peer, failed.Message);
            kept.LastError = failed.Message;
            return false;
        }
    }

    public void Dispose() => _stopping.Cancel();

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer} cannot be reached: {Reason}")]
    private partial void LogUnreachable(PeerId peer, string reason);
}
