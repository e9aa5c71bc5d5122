using System.Diagnostics;
using System.Globalization;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>The line that forms when every slot is busy.</summary>
public sealed class QueueTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private NodeProcess Node => shared.Node;

    [Fact]
    public async Task Requests_that_wait_for_the_same_model_are_served_in_their_order()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var pending = new List<Task<Reply>>();
        for (var i = 0; i < 12; i++)
        {
            pending.Add(Node.ChatAsync(device.Model, stream: i % 2 == 0, more: $",\"user\":\"{i}\""));
            if (i == 0) await device.RequestAsync();
            else await Node.QueuedAsync(i);
        }

        gate.Open();
        foreach (var reply in await Task.WhenAll(pending)) reply.MustBe(200);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => i.ToString(CultureInfo.InvariantCulture)), device.Requests.Select(request => (string)request.Json["user"]!));
        Assert.Equal(1, device.MostInFlight);
    }

    [Fact]
    public async Task A_freed_slot_goes_to_the_oldest_request_it_can_serve()
    {
        var mark = Guid.NewGuid().ToString("N")[..8];
        await using var x = await shared.AddAsync(maxConcurrent: 1, models: "x-" + mark);
        await using var y = await shared.AddAsync(maxConcurrent: 1, models: "y-" + mark);
        var gateX = new Gate();
        var gateY = new Gate();
        x.OnRequest = Scripts.Held(gateX, Scripts.Proper);
        y.OnRequest = Scripts.Held(gateY, Scripts.Proper);
        var runningX = Node.ChatAsync(x.Model);
        var runningY = Node.ChatAsync(y.Model);
        await x.RequestAsync();
        await y.RequestAsync();
        var waitsForX = Node.ChatAsync(x.Model);
        await Node.QueuedAsync(1);
        var waitsForY = Node.ChatAsync(y.Model);
        await Node.QueuedAsync(2);

        gateY.Open();
        (await runningY).MustBe(200);
        (await waitsForY).MustBe(200);
        Assert.False(waitsForX.IsCompleted);
        gateX.Open();
        (await runningX).MustBe(200);
        (await waitsForX).MustBe(200);
    }

    [Fact]
    public async Task A_device_never_has_more_than_its_share_in_flight()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 3);
        device.OnRequest = async exchange =>
        {
            await Task.Delay(3);
            await Scripts.Proper(exchange);
        };
        var replies = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => Node.ChatAsync(device.Model, stream: i % 3 == 0)));
        Assert.All(replies, reply => reply.MustBe(200));

        // A stream's slot is free when its last byte came, which the device may learn a moment after the node.
        Assert.InRange(device.MostInFlight, 2, 4);
        await Node.IdleAsync();
    }

    [Fact]
    public async Task Plain_answers_keep_the_limit_exactly()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 3);
        var now = 0;
        var most = 0;
        device.OnRequest = async exchange =>
        {
            var running = Interlocked.Increment(ref now);
            lock (device) most = Math.Max(most, running);
            await Task.Delay(3);
            Interlocked.Decrement(ref now);
            await Scripts.Proper(exchange);
        };
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => Node.ChatAsync(device.Model))), reply => reply.MustBe(200));
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task A_waiting_request_goes_to_a_device_that_is_added()
    {
        var model = "add-" + Guid.NewGuid().ToString("N")[..8];
        await using var busy = await shared.AddAsync(maxConcurrent: 1, models: model);
        busy.OnRequest = Scripts.HangAsync;
        var running = Node.ChatAsync(model);
        await busy.RequestAsync();
        var waiting = Node.ChatAsync(model);
        await Node.QueuedAsync(1);

        var clock = Stopwatch.StartNew();
        await using var added = await shared.AddAsync(models: model);
        (await waiting).MustBe(200);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"{clock.Elapsed.TotalSeconds:0.00} s");
        Assert.Single(added.Requests);
        Assert.False(running.IsCompleted);
        busy.Die();
        await Task.WhenAny(running);
    }

    [Fact]
    public async Task A_device_that_is_removed_finishes_what_it_began()
    {
        await using var device = await shared.AddAsync();
        var gate = new Gate();
        device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        using var reply = await Node.BeginChatAsync(device.Model);
        (await Node.TellAsync("/v1/node/relay/remove", new { url = device.Url })).MustBe(200);
        (await Node.ChatAsync(device.Model)).MustRefuse(404, "model_not_found");
        gate.Open();
        Assert.Equal(["first", " second"], Sse.Contents(await reply.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task A_waiting_request_whose_last_device_is_removed_is_told_so()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        device.OnRequest = Scripts.HangAsync;
        var running = Node.ChatAsync(device.Model);
        await device.RequestAsync();
        var waiting = Node.ChatAsync(device.Model);
        await Node.QueuedAsync(1);
        (await Node.TellAsync("/v1/node/relay/remove", new { url = device.Url })).MustBe(200);
        Assert.InRange((await waiting.WaitAsync(TimeSpan.FromSeconds(2))).Status, 404, 503);
        device.Die();
        (await running).MustRefuse(502);
    }
}
