using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Two devices with the same model share the name and the load; connections to them are kept.</summary>
public sealed class LoadSharingTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private NodeProcess Node => shared.Node;

    [Fact]
    public async Task Two_devices_share_what_runs_at_once()
    {
        var model = "share-" + Guid.NewGuid().ToString("N")[..8];
        await using var first = await shared.AddAsync(models: model);
        await using var second = await shared.AddAsync(models: model);
        var gate = new Gate();
        first.OnRequest = second.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var pending = Enumerable.Range(0, 10).Select(_ => Node.ChatAsync(model)).ToList();
        await Poll.UntilAsync(() => first.InFlight + second.InFlight == 10, "all ten at the devices");
        Assert.Equal(5, first.InFlight);
        gate.Open();
        foreach (var reply in await Task.WhenAll(pending)) reply.MustBe(200);
    }

    [Fact]
    public async Task Two_idle_devices_take_turns()
    {
        var model = "turns-" + Guid.NewGuid().ToString("N")[..8];
        await using var first = await shared.AddAsync(models: model);
        await using var second = await shared.AddAsync(models: model);
        for (var i = 0; i < 20; i++) (await Node.ChatAsync(model)).MustBe(200);
        Assert.InRange(first.Requests.Count, 5, 15);
    }

    [Fact]
    public async Task A_full_device_leaves_work_to_the_other()
    {
        var model = "full-" + Guid.NewGuid().ToString("N")[..8];
        await using var small = await shared.AddAsync(models: model, maxConcurrent: 1);
        await using var large = await shared.AddAsync(models: model, maxConcurrent: 8);
        var gate = new Gate();
        small.OnRequest = large.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var pending = Enumerable.Range(0, 9).Select(_ => Node.ChatAsync(model)).ToList();
        await Poll.UntilAsync(() => small.InFlight == 1 && large.InFlight == 8, "both devices are full");
        gate.Open();
        foreach (var reply in await Task.WhenAll(pending)) reply.MustBe(200);
    }

    [Fact]
    public async Task A_device_can_be_picked_by_name()
    {
        var model = "pick-" + Guid.NewGuid().ToString("N")[..8];
        await using var first = await shared.AddAsync(name: "a-" + model, models: model);
        await using var second = await shared.AddAsync(name: "b-" + model, models: model);
        for (var i = 0; i < 6; i++)
        {
            var reply = (await Node.ChatAsync($"relay:b-{model}:{model}", stream: i % 2 == 0)).MustBe(200);
            Assert.Equal("relay:b-" + model, reply["X-Mycel-Route"]);
        }

        (await Node.PostAsync("/v1/embeddings", $$"""{"model":"relay:b-{{model}}:{{model}}","input":"x"}""")).MustBe(200);
        Assert.Empty(first.Requests);
        Assert.Equal(7, second.Requests.Count);
    }

    [Fact]
    public async Task A_thousand_requests_in_a_row_use_few_connections()
    {
        await using var device = await shared.AddAsync();
        for (var i = 0; i < 1_000; i++) (await Node.ChatAsync(device.Model, stream: i % 4 == 0)).MustBe(200);
        Assert.Equal(1_000, device.Requests.Count);
        Assert.InRange(device.Connections, 1, 5);
    }

    [Fact]
    public async Task More_than_fifty_streams_run_at_once()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 100);
        var gate = new Gate();
        device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        var pending = Enumerable.Range(0, 80).Select(_ => Node.ChatAsync(device.Model, stream: true)).ToList();
        await Poll.UntilAsync(() => device.InFlight == 80, "80 streams at the device");
        gate.Open();
        Assert.All(await Task.WhenAll(pending), reply => Assert.Equal(["first", " second"], Sse.Contents(reply.MustBe(200).Text)));
    }

    [Fact]
    public async Task A_device_that_drops_idle_connections_is_no_trouble()
    {
        await using var device = await shared.AddAsync();
        device.OnRequest = async exchange =>
        {
            await Scripts.Proper(exchange);
            exchange.Reset();
        };
        for (var i = 0; i < 60; i++) (await Node.ChatAsync(device.Model, stream: i % 2 == 0)).MustBe(200);
        Assert.Equal(60, device.Requests.Count);
    }

    [Fact]
    public async Task A_kept_connection_that_turns_out_dead_is_replaced_unseen()
    {
        await using var device = await shared.AddAsync();
        var dropped = 0;
        device.OnRequest = exchange =>
        {
            if (exchange.Request.IndexOnConnection == 0) return Scripts.Proper(exchange);
            Interlocked.Increment(ref dropped);
            return Scripts.Reset(exchange);
        };
        for (var i = 0; i < 40; i++) (await Node.ChatAsync(device.Model, stream: i % 2 == 0)).MustBe(200);
        Assert.True(dropped > 0, "No connection was ever used twice.");
        Assert.True((bool)(await Node.RelayAsync(device))!["healthy"]!);
    }

    [Fact]
    public async Task Connection_close_is_heeded()
    {
        await using var device = await shared.AddAsync();
        device.OnRequest = Scripts.Json(200, Scripts.ChatBody("bye"), "Connection: close\r\n");
        for (var i = 0; i < 5; i++) (await Node.ChatAsync(device.Model)).MustBe(200);
        Assert.Equal(5, device.Requests.Select(request => request.Connection).Distinct().Count());
    }

    [Fact]
    public async Task A_busy_burst_does_not_leave_its_connections_open_for_ever_nor_open_too_many()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 8);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Node.ChatAsync(device.Model)));
        Assert.InRange(device.Connections, 1, 12);
    }
}
