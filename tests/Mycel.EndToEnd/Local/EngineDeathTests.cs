using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>The engine's process dies; nothing else does, and it is back without anyone's help.</summary>
public sealed class EngineDeathTests
{
    private const string Endless = "\"temperature\":0,\"ignore_eos\":true,\"max_tokens\":400";

    [Fact]
    public async Task Killed_in_the_middle_of_an_answer_it_ends_that_answer_in_an_error_and_nothing_else()
    {
        await using var device = FaultyDevice.Start("far");
        await using var node = await LocalCalls.StartAsync(device);
        var first = node.EngineId();
        (await node.TellAsync("/v1/node/models/load", new { model = LocalCalls.DemoFile, name = "beside" })).MustBe(200);
        await using var client = await node.BeginStreamAsync("Tell me a story.", Endless);
        await using var beside = await node.BeginStreamAsync("Tell me a story.", Endless, "beside");
        // Stopped first, so that it cannot end the answer before it is killed.
        ProcessSignals.Send(first, LocalCalls.Stop);
        await using var other = await node.BeginRelayStreamAsync(device);
        ProcessSignals.Send(first, LocalCalls.Kill);

        var rest = System.Text.Encoding.UTF8.GetString(await client.ReadBodyAsync());
        Assert.DoesNotContain("[DONE]", rest);
        var error = JsonNode.Parse(Sse.Events(rest)[^1])!["error"]!;
        Assert.Equal("stream_interrupted", (string?)error["code"]);
        Assert.Equal("server_error", (string?)error["type"]);
        Assert.Contains("again", (string?)error["message"]);

        // The API, the relay's answer and the other model's went on; the model comes back, in another process.
        await node.StatusAsync();
        Assert.EndsWith(Sse.Done, System.Text.Encoding.UTF8.GetString(await other.ReadBodyAsync()));
        Assert.EndsWith(Sse.Done, System.Text.Encoding.UTF8.GetString(await beside.ReadBodyAsync()));
        Assert.Equal(0, (int)(await node.LocalAsync("beside"))["restarts"]!);
        var entry = await node.LoadedAsync();
        Assert.Equal(1, (int)entry["restarts"]!);
        Assert.Equal(2, node.EngineIds().Count);
        Assert.DoesNotContain(first, node.EngineIds());
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
        await node.IdleAsync();
    }

    [Fact]
    public async Task Killed_before_the_first_token_the_caller_gets_an_answer_or_a_refusal_to_try_again()
    {
        await using var node = await LocalCalls.StartAsync();
        foreach (var stream in new[] { false, true })
        {
            var engine = node.EngineId();
            ProcessSignals.Send(engine, LocalCalls.Stop);
            var asked = node.PostAsync(NodeCalls.ChatPath, LocalCalls.Chat("hi", "\"temperature\":0", stream));
            await Poll.UntilAsync(async () => (int)(await node.LocalAsync())["in_flight"]! == 1, "the request is with the engine");
            ProcessSignals.Send(engine, LocalCalls.Kill);
            var reply = await asked;
            if (reply.Status == 200) Assert.Equal("stop", Answer.Of(reply).FinishReason);
            else
            {
                reply.MustRefuse(503, "engine_lost");
                Assert.NotNull(reply["Retry-After"]);
            }

            await node.LoadedAsync();
        }

        // One right after a death waits for the new process instead of failing.
        ProcessSignals.Send(node.EngineId(), LocalCalls.Kill);
        await Poll.UntilAsync(async () => (string?)(await node.LocalAsync())["state"] != "loaded" || (int)(await node.LocalAsync())["restarts"]! == 3, "the node has noticed");
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
        Assert.Equal(3, (int)(await node.LocalAsync())["restarts"]!);
    }

    [Fact]
    public async Task Three_deaths_while_loading_are_enough_and_asking_by_name_tries_again()
    {
        await using var node = await LocalCalls.StartAsync();
        using (var end = new CancellationTokenSource())
        {
            var killing = KillEveryEngineAsync(node, end.Token);
            var entry = await node.InStateAsync("quarantined");
            await end.CancelAsync();
            await killing;
            Assert.Contains("3 times", (string?)entry["error"]);
            Assert.Contains("mycel models load " + LocalCalls.Tiny, (string?)entry["error"]);
        }

        Assert.Empty(node.EngineIds());
        Assert.Contains("3 times", (await node.ChatAsync(LocalCalls.Tiny)).MustRefuse(503, "model_quarantined"));
        Assert.Empty(node.EngineIds());
        var list = await node.CommandAsync("models", "list");
        Assert.Contains("quarantined", list.Output);
        Assert.Contains("3 times", string.Join(' ', list.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(1, (await node.CommandAsync("doctor")).ExitCode);

        var load = await node.CommandAsync("models", "load", LocalCalls.Tiny);
        Assert.True(load.ExitCode == 0, load.All);
        await node.LoadedAsync();
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
    }

    private static async Task KillEveryEngineAsync(NodeProcess node, CancellationToken end)
    {
        var killed = new HashSet<int>();
        while (!end.IsCancellationRequested)
        {
            foreach (var engine in node.EngineIds())
            {
                if (killed.Add(engine)) ProcessSignals.Send(engine, LocalCalls.Kill);
            }

            await Task.Delay(5, CancellationToken.None);
        }
    }
}
