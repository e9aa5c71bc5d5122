using System.Diagnostics;
using System.Globalization;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>The queue is bounded in length and in time, and dispatches when a device comes back.</summary>
public sealed class QueueLimitTests
{
    [Fact]
    public async Task A_full_queue_refuses_at_once_and_says_when_to_come_back()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  max_concurrent: 1\nqueue:\n  depth: 2\n", Devices = [device] });
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var pending = new List<Task<Reply>> { node.ChatAsync("m") };
        await device.RequestAsync();
        pending.Add(node.ChatAsync("m"));
        pending.Add(node.ChatAsync("m", stream: true));
        await node.QueuedAsync(2);

        foreach (var stream in new[] { false, true })
        {
            var clock = Stopwatch.StartNew();
            var refused = await node.ChatAsync("m", stream);
            refused.MustRefuse(429, "queue_full");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(0.5));
            Assert.InRange(int.Parse(refused["Retry-After"]!, CultureInfo.InvariantCulture), 1, 3600);
        }

        gate.Open();
        foreach (var reply in await Task.WhenAll(pending)) reply.MustBe(200);
    }

    [Fact]
    public async Task A_depth_of_none_refuses_when_busy()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  max_concurrent: 1\nqueue:\n  depth: 0\n", Devices = [device] });
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var running = node.ChatAsync("m");
        await device.RequestAsync();
        (await node.ChatAsync("m")).MustRefuse(429, "queue_full");
        gate.Open();
        (await running).MustBe(200);
        (await node.ChatAsync("m")).MustBe(200);
    }

    [Fact]
    public async Task A_wait_past_its_time_is_a_503_that_says_when_to_come_back()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  max_concurrent: 1\nqueue:\n  timeout_s: 0.5\n", Devices = [device] });
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var running = node.ChatAsync("m");
        await device.RequestAsync();
        var clock = Stopwatch.StartNew();
        var late = await node.ChatAsync("m", stream: true);
        late.MustRefuse(503, "queue_timeout");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.4, 2);
        Assert.InRange(int.Parse(late["Retry-After"]!, CultureInfo.InvariantCulture), 1, 3600);

        clock.Restart();
        (await node.ChatAsync("m", false, "", ("X-Mycel-Deadline-Ms", "150"))).MustRefuse(504, "deadline_exceeded");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.1, 0.45);
        gate.Open();
        (await running).MustBe(200);
        Assert.Single(device.Requests);
        await node.IdleAsync();
    }

    [Fact]
    public async Task A_waiting_request_goes_to_a_device_that_comes_back()
    {
        await using var busy = FaultyDevice.Start("m");
        await using var away = FaultyDevice.Start("m");
        away.Die();
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  max_concurrent: 1\n  poll_s: 1\n", Devices = [busy, away] });
        busy.OnRequest = Scripts.HangAsync;
        var running = node.ChatAsync("m");
        await busy.RequestAsync();
        var waiting = node.ChatAsync("m");
        await node.QueuedAsync(1);
        away.Return();
        (await waiting.WaitAsync(TimeSpan.FromSeconds(5))).MustBe(200);
        Assert.Single(away.Requests);
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task Retries_of_a_refused_request_do_not_wait_behind_the_queue_for_ever()
    {
        await using var first = FaultyDevice.Start("m");
        await using var second = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  max_concurrent: 1\nqueue:\n  timeout_s: 5\n", Devices = [first, second] });
        var gate = new Gate();
        var asked = 0;
        first.OnRequest = second.OnRequest = exchange =>
        {
            var number = Interlocked.Increment(ref asked);
            return number == 1 ? Scripts.Held(gate, Scripts.Proper)(exchange) : number == 2 ? Scripts.Json(500, "{}")(exchange) : Scripts.Proper(exchange);
        };
        var holds = node.ChatAsync("m");
        await Poll.UntilAsync(() => first.Requests.Count + second.Requests.Count == 1, "the first request holds a device");
        var refused = node.ChatAsync("m");
        await Poll.UntilAsync(() => asked >= 2, "the second was refused by the other device");
        gate.Open();
        (await holds).MustBe(200);
        (await refused.WaitAsync(TimeSpan.FromSeconds(6))).MustBe(200);
        await node.IdleAsync();
    }
}
