using System.Diagnostics;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Devices that say nothing, or stop saying it.</summary>
public sealed class SilenceTests
{
    private const string Impatient = "relay:\n  first_output_s: 1\n  idle_s: 1\n";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_silent_past_its_time_is_left_for_another(bool stream)
    {
        await using var first = FaultyDevice.Start("m");
        await using var second = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = Impatient, Devices = [first, second] });
        var asked = 0;
        first.OnRequest = second.OnRequest = exchange => Interlocked.Increment(ref asked) == 1 ? Scripts.HangAsync(exchange) : Scripts.Proper(exchange);
        var clock = Stopwatch.StartNew();
        var reply = (await node.ChatAsync("m", stream)).MustBe(200);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 3);
        Assert.Equal("2", reply["X-Mycel-Attempts"]);
        var hung = first.Requests.Concat(second.Requests).MinBy(request => request.ArrivedAt)!;
        await hung.Closed.WaitAsync(TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_every_device_is_silent_the_answer_is_504(bool stream)
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = Impatient, Devices = [device] });
        device.OnRequest = stream ? Scripts.StreamThen(End.Hang, Sse.Role()) : Scripts.HangAsync;
        (await node.ChatAsync("m", stream)).MustRefuse(504, "upstream_timeout");
        await (await device.RequestAsync()).Closed.WaitAsync(TimeSpan.FromSeconds(1));
        await node.IdleAsync();
    }

    [Fact]
    public async Task Silence_after_the_first_token_ends_in_an_error_event()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = Impatient, Devices = [device] });
        device.OnRequest = Scripts.StreamThen(End.Hang, Sse.Role(), Sse.Token("one"));
        var clock = Stopwatch.StartNew();
        var reply = (await node.ChatAsync("m", stream: true)).MustBe(200);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 4);
        Assert.Contains("one", reply.Text);
        Assert.Contains("\"error\"", reply.Text);
        Assert.DoesNotContain("[DONE]", reply.Text);
        await (await device.RequestAsync()).Closed.WaitAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_slow_device_that_does_speak_is_waited_for()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  first_output_s: 10\n  idle_s: 1\n", Devices = [device] });
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var pending = node.ChatAsync("m");
        await device.RequestAsync();
        await Poll.UntilAsync(() => node.Started.Elapsed > TimeSpan.FromSeconds(3.5), "a few seconds of thought");
        Assert.False(pending.IsCompleted);
        gate.Open();
        (await pending).MustBe(200);
    }

    [Fact]
    public async Task A_client_that_waits_long_for_a_stream_is_kept_awake_with_comments()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  keep_alive_s: 1\n", Devices = [device] });
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        await using var client = await RawConnection.OpenAsync(node);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody("m", stream: true)));
        var head = await client.ReadHeadAsync();
        Assert.Equal(200, head.Status);
        Assert.StartsWith("text/event-stream", head["Content-Type"]);
        var comment = System.Text.Encoding.UTF8.GetString(await client.ReadPieceAsync());
        Assert.StartsWith(":", comment);
        Assert.EndsWith("\n\n", comment);
        gate.Open();
        var rest = System.Text.Encoding.UTF8.GetString(await client.ReadBodyAsync());
        Assert.Equal(["Hello", " there", "!"], Sse.Contents(rest));
        Assert.EndsWith(Sse.Done, rest);
    }

    [Fact]
    public async Task A_failure_after_keep_alive_comments_is_an_error_event()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "relay:\n  keep_alive_s: 1\n", Devices = [device] });
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Json(503, """{"error":{"message":"no","type":"x","param":null,"code":null}}"""));
        using var pending = await node.BeginChatAsync("m");
        Assert.Equal(200, (int)pending.StatusCode);
        gate.Open();
        var text = await pending.Content.ReadAsStringAsync();
        Assert.Contains("\"error\"", text);
        Assert.DoesNotContain("[DONE]", text);
    }

    [Fact]
    public async Task A_deadline_of_the_whole_request_ends_it_in_time()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        device.OnRequest = Scripts.HangAsync;
        var clock = Stopwatch.StartNew();
        (await node.ChatAsync("m", false, "", ("X-Mycel-Deadline-Ms", "400"))).MustRefuse(504, "deadline_exceeded");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.35, 1.5);
        await device.Requests[0].Closed.WaitAsync(TimeSpan.FromSeconds(1));
        await node.IdleAsync();

        device.OnRequest = Scripts.StreamThen(End.Hang, Sse.Role(), Sse.Token("one"));
        var reply = (await node.ChatAsync("m", true, "", ("X-Mycel-Deadline-Ms", "400"))).MustBe(200);
        Assert.Contains("stream_interrupted", reply.Text);
        Assert.Contains("X-Mycel-Deadline-Ms", reply.Text);
        Assert.DoesNotContain("[DONE]", reply.Text);

        foreach (var wrong in new[] { "soon", "-1", "0", "1.5e99" })
        {
            (await node.ChatAsync("m", false, "", ("X-Mycel-Deadline-Ms", wrong))).MustRefuse(400);
        }
    }
}
