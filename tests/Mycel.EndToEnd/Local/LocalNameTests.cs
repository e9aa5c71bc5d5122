using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>A model that both this node and a device have: the plain name is this node's while it has room, and the device takes over when it has not.</summary>
public sealed class LocalNameTests
{
    private const string Relayed = "Hello there!";

    /// <summary>What the local model says where it is given no choice.</summary>
    private const string Own = "\"mine\"";

    private const string Only = "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{\"const\":\"mine\"}}}";

    [Fact]
    public async Task Each_name_means_what_the_list_says()
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await LocalCalls.StartAsync(device);
        var listed = (await node.AskAsync("/v1/models"))["data"]!.AsArray().ToDictionary(model => (string)model!["id"]!, model => (string)model!["owned_by"]!);
        Assert.Equal(new Dictionary<string, string> { [LocalCalls.Tiny] = "local", ["relay:" + LocalCalls.Tiny] = "relay" }, listed);
        for (var i = 0; i < 4; i++) Assert.NotEqual(Relayed, TextOf(await node.ChatAsync(LocalCalls.Tiny)));
        Assert.Empty(device.Requests);
        Assert.Equal(Relayed, TextOf(await node.ChatAsync("relay:" + LocalCalls.Tiny)));
        Assert.Single(device.Requests);
    }

    [Fact]
    public async Task When_this_node_is_busy_the_device_takes_over_and_who_wants_this_node_alone_waits()
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await LocalCalls.StartAsync(device, "engine:\n  slots: 1\n");
        ProcessSignals.Send(node.EngineId(), LocalCalls.Stop);
        var here = node.ChatAsync(LocalCalls.Tiny, more: ",\"max_tokens\":4");
        await Poll.UntilAsync(async () => (int)(await node.LocalAsync())["in_flight"]! == 1, "the request is with the engine");
        var pinned = node.ChatAsync("local:" + LocalCalls.Tiny, more: ",\"max_tokens\":4");
        await node.QueuedAsync(1);
        for (var i = 0; i < 3; i++) Assert.Equal(Relayed, TextOf(await node.ChatAsync(LocalCalls.Tiny)));
        ProcessSignals.Send(node.EngineId(), LocalCalls.Continue);
        Assert.All(await Task.WhenAll(here, pinned), reply => Assert.NotEqual(Relayed, TextOf(reply)));
        Assert.Equal(3, device.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_stands_in_for_an_engine_that_died_before_its_first_token(bool stream)
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await LocalCalls.StartAsync(device);
        // The first request takes longer until it is with the engine than the engine does to come back.
        await node.AnswerAsync("hi", Only);
        var engine = node.EngineId();
        ProcessSignals.Send(engine, LocalCalls.Stop);
        var asked = node.ChatAsync(LocalCalls.Tiny, stream, "," + Only);
        await Poll.UntilAsync(async () => (int)(await node.LocalAsync())["in_flight"]! == 1, "the request is with the engine");
        ProcessSignals.Send(engine, LocalCalls.Kill);
        var reply = (await asked).MustBe(200);
        // One that came to the engine a moment too late has waited for the next.
        var attempts = Answer.Of(reply).Text == Own ? 1 : 2;
        Assert.Equal(attempts, (int)(await node.RecordAsync(reply["X-Request-ID"]!))["attempts"]!);
        Assert.Equal(attempts - 1, device.Requests.Count);
        await node.LoadedAsync();
        await Poll.UntilAsync(async () => TextOf(await node.ChatAsync(LocalCalls.Tiny)) != Relayed, "this node answers again once its failure has been a moment ago");
    }

    [Fact]
    public async Task A_device_stands_in_for_a_model_that_cannot_be_loaded()
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--demo"], Devices = [device], Yaml = "engine:\n  memory_mb: 1\n" });
        await node.InStateAsync("failed");
        Assert.Equal(Relayed, TextOf(await node.ChatAsync(LocalCalls.Tiny)));
    }

    [Fact]
    public async Task A_mistake_in_the_request_is_no_reason_to_ask_the_device()
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await LocalCalls.StartAsync(device);
        (await node.ChatAsync(LocalCalls.Tiny, more: ",\"no_such_field\":1")).MustRefuse(400, "unsupported_parameter");
        Assert.Empty(device.Requests);
    }

    private static string TextOf(Reply reply) => (string)reply.MustBe(200).Json["choices"]![0]!["message"]!["content"]!;
}
