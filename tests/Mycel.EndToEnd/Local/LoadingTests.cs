using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>Models come and go in memory while the node serves.</summary>
public sealed class LoadingTests
{
    [Fact]
    public async Task An_idle_model_leaves_the_memory_and_the_next_request_brings_it_back()
    {
        await using var node = await LocalCalls.StartAsync("engine:\n  idle_unload_s: 1\n");
        await node.InStateAsync("unloaded");
        await Poll.UntilAsync(() => node.EngineIds().Count == 0, "the engine's process has ended");
        Assert.Equal([LocalCalls.Tiny], await node.ModelIdsAsync());
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0", stream: true)).FinishReason);
        var entry = await node.LocalAsync();
        Assert.Equal(0, (int)entry["restarts"]!);
        Assert.Equal(0, (await node.CommandAsync("doctor")).ExitCode);
    }

    [Fact]
    public async Task A_model_in_use_is_not_idle()
    {
        await using var node = await LocalCalls.StartAsync("engine:\n  idle_unload_s: 1\n");
        await using var client = await node.BeginStreamAsync("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":450,\"n\":4");
        Assert.EndsWith(Sse.Done, Encoding.UTF8.GetString(await client.ReadBodyAsync()));
    }

    [Fact]
    public async Task Loading_a_large_model_stalls_neither_the_API_nor_a_stream()
    {
        var path = SharedModels.Path(SharedModels.Smol);
        await using var node = await LocalCalls.StartAsync();
        await using var client = await node.BeginStreamAsync("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":400");
        var loading = node.TellAsync("/v1/node/models/load", new { model = path, context = 1024 });
        var looks = 0;
        var tokens = 0;
        while (!loading.IsCompleted)
        {
            // The connections' own deadlines fail the test where either stalls.
            await node.StatusAsync();
            looks++;
            if ((await client.ReadPieceAsync()).Length == 0) break;
            tokens++;
        }

        (await loading).MustBe(200);
        Assert.True(looks > 1 && tokens > 1, $"{looks} looks, {tokens} pieces of the stream");
        Assert.Equal([SharedModels.Smol, LocalCalls.Tiny], (await node.ModelIdsAsync()).Order(StringComparer.Ordinal));
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
    }

    [Fact]
    public async Task A_long_prompt_holds_up_nobodys_tokens()
    {
        var path = SharedModels.Path(SharedModels.Smol);
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--model", "smol=" + path], Yaml = "engine:\n  context: 2048\n  slots: 2\n" });
        await node.LoadedAsync("smol");
        // Long enough that the prompt is over first.
        await using var client = await node.BeginStreamAsync("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":1900", "smol");
        var prompt = string.Concat(Enumerable.Range(0, 15).Select(i => $"Number {i} is followed by {i + 1}. "));
        var reading = node.AnswerAsync(prompt, "\"max_tokens\":1", model: "smol");
        var pieces = 0;
        while (!reading.IsCompleted)
        {
            Assert.NotEmpty(await client.ReadPieceAsync());
            pieces++;
        }

        Assert.True((await reading).PromptTokens > 150);
        Assert.True(pieces > 2, $"{pieces} pieces of the stream while the prompt was read");
    }

    [Fact]
    public async Task A_reload_takes_models_on_and_off_and_lets_running_answers_end()
    {
        static string Settings(params string[] names) => "models:\n  load:\n" + string.Concat(names.Select(name => $"    - {name}={LocalCalls.DemoFile}\n"));
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = Settings("jane", "emma") });
        await node.LoadedAsync("jane");
        var kept = node.EngineIds();
        await using var client = await node.BeginStreamAsync("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":300", "emma");
        await File.WriteAllTextAsync(node.ConfigFile, Settings("jane", "fanny"));
        var reload = await node.CommandAsync("reload");
        Assert.True(reload.ExitCode == 0, reload.All);
        Assert.Equal(["fanny", "jane"], await node.ModelIdsAsync());
        Assert.EndsWith(Sse.Done, Encoding.UTF8.GetString(await client.ReadBodyAsync()));
        await node.LoadedAsync("fanny");
        await Poll.UntilAsync(() => node.EngineIds().Count == 2, "emma's engine has ended");
        Assert.Contains(node.EngineIds(), kept.Contains);
        (await node.ChatAsync("emma")).MustRefuse(404, "model_not_found");
    }

    [Fact]
    public async Task A_model_is_announced_under_the_name_it_is_given_and_without_one_under_its_files()
    {
        var path = LocalCalls.DemoFile;
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--model", path, "--model", "jane=" + path] });
        Assert.Equal(["jane", "tiny-austen-chat-q8_0"], await node.ModelIdsAsync());
        Assert.Equal(
            (await node.AnswerAsync("hi", "\"temperature\":0", model: "jane")).Text,
            (await node.AnswerAsync("hi", "\"temperature\":0", model: "tiny-austen-chat-q8_0")).Text);
    }
}
