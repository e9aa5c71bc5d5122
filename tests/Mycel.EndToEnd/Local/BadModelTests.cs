using System.Text;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>Files that are no models, or too large ones: the node starts all the same, and says what is wrong where anyone looks.</summary>
public sealed class BadModelTests
{
    [Fact]
    public async Task A_node_starts_with_broken_models_and_tells_of_each()
    {
        using var folder = new TempFolder();
        var good = await File.ReadAllBytesAsync(LocalCalls.DemoFile);
        byte[] corrupt = [.. good];
        // The number of metadata entries.
        corrupt.AsSpan(16, 8).Fill(0x7f);
        var files = new Dictionary<string, byte[]>
        {
            ["cut"] = good[..(good.Length / 2)],
            ["cut-early"] = good[..100],
            ["corrupt"] = corrupt,
            ["page"] = Encoding.UTF8.GetBytes("<!DOCTYPE html><html><body>404 Not Found</body></html>"),
            ["empty"] = [],
        };
        var arguments = new List<string>();
        foreach (var (name, bytes) in files)
        {
            var path = Path.Combine(folder.Path, name + ".gguf");
            await File.WriteAllBytesAsync(path, bytes);
            arguments.AddRange(["--model", path]);
        }

        await using var node = await LocalCalls.StartAsync(null, [.. arguments]);
        foreach (var name in files.Keys)
        {
            var entry = await node.InStateAsync("failed", name);
            Assert.False(string.IsNullOrWhiteSpace((string?)entry["error"]), entry.ToJsonString());
            var refusal = await node.ChatAsync(name);
            Assert.Equal((string?)entry["error"], refusal.MustRefuse(refusal.Status));
            Assert.True(refusal.Status is >= 400 and < 600 and not 404, refusal.Text);
            Assert.Contains($"\"model\":\"{name}\"", node.Output);
        }

        Assert.Contains("cut short", (string?)(await node.LocalAsync("cut"))["error"], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("web page", (string?)(await node.LocalAsync("page"))["error"], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("empty", (string?)(await node.LocalAsync("empty"))["error"], StringComparison.OrdinalIgnoreCase);
        // Not one of them needed an engine to be found out, and the good one beside them works.
        Assert.Single(node.EngineIds());
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
        var list = await node.CommandAsync("models", "list");
        Assert.True(list.ExitCode == 0, list.All);
        Assert.Contains("failed", list.Output);
    }

    [Theory]
    [InlineData("nothing-here.gguf", "There is no model file")]
    [InlineData("", "is a folder")]
    public async Task A_path_without_a_file_is_a_mistake_in_the_command(string name, string told)
    {
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, name);
        var result = await NodeProcess.RunToEndAsync(new NodeSetup { Arguments = ["--demo", "--model", "gone=" + path] });
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(told, result.Output);
        Assert.Contains(folder.Path, result.Output);
    }

    [Fact]
    public async Task A_size_that_does_not_fit_takes_away_nothing_that_did()
    {
        await using var node = await LocalCalls.StartAsync("engine:\n  memory_mb: 60\n");
        var load = await node.CommandAsync("models", "load", LocalCalls.Tiny, "--context", "1000000");
        Assert.Equal(1, load.ExitCode);
        Assert.Contains("needs 2.1 GB", load.Error);
        Assert.Equal([LocalCalls.Tiny], await node.ModelIdsAsync());
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
        Assert.Equal(512, (int)(await node.LocalAsync())["context"]!);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_with_the_numbers()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--demo"], Yaml = "engine:\n  memory_mb: 1\n" });
        var entry = await node.InStateAsync("failed");
        var refusal = await node.ChatAsync(LocalCalls.Tiny);
        var message = refusal.MustRefuse(507, "does_not_fit");
        Assert.Equal((string?)entry["error"], message);
        Assert.Matches(@"\d+(\.\d+)? [KMG]i?B.*1(\.0+)? ?M", message);
        Assert.Empty(node.EngineIds());
        var load = await node.CommandAsync("models", "load", LocalCalls.Tiny);
        Assert.Equal(1, load.ExitCode);
        Assert.Contains("MB", load.Error);
    }
}
