using Mycel.Node.Api.Live;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Live;

public class LoadHistoryTests
{
    [Fact]
    public void The_past_hour_is_kept_and_no_more()
    {
        var time = new TickingTime();
        var requests = 0;
        var asked = new List<DateTimeOffset>();
        using var history = new LoadHistory(
            after =>
            {
                asked.Add(after);
                return new LoadSample(time.GetUtcNow(), requests++, 0, 0, 0, 0, 0, null, 0, 0);
            },
            time);
        Assert.Empty(history.Samples);
        var began = time.GetUtcNow();

        for (var i = 0; i < LoadHistory.Capacity + 3; i++) time.Tick();

        var samples = history.Samples;
        Assert.Equal((LoadHistory.Capacity, 3, LoadHistory.Capacity + 2), (samples.Count, samples[0].Requests, samples[^1].Requests));
        Assert.Equal(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(LoadHistory.IntervalSeconds), samples[^1].At - samples[0].At);
        // Each sample tells of what ended since the one before.
        Assert.Equal([began, began.AddSeconds(LoadHistory.IntervalSeconds)], asked.Take(2));
    }

    [Fact]
    public void The_time_to_first_output_is_the_median_of_what_ended_lately()
    {
        var now = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        RouteRecord[] latest = [Ended(now, 1, 30), Ended(now, 2, 10), Ended(now, 3, 20), Ended(now, 60, 5000), Ended(now, 1, null)];

        Assert.Equal(20, LoadMath.MedianTtft(latest, now.AddSeconds(-5)));
        Assert.Null(LoadMath.MedianTtft(latest, now));
    }

    private static RouteRecord Ended(DateTimeOffset now, int secondsAgo, double? firstMs) =>
        new("id", "m", "relay:a", 200, "done", 1, now.AddSeconds(-secondsAgo - 1), 0, firstMs, 1000, 1, 1, null);

    /// <summary>A clock whose only timer is called by hand.</summary>
    private sealed class TickingTime : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        private Action _tick = () => { };

        public override DateTimeOffset GetUtcNow() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _tick = () =>
            {
                _now += period;
                callback(state);
            };
            return new Handle();
        }

        public void Tick() => _tick();

        private sealed class Handle : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
