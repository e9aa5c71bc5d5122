using System.Diagnostics;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>SIGTERM: no new work; running work finishes, up to a limit.</summary>
public sealed class DrainTests
{
    [Theory]
    [InlineData(ProcessSignals.Terminate)]
    [InlineData(ProcessSignals.Interrupt)]
    public async Task Running_work_finishes_while_new_work_is_refused(int signal)
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var gate = new Gate();
        device.Next(Scripts.StreamHeldAfterFirstToken(gate), Scripts.Held(gate, Scripts.Proper));
        using var stream = await node.BeginChatAsync("m");
        var plain = node.ChatAsync("m");
        await device.RequestAsync(2);
        await using var idle = await RawConnection.OpenAsync(node);
        var first = await idle.ExchangeAsync(System.Text.Encoding.ASCII.GetBytes("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        Assert.Equal(200, first.Head.Status);

        node.Signal(signal);
        await Poll.UntilAsync(async () => (string?)(await node.StatusAsync())["state"] == "draining", "the node drains");
        var refused = Reply.From(await idle.ExchangeAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody("m"))));
        refused.MustRefuse(503, "draining");
        Assert.NotNull(refused["Retry-After"]);
        Assert.Equal(2, device.Requests.Count);

        gate.Open();
        Assert.Equal(["first", " second"], Sse.Contents(await stream.Content.ReadAsStringAsync()));
        (await plain).MustBe(200);
        Assert.Equal(0, await node.WaitForExitAsync(TimeSpan.FromSeconds(5)));
        Assert.DoesNotContain("   at ", node.Output);
    }

    [Fact]
    public async Task A_node_at_rest_stops_at_once()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        (await node.ChatAsync("m")).MustBe(200);
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, await node.StopAsync());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"{clock.Elapsed.TotalSeconds:0.00} s");
        Assert.DoesNotContain("   at ", node.Output);
        Assert.False(File.Exists(Path.Combine(node.DataDir, "run", "control.sock")), "The control socket was left behind.");
    }

    [Fact]
    public async Task Work_that_outlasts_the_limit_is_told_so()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "drain_s: 1\n", Devices = [device] });
        device.Next(Scripts.StreamThen(End.Hang, Sse.Role(), Sse.Token("one")), Scripts.HangAsync);
        using var stream = await node.BeginChatAsync("m");
        var plain = node.ChatAsync("m");
        await device.RequestAsync(2);
        var clock = Stopwatch.StartNew();
        node.Signal(ProcessSignals.Terminate);
        var text = await stream.Content.ReadAsStringAsync();
        Assert.Contains("\"error\"", text);
        Assert.DoesNotContain("[DONE]", text);
        (await plain).MustRefuse(503, "draining");
        await node.WaitForExitAsync(TimeSpan.FromSeconds(5));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 4);
    }

    [Fact]
    public async Task A_request_that_waits_when_the_node_drains_is_served_or_told_so()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  max_concurrent: 1\n", Devices = [device] });
        var gate = new Gate();
        device.Next(Scripts.Held(gate, Scripts.Proper));
        var running = node.ChatAsync("m");
        await device.RequestAsync();
        var waiting = node.ChatAsync("m");
        await node.QueuedAsync(1);
        node.Signal(ProcessSignals.Terminate);
        await Poll.UntilAsync(async () => (string?)(await node.StatusAsync())["state"] == "draining", "the node drains");
        gate.Open();
        (await running).MustBe(200);
        var reply = await waiting.WaitAsync(TimeSpan.FromSeconds(3));
        if (reply.Status != 200) reply.MustRefuse(503, "draining");
        Assert.Equal(0, await node.WaitForExitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_killed_node_starts_again_in_the_same_folder()
    {
        await using var device = FaultyDevice.Start("m");
        TempFolder folder;
        string id;
        await using (var node = await NodeProcess.StartAsync(device))
        {
            id = (string)(await node.StatusAsync())["node_id"]!;
            folder = node.KeepFolder();
            node.Kill();
        }

        await using var again = await NodeProcess.StartAsync(new NodeSetup { Devices = [device], Folder = folder });
        (await again.ChatAsync("m")).MustBe(200);
        Assert.Equal(id, (string?)(await again.StatusAsync())["node_id"]);
    }
}
