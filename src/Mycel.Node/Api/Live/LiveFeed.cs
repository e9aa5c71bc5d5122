using System.Text;

namespace Mycel.Node.Api.Live;

/// <summary>
/// What the node is and does, for those who watch it. It is looked at once a second, once for all watchers, and not at all while there is none:
/// nothing that serves requests tells it anything. Safe for use from several threads.
/// </summary>
/// <param name="sections">What is shown.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of a section that cannot be read.</param>
internal sealed partial class LiveFeed(IReadOnlyList<LiveSection> sections, TimeProvider time, ILogger<LiveFeed> logger) : IDisposable
{
    /// <summary>Watchers at once at most.</summary>
    public const int MaxWatchers = 32;

    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly byte[]?[] _current = new byte[sections.Count][];
    private readonly long[] _versions = new long[sections.Count];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? _looking;
    private Task _loop = Task.CompletedTask;
    private int _watchers;

    /// <summary>Begins to watch; null when <see cref="MaxWatchers"/> do already.</summary>
    public LiveWatch? Watch()
    {
        lock (_gate)
        {
            if (_watchers == MaxWatchers) return null;
            if (_watchers++ == 0)
            {
                // What was seen before the last watcher left is old.
                Array.Clear(_current);
                _looking = new CancellationTokenSource();
                _loop = LookAsync(_loop, _looking.Token);
            }
            return new LiveWatch(this, sections.Count);
        }
    }

    /// <summary>Done once nothing is looked at any more.</summary>
    internal Task Looking
    {
        get
        {
            lock (_gate) return _loop;
        }
    }

    internal void Leave()
    {
        lock (_gate)
        {
            if (--_watchers == 0) StopLooking();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate) StopLooking();
    }

    private void StopLooking()
    {
        _looking?.Cancel();
        _looking?.Dispose();
        _looking = null;
    }

    /// <summary>Takes what a watcher has not seen yet, and what tells of the next change.</summary>
    /// <param name="seen">The versions that it has seen; raised to those taken.</param>
    /// <param name="changed">Done at the next look.</param>
    internal List<LiveEvent> Take(long[] seen, out Task changed)
    {
        var news = new List<LiveEvent>();
        lock (_gate)
        {
            for (var i = 0; i < seen.Length; i++)
            {
                if (_current[i] is not { } data || seen[i] == _versions[i]) continue;
                seen[i] = _versions[i];
                news.Add(new LiveEvent(sections[i].Name, data));
            }
            changed = _changed.Task;
        }
        return news;
    }

    private async Task LookAsync(Task before, CancellationToken cancel)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        try
        {
            using var timer = new PeriodicTimer(Tick, time);
            for (var tick = 0; ; tick++)
            {
                for (var i = 0; i < sections.Count; i++)
                {
                    if (tick % sections[i].Every == 0 && await ReadAsync(sections[i], cancel) is { } data) Put(i, data, cancel);
                }
                Announce();
                await timer.WaitForNextTickAsync(cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Nobody watches any more.
        }
    }

    private async ValueTask<byte[]?> ReadAsync(LiveSection section, CancellationToken cancel)
    {
        try
        {
            return await section.ReadAsync(cancel);
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            // One section that cannot be read, such as credit whose database is busy, leaves the others live.
            LogUnreadable(section.Name, failure.Message);
            return null;
        }
    }

    private void Put(int section, byte[] data, CancellationToken cancel)
    {
        lock (_gate)
        {
            // Asked under the lock: a look that ends late must not bring back what the next watcher has seen cleared.
            cancel.ThrowIfCancellationRequested();
            if (_current[section] is { } old && old.AsSpan().SequenceEqual(data)) return;
            _current[section] = data;
            _versions[section]++;
        }
    }

    private void Announce()
    {
        TaskCompletionSource told;
        lock (_gate) (told, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        told.SetResult();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "the live view of {Section} could not be read: {Reason}")]
    private partial void LogUnreadable(string section, string reason);
}

/// <summary>One news for a watcher.</summary>
/// <param name="Name">The section's name.</param>
/// <param name="Data">The section as it is now, JSON in UTF-8.</param>
internal readonly record struct LiveEvent(string Name, byte[] Data)
{
    /// <summary>The event as it goes out.</summary>
    public byte[] ToBytes() => [.. Encoding.ASCII.GetBytes($"event: {Name}\ndata: "), .. Data, .. "\n\n"u8];
}
