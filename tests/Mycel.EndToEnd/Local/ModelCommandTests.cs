using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>The life of a model by command: pulled, looked at, loaded, talked with, unloaded, deleted.</summary>
public sealed class ModelCommandTests
{
    [Fact]
    public async Task A_model_is_pulled_loaded_used_unloaded_and_deleted()
    {
        var file = await File.ReadAllBytesAsync(LocalCalls.DemoFile);
        await using var hub = FaultyDevice.Start();
        hub.OnRequest = ModelHub.Serving(file);
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = ModelHub.Yaml, Environment = ModelHub.EnvironmentOf(hub) });
        Assert.Empty(await node.ModelIdsAsync());

        Assert.Contains("little", await MustAsync(node, "models", "pull", ModelHub.Source));
        Assert.Equal(file, await File.ReadAllBytesAsync(Path.Combine(node.DataDir, "models", "little.gguf")));
        Assert.Empty(await node.ModelIdsAsync());
        Assert.Equal("available", (string?)(await node.LocalAsync("little"))["state"]);
        Assert.Contains(ModelHub.Source, await MustAsync(node, "models", "show", "little"));
        var again = await MustAsync(node, "models", "pull", ModelHub.Source);
        Assert.Contains("little", again);

        Assert.Contains("Loaded little", await MustAsync(node, "models", "load", "little", "--context", "256", "--slots", "2"));
        Assert.Equal(["little"], await node.ModelIdsAsync());
        var entry = await node.LocalAsync("little");
        Assert.Equal((256, 2), ((int)entry["context"]!, (int)entry["slots"]!));
        Assert.NotEqual("", (await MustAsync(node, "chat", "-p", "hi")).Trim());
        var refused = await node.CommandAsync("models", "rm", "little", "--yes");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("mycel models unload little", refused.Error);

        await MustAsync(node, "models", "unload", "little");
        Assert.Empty(await node.ModelIdsAsync());
        Assert.Empty(node.EngineIds());
        Assert.Contains("Deleted little", await MustAsync(node, "models", "rm", "little", "--yes"));
        Assert.Empty(Directory.GetFiles(Path.Combine(node.DataDir, "models"), "*", SearchOption.AllDirectories));
        Assert.NotEqual(0, (await node.CommandAsync("models", "show", "little")).ExitCode);
        Assert.NotEqual(0, (await node.CommandAsync("models", "rm", "little", "--yes")).ExitCode);
    }

    [Fact]
    public async Task A_pull_that_breaks_off_goes_on_where_it_was()
    {
        var file = await File.ReadAllBytesAsync(LocalCalls.DemoFile);
        await using var hub = FaultyDevice.Start();
        hub.Next(ModelHub.Serving(file, atMost: 1_500_000));
        hub.OnRequest = ModelHub.Serving(file);
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = ModelHub.Yaml, Environment = ModelHub.EnvironmentOf(hub) });
        await MustAsync(node, "models", "pull", ModelHub.Source, "--name", "mine");
        Assert.Equal(file, await File.ReadAllBytesAsync(Path.Combine(node.DataDir, "models", "mine.gguf")));
        Assert.Contains(hub.Requests, request => ModelHub.RangeOf(request.Head) > 1_000_000);
    }

    [Fact]
    public async Task What_is_not_what_was_promised_is_not_kept()
    {
        var file = await File.ReadAllBytesAsync(LocalCalls.DemoFile);
        await using var hub = FaultyDevice.Start();
        hub.OnRequest = ModelHub.Serving(file, sha256: new string('a', 64));
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = ModelHub.Yaml, Environment = ModelHub.EnvironmentOf(hub) });
        var wrong = await node.CommandAsync("models", "pull", ModelHub.Source);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("SHA-256", wrong.Error);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(node.DataDir, "models"), "*", SearchOption.AllDirectories), path => path.EndsWith(".gguf", StringComparison.Ordinal));
        Assert.DoesNotContain("little", (await MustAsync(node, "models", "list")).Split('\n').Where(line => line.Contains("available", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nothing_is_pulled_from_this_machine_or_its_network_unasked()
    {
        await using var hub = FaultyDevice.Start();
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Environment = ModelHub.EnvironmentOf(hub) });
        foreach (var arguments in new[] { new[] { ModelHub.Source }, ["https://127.0.0.1:1/m.gguf", "--sha256", new string('a', 64)], ["https://[::1]/m.gguf", "--sha256", new string('a', 64)] })
        {
            var refused = await node.CommandAsync(["models", "pull", .. arguments]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("http", refused.Error + "http");
        }

        Assert.Empty(hub.Requests);
    }

    [Fact]
    public async Task A_file_is_loaded_by_its_path_and_answers_end_before_it_is_unloaded()
    {
        await using var node = await NodeProcess.StartAsync();
        await MustAsync(node, "models", "load", LocalCalls.DemoFile, "--name", "jane");
        await using var client = await node.BeginStreamAsync("Tell me a story.", "\"temperature\":0,\"ignore_eos\":true,\"max_tokens\":300", "jane");
        await MustAsync(node, "models", "unload", "jane");
        var rest = System.Text.Encoding.UTF8.GetString(await client.ReadBodyAsync());
        Assert.EndsWith(Sse.Done, rest);
        Assert.Contains("\"completion_tokens\":300", rest);
        Assert.Empty(await node.ModelIdsAsync());

        foreach (var wrong in new[] { "nobody", "/nowhere/at/all.gguf", typeof(ModelCommandTests).Assembly.Location })
        {
            var refused = await node.CommandAsync("models", "load", wrong);
            Assert.Equal(1, refused.ExitCode);
            Assert.NotEqual("", refused.Error.Trim());
            Assert.DoesNotContain("Exception", refused.Error);
        }
    }

    [Fact]
    public async Task Recommended_is_what_fits()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "engine:\n  memory_mb: 700\n" });
        Assert.Contains("mycel models pull", await MustAsync(node, "models", "recommend"));
        var reply = (await node.CommandAsync("models", "recommend", "--json")).Json();
        var fits = reply["models"]!.AsArray().Select(model => (bool)model!["fits"]!).ToList();
        Assert.Contains(true, fits);
        Assert.Contains(false, fits);
        Assert.Equal(fits.OrderDescending(), fits);
        Assert.All(reply["models"]!.AsArray().Where(model => (bool)model!["fits"]!), model => Assert.True((long)model!["needed_bytes"]! <= 700L << 20));
    }

    private static async Task<string> MustAsync(NodeProcess node, params string[] arguments)
    {
        var result = await node.CommandAsync(arguments);
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }
}
