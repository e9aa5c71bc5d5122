using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Tests.Models;

public class TransferRateTests
{
    [Fact]
    public void Time_before_the_bytes_began_does_not_slow_the_rate()
    {
        var time = new ManualTime();
        var rate = new TransferRate(time);

        // A long read of what was there already, a connection that had to be made.
        time.Advance(TimeSpan.FromSeconds(30));
        rate.Restart();
        time.Advance(TimeSpan.FromSeconds(1));
        rate.Add(2_000_000);

        Assert.Equal(2_000_000, rate.BytesPerSecond, 1.0);
    }

    [Fact]
    public void The_last_seconds_weigh_most()
    {
        var time = new ManualTime();
        var rate = new TransferRate(time);

        Run(seconds: 20, bytesPerSecond: 1_000_000);
        Assert.Equal(1_000_000, rate.BytesPerSecond, 1.0);
        Run(seconds: 20, bytesPerSecond: 4_000_000);
        Assert.InRange(rate.BytesPerSecond, 3_900_000, 4_000_000);

        void Run(int seconds, long bytesPerSecond)
        {
            for (var i = 0; i < seconds; i++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                rate.Add(bytesPerSecond);
            }
        }
    }
}
