using System.Collections.Concurrent;
using System.Globalization;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>One link under load: every answer is whole and the right one, and nothing is left behind.</summary>
public sealed class LoadTests(LoadTests.Pair pair) : IClassFixture<LoadTests.Pair>
{
    /// <summary>Two nodes; the first has a device that says each request's own mark back.</summary>
    public sealed class Pair : IAsyncLifetime
    {
        internal NodeProcess Serving { get; private set; } = null!;

        internal NodeProcess Asking { get; private set; } = null!;

        internal FaultyDevice Device { get; } = FaultyDevice.Start();

        public async ValueTask InitializeAsync()
        {
            Device.OnRequest = EchoAsync;
            Serving = await NodeProcess.StartAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_QUEUE_DEPTH", "4096")) });
            Asking = await NodeProcess.StartAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_QUEUE_DEPTH", "4096")) });
            await Serving.AddRelayAsync(Device, maxConcurrent: 256);
            await PeerGroup.ConnectAsync([Serving, Asking]);
            await Asking.SeesAsync(Device.Model);
        }

        public async ValueTask DisposeAsync()
        {
            await Asking.DisposeAsync();
            await Serving.DisposeAsync();
            await Device.DisposeAsync();
        }

        private static Task EchoAsync(DeviceExchange exchange)
        {
            var mark = (string)exchange.Request.Json["mark"]!;
            var isStream = (bool?)exchange.Request.Json["stream"] == true;
            return (isStream ? Scripts.Stream(Sse.Answer(Tokens(mark), usage: false)) : Scripts.Chat(mark))(exchange);
        }
    }

    private static string[] Tokens(string mark) => [.. Enumerable.Range(0, 8).Select(i => string.Create(CultureInfo.InvariantCulture, $"{mark}.{i} "))];

    /// <summary>Some thousand by default; <c>MYCEL_LOAD_REQUESTS=100000</c> for the long run.</summary>
    [Fact]
    public async Task Thousands_of_requests_one_after_the_other()
    {
        var count = Settings.Number("MYCEL_LOAD_REQUESTS", 4000);
        await AskAsync("warm", stream: true);
        var files = pair.Serving.OpenFiles() + pair.Asking.OpenFiles();
        for (var i = 0; i < count; i++) await AskAsync($"one-{i}", stream: i % 3 == 0);
        await IdleAsync();
        Assert.InRange(pair.Serving.OpenFiles() + pair.Asking.OpenFiles(), 0, files + 20);
    }

    [Fact]
    public async Task A_thousand_at_once_plain_and_streamed_with_some_that_leave()
    {
        var left = 0;
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
        {
            if (i % 10 == 9)
            {
                await LeaveAsync($"gone-{i}", stream: i % 20 == 9);
                Interlocked.Increment(ref left);
            }
            else await AskAsync($"many-{i}", stream: i % 2 == 0);
        }));
        Assert.Equal(100, left);
        await IdleAsync();
        await Poll.UntilAsync(() => pair.Device.InFlight == 0, "the device has nothing in flight");
        await AskAsync("after", stream: true);
    }

    /// <summary>
    /// Random cancels, dropped links and forced collections, ten seconds by default, <c>MYCEL_SOAK_SECONDS=60</c> for the long run: all answers are
    /// whole, and nothing is left open.
    /// </summary>
    [Fact]
    public async Task Nothing_is_left_over_after_a_while_of_everything_at_once()
    {
        await AskAsync("warm", stream: true);
        var files = (pair.Serving.OpenFiles(), pair.Asking.OpenFiles());
        var until = DateTime.UtcNow.AddSeconds(Settings.Number("MYCEL_SOAK_SECONDS", 10));
        var kinds = new ConcurrentDictionary<string, int>();
        var peer = pair.Serving.PeerId();
        var workers = Enumerable.Range(0, 12).Select(async worker =>
        {
            var random = new Random(worker);
            for (var i = 0; DateTime.UtcNow < until; i++)
            {
                var mark = $"soak-{worker}-{i}";
                var stream = random.Next(2) == 0;
                switch (random.Next(10))
                {
                    case 0:
                        await LeaveAsync(mark, stream);
                        kinds.AddOrUpdate("left", 1, (_, n) => n + 1);
                        break;
                    case 1:
                        GC.Collect();
                        break;
                    default:
                        await AskAsync(mark, stream);
                        kinds.AddOrUpdate("whole", 1, (_, n) => n + 1);
                        break;
                }
            }
        }).ToList();
        await Task.WhenAll(workers);

        Assert.True(kinds["left"] > 10 && kinds["whole"] > 100, string.Join(", ", kinds));
        await IdleAsync();
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

        await AskAsync("after", stream: true);
    }

    /// <summary>Streams that are open on the links of a node, by its metrics.</summary>
    private static async Task<double> StreamsAsync(NodeProcess node)
    {
        var metrics = new PrometheusText((await node.Control.CallAsync(HttpMethod.Get, "/metrics", body: (byte[]?)null)).MustBe(200).Text);
        return metrics.Sum("mycel_link_streams");
    }

    private async Task AskAsync(string mark, bool stream)
    {
        var reply = await pair.Asking.ChatAsync(pair.Device.Model, stream, $",\"mark\":\"{mark}\"");
        reply.MustBe(200);
        Assert.Equal(stream ? Sse.Answer(Tokens(mark), usage: false) : Scripts.ChatBody(mark), reply.Text);
    }

    /// <summary>Begins a request and hangs up, at once or after the first bytes.</summary>
    private async Task LeaveAsync(string mark, bool stream)
    {
        var client = await RawConnection.OpenAsync(pair.Asking);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(pair.Device.Model, stream, $",\"mark\":\"{mark}\"")));
        if (stream) await client.ReadHeadAsync();
        client.HangUp();
    }

    private async Task IdleAsync()
    {
        await pair.Asking.IdleAsync();
        await pair.Serving.IdleAsync();
    }
}
