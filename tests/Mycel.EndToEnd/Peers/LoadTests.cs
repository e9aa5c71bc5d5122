using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>Many at once on one link: every answer is whole and the right one.</summary>
public sealed class LoadTests(EchoPair pair) : IClassFixture<EchoPair>
{
    [Fact]
    public async Task A_thousand_at_once_plain_and_streamed_with_some_that_leave()
    {
        var left = 0;
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
        {
            if (i % 10 == 9)
            {
                await pair.LeaveAsync($"gone-{i}", stream: i % 20 == 9);
                Interlocked.Increment(ref left);
            }
            else await pair.AskAsync($"many-{i}", stream: i % 2 == 0);
        }));
        Assert.Equal(100, left);
        await pair.IdleAsync();
        await Poll.UntilAsync(() => pair.Device.InFlight == 0, "the device has nothing in flight");
        await pair.AskAsync("after", stream: true);
    }
}
