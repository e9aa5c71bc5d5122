using Mycel.Node.Discovery.Lan;

namespace Mycel.Node.Tests.Discovery.Lan;

/// <summary>When a node announces itself.</summary>
public class LanScheduleTests
{
    private readonly LanSchedule _schedule = new(new Random(1));
    private TimeSpan _now = TimeSpan.FromHours(7);

    [Fact]
    public void Some_in_a_row_that_ask_and_then_about_one_a_minute_that_do_not()
    {
        _schedule.Begin(_now);
        Assert.Equal(TimeSpan.Zero, _schedule.Wait(_now));
        for (var i = 1; i < LanSchedule.Burst; i++)
        {
            Assert.True(_schedule.Asks);
            Assert.InRange(Next(), LanSchedule.MinPause, TimeSpan.FromSeconds(3));
        }

        Assert.True(_schedule.Asks);
        for (var i = 0; i < 100; i++)
        {
            Assert.InRange(Next(), LanSchedule.Every * 0.75, LanSchedule.Every * 1.25);
            Assert.False(_schedule.Asks);
        }
    }

    [Fact]
    public void One_that_asks_is_answered_soon_and_a_thousand_that_ask_by_one_announcement_a_second()
    {
        _schedule.Begin(_now);
        for (var i = 0; i < 10; i++) Next();
        _schedule.Sent(_now);
        _now += TimeSpan.FromSeconds(5);
        for (var i = 0; i < 1_000; i++) _schedule.Ask(_now);
        Assert.InRange(_schedule.Wait(_now), TimeSpan.FromMilliseconds(1), LanSchedule.MaxAnswerDelay);
        _now += _schedule.Wait(_now);
        Assert.False(_schedule.Asks);

        var sent = 0;
        for (var end = _now + TimeSpan.FromSeconds(30); _now < end; _now += TimeSpan.FromMilliseconds(10))
        {
            _schedule.Ask(_now);
            if (_schedule.Wait(_now) > TimeSpan.Zero) continue;
            _schedule.Sent(_now);
            sent++;
        }

        Assert.InRange(sent, 20, 30);
    }

    [Fact]
    public void A_network_that_changes_all_the_time_is_announced_on_once_a_second()
    {
        var sent = 0;
        for (var end = _now + TimeSpan.FromSeconds(30); _now < end; _now += TimeSpan.FromMilliseconds(10))
        {
            _schedule.Begin(_now);
            if (_schedule.Wait(_now) > TimeSpan.Zero) continue;
            _schedule.Sent(_now);
            sent++;
        }

        Assert.InRange(sent, 29, 31);
        Assert.True(_schedule.Asks);
    }

    private TimeSpan Next()
    {
        _schedule.Sent(_now);
        var wait = _schedule.Wait(_now);
        _now += wait;
        return wait;
    }
}
