using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Node.Api.Live;

namespace Mycel.Node.Tests.Live;

public class LiveFeedTests
{
    private int _looks;
    private volatile string _state = "1";

    private LiveFeed Feed(params LiveSection[] more) => new(
        [
            new LiveSection("state", 1, _ =>
            {
                Interlocked.Increment(ref _looks);
                return new ValueTask<byte[]>(Encoding.UTF8.GetBytes(_state));
            }),
            .. more,
        ],
        TimeProvider.System,
        NullLogger<LiveFeed>.Instance);

    [Fact]
    public async Task Nothing_is_looked_at_while_nobody_watches()
    {
        var feed = Feed();
        using (var watch = feed.Watch()!)
        {
            await NextAsync(watch);
            Assert.False(feed.Looking.IsCompleted);
        }

        await feed.Looking.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.True(_looks > 0);
    }

    [Fact]
    public async Task A_watcher_is_told_everything_once_and_then_only_what_changes()
    {
        var feed = Feed(new LiveSection("fixed", 1, _ => new ValueTask<byte[]>("7"u8.ToArray())));
        using var watch = feed.Watch()!;

        Assert.Equal(["state 1", "fixed 7"], await NextAsync(watch));
        _state = "2";
        Assert.Equal(["state 2"], await NextAsync(watch));
    }

    [Fact]
    public async Task Who_reads_late_gets_the_latest_alone()
    {
        var feed = Feed();
        using var late = feed.Watch()!;
        using var prompt = feed.Watch()!;
        await NextAsync(prompt);
        foreach (var state in new[] { "2", "3" })
        {
            _state = state;
            await NextAsync(prompt);
        }

        Assert.Equal(["state 3"], late.Take().Select(Text));
    }

    [Fact]
    public async Task One_look_serves_all_watchers()
    {
        var feed = Feed();
        var watches = Enumerable.Range(0, LiveFeed.MaxWatchers).Select(_ => feed.Watch()!).ToList();

        foreach (var watch in watches) await NextAsync(watch);

        Assert.InRange(Volatile.Read(ref _looks), 1, LiveFeed.MaxWatchers - 1);
        Assert.Null(feed.Watch());
        foreach (var watch in watches) watch.Dispose();
        using var again = feed.Watch();
        Assert.NotNull(again);
    }

    [Fact]
    public async Task What_was_seen_before_the_last_watcher_left_is_not_shown_to_the_next()
    {
        var feed = Feed();
        using (var first = feed.Watch()!) await NextAsync(first);
        _state = "2";

        using var second = feed.Watch()!;

        Assert.Equal(["state 2"], await NextAsync(second));
    }

    [Fact]
    public async Task A_section_that_fails_leaves_the_others_live()
    {
        var feed = Feed(new LiveSection("broken", 1, _ => throw new InvalidOperationException("no")));
        using var watch = feed.Watch()!;

        Assert.Equal(["state 1"], await NextAsync(watch));
    }

    [Fact]
    public void An_event_goes_out_with_its_name() =>
        Assert.Equal("event: state\ndata: {\"a\":1}\n\n", Encoding.UTF8.GetString(new LiveEvent("state", "{\"a\":1}"u8.ToArray()).ToBytes()));

    private static string Text(LiveEvent news) => $"{news.Name} {Encoding.UTF8.GetString(news.Data)}";

    /// <summary>Waits for news.</summary>
    private static async Task<IReadOnlyList<string>> NextAsync(LiveWatch watch)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (watch.Take() is { Count: > 0 } news) return [.. news.Select(Text)];
            await watch.WaitAsync(deadline.Token);
        }
    }
}
