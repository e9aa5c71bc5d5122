using System.Collections.Concurrent;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>
/// One link for long: nothing is left behind. Apart from <see cref="LoadTests"/>, as descriptors are counted here and its thousand clients keep their
/// connections to the node for a while.
/// </summary>
public sealed class LeftoverTests(EchoPair pair) : IClassFixture<EchoPair>
{
    private const int Workers = 12;

    /// <summary>Some thousand by default; <c>MYCEL_LOAD_REQUESTS=100000</c> for the long run.</summary>
    [Fact]
    public async Task Thousands_of_requests_one_after_the_other()
    {
        var count = Settings.Number("MYCEL_LOAD_REQUESTS", 4000);
        await pair.AskAsync("warm", stream: true);
        var files = pair.Serving.OpenFiles() + pair.Asking.OpenFiles();
        for (var i = 0; i < count; i++) await pair.AskAsync($"one-{i}", stream: i % 3 == 0);
        await pair.IdleAsync();
        Assert.InRange(pair.Serving.OpenFiles() + pair.Asking.OpenFiles(), 0, files + 20);
    }

    /// <summary>
    /// Random cancels, dropped links and forced collections, ten seconds by default, <c>MYCEL_SOAK_SECONDS=60</c> for the long run: all answers are
    /// whole, and nothing is left open.
    /// </summary>
    [Fact]
    public async Task Nothing_is_left_over_after_a_while_of_everything_at_once()
    {
        // As many connections as the workers below may keep, before any are counted: one each, and one more for a request that was left.
        await Task.WhenAll(Enumerable.Range(0, 2 * Workers).Select(i => pair.AskAsync($"warm-{i}", stream: true)));
        var files = (pair.Serving.OpenFiles(), pair.Asking.OpenFiles());
        var until = DateTime.UtcNow.AddSeconds(Settings.Number("MYCEL_SOAK_SECONDS", 10));
        var kinds = new ConcurrentDictionary<string, int>();
        var peer = pair.Serving.PeerId();
        var workers = Enumerable.Range(0, Workers).Select(async worker =>
        {
            var random = new Random(worker);
            for (var i = 0; DateTime.UtcNow < until; i++)
            {
                var mark = $"soak-{worker}-{i}";
                var stream = random.Next(2) == 0;
                switch (random.Next(10))
                {
                    case 0:
                        await pair.LeaveAsync(mark, stream);
                        kinds.AddOrUpdate("left", 1, (_, n) => n + 1);
                        break;
                    case 1:
                        GC.Collect();
                        break;
                    default:
                        await pair.AskAsync(mark, stream);
                        kinds.AddOrUpdate("whole", 1, (_, n) => n + 1);
                        break;
                }
            }
        }).ToList();
        await Task.WhenAll(workers);

        Assert.True(kinds["left"] > 10 && kinds["whole"] > 100, string.Join(", ", kinds));
        await pair.IdleAsync();
        await Poll.UntilAsync(() => pair.Device.InFlight == 0, "the device has nothing in flight");
        await Poll.UntilAsync(
            () => pair.Serving.OpenFiles() <= files.Item1 + 20 && pair.Asking.OpenFiles() <= files.Item2 + 20,
            $"descriptors come back to about {files}; there are {pair.Serving.OpenFiles()} and {pair.Asking.OpenFiles()}",
            TimeSpan.FromSeconds(20));
        foreach (var node in new[] { pair.Serving, pair.Asking })
        {
            var link = Assert.Single(await node.PeersAsync(), known => (bool)known["linked"]!);
            Assert.Equal(node == pair.Asking ? peer : pair.Asking.PeerId(), (string?)link["id"]);
            await Poll.UntilAsync(async () => await StreamsAsync(node) <= 2, "only the two streams of records stay open");
        }

        await pair.AskAsync("after", stream: true);
    }

    /// <summary>Streams that are open on the links of a node, by its metrics.</summary>
    private static async Task<double> StreamsAsync(NodeProcess node)
    {
        var metrics = new PrometheusText((await node.Control.CallAsync(HttpMethod.Get, "/metrics", body: (byte[]?)null)).MustBe(200).Text);
        return metrics.Sum("mycel_link_streams");
    }
}
