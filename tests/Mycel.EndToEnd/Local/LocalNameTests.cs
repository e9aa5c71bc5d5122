using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>A model that both this node and a device have: the plain name is this node's, the relay's is the device's, and one stands in for the other where it may.</summary>
public sealed class LocalNameTests
{
    private const string Relayed = "Hello there!";

    [Fact]
    public async Task Each_name_means_what_the_list_says()
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await LocalCalls.StartAsync(null, "--relay", device.Url);
        var listed = (await node.AskAsync("/v1/models"))["data"]!.AsArray().ToDictionary(model => (string)model!["id"]!, model => (string)model!["owned_by"]!);
        Assert.Equal(new Dictionary<string, string> { [LocalCalls.Tiny] = "local", ["relay:" + LocalCalls.Tiny] = "relay" }, listed);
        for (var i = 0; i < 4; i++) Assert.NotEqual(Relayed, TextOf(await node.ChatAsync(LocalCalls.Tiny)));
        Assert.Empty(device.Requests);
        Assert.Equal(Relayed, TextOf(await node.ChatAsync("relay:" + LocalCalls.Tiny)));
        Assert.Single(device.Requests);
    }

    [Fact]
    public async Task Busy_places_are_waited_for_and_no_reason_to_ask_the_device()
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await LocalCalls.StartAsync("engine:\n  slots: 1\n", "--relay", device.Url);
        ProcessSignals.Send(node.EngineId(), LocalCalls.Stop);
        var asked = Enumerable.Range(0, 3).Select(_ => node.ChatAsync(LocalCalls.Tiny, more: ",\"max_tokens\":4")).ToList();
        await node.QueuedAsync(2);
        ProcessSignals.Send(node.EngineId(), LocalCalls.Continue);
        Assert.All(await Task.WhenAll(asked), reply => Assert.NotEqual(Relayed, TextOf(reply)));
        Assert.Empty(device.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_stands_in_for_an_engine_that_died_before_its_first_token(bool stream)
    {
        await using var device = FaultyDevice.Start(LocalCalls.Tiny);
        await using var node = await LocalCalls.StartAsync(null, "--relay", device.Url);
        var engine = node.EngineId();
        ProcessSignals.Send(engine, LocalCalls.Stop);
        var asked = node.ChatAsync(LocalCalls.Tiny, stream);
        await Poll.UntilAsync(async () => (int)(await node.LocalAsync())["in_flight"]! == 1, "the request is with the engine");
        ProcessSignals.Send(engine, LocalCalls.Kill);
        var reply = (await asked).MustBe(200);
        Assert.Contains("Hello", reply.Text);
        var rec = await node.RecordAsync(reply["X-Request-ID"]!);
        Assert.True(2 == (int)rec["attempts"]!, rec.ToJsonString() + reply.Text + node.Output);
        await node.LoadedAsync();
        Assert.NotEqual(Relayed, TextOf(await node.ChatAsync(LocalCalls.Tiny)));
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
        await using var node = await LocalCalls.StartAsync(null, "--relay", device.Url);
        (await node.ChatAsync(LocalCalls.Tiny, more: ",\"no_such_field\":1")).MustRefuse(400, "unsupported_parameter");
        Assert.Empty(device.Requests);
    }

    private static string TextOf(Reply reply) => (string)reply.MustBe(200).Json["choices"]![0]!["message"]!["content"]!;
}
