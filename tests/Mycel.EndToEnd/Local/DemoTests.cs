using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary><c>mycel serve --demo</c> on a fresh machine without a network answers, by HTTP and by every command.</summary>
public sealed class DemoTests(DemoNode demo) : IClassFixture<DemoNode>
{
    private NodeProcess Node => demo.Node;

    [Fact]
    public async Task An_empty_folder_and_no_network_are_enough()
    {
        // Whatever would fetch something over HTTP is sent to a port where nobody listens.
        var nowhere = new[] { "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY" }.ToDictionary(name => name, _ => "http://127.0.0.1:1");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--demo"], Environment = nowhere });
        // No wait for the model: a request that comes early waits itself.
        var plain = await node.AnswerAsync("hi", "\"temperature\":0");
        Assert.True(plain.Text.Length > 5, plain.Seen);
        Assert.Equal("stop", plain.FinishReason);
        var streamed = await node.AnswerAsync("hi", "\"temperature\":0", stream: true);
        Assert.Equal(plain.Seen, streamed.Seen);
    }

    [Fact]
    public async Task The_model_is_listed_under_its_plain_name()
    {
        var model = Assert.Single((await Node.GetAsync("/v1/models")).MustBe(200).Json["data"]!.AsArray())!;
        Assert.Equal(LocalCalls.Tiny, (string?)model["id"]);
        Assert.Equal("local", (string?)model["owned_by"]);
        Assert.Equal(LocalCalls.Tiny, (string?)(await Node.GetAsync("/v1/models/" + LocalCalls.Tiny)).MustBe(200).Json["id"]);
        (await Node.ChatAsync("relay:" + LocalCalls.Tiny)).MustRefuse(404, "model_not_found");
    }

    [Fact]
    public async Task A_question_on_the_command_line_is_answered()
    {
        var answer = await Node.CommandAsync("chat", "-p", "hi");
        Assert.True(answer.ExitCode == 0, answer.All);
        Assert.True(answer.Output.Trim().Length > 1, answer.All);
        Assert.DoesNotContain("<|im_", answer.Output);
    }

    [Fact]
    public async Task Status_tells_of_the_model_and_its_slots()
    {
        var entry = await Node.LocalAsync();
        var status = await Node.StatusAsync();
        Assert.Equal(1, (int)status["models"]!);
        Assert.Equal((int)entry["slots"]!, (int)status["slots"]!["total"]!);
        var words = await Node.CommandAsync("status");
        Assert.True(words.ExitCode == 0, words.All);
        Assert.Contains(LocalCalls.Tiny, words.Output);
        Assert.DoesNotContain("0 of 0 in use", words.Output);
    }

    [Fact]
    public async Task The_models_commands_list_and_show_it()
    {
        var list = await Node.CommandAsync("models", "list");
        Assert.True(list.ExitCode == 0, list.All);
        Assert.Contains(LocalCalls.Tiny, list.Output);
        Assert.Contains("loaded", list.Output);
        var listed = Assert.Single((await Node.CommandAsync("models", "list", "--json")).Json()["models"]!.AsArray())!;
        Assert.Equal("loaded", (string?)listed["state"]);
        Assert.Equal("demo", (string?)listed["source"]);

        var show = await Node.CommandAsync("models", "show", LocalCalls.Tiny);
        Assert.True(show.ExitCode == 0, show.All);
        foreach (var fact in new[] { LocalCalls.Tiny, "llama", "Q8_0", "512" }) Assert.Contains(fact, show.Output);
        Assert.NotEqual(0, (await Node.CommandAsync("models", "show", "nobody")).ExitCode);
    }

    [Fact]
    public async Task Doctor_finds_nothing_amiss_where_a_model_is_served_without_any_device()
    {
        var doctor = await Node.CommandAsync("doctor", "--json");
        Assert.True(doctor.ExitCode == 0, doctor.All);
        var checks = doctor.Json()["checks"]!.AsArray();
        Assert.All(checks, check => Assert.True((string?)check!["status"] is "ok" or "skipped", check!.ToJsonString()));
        Assert.Contains(checks, check => check!.ToJsonString().Contains(LocalCalls.Tiny, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_is_unloaded_and_loaded_by_command()
    {
        await using var node = await LocalCalls.StartAsync();
        var unloaded = await node.CommandAsync("models", "unload", LocalCalls.Tiny);
        Assert.True(unloaded.ExitCode == 0, unloaded.All);
        Assert.Empty(await node.ModelIdsAsync());
        await Poll.UntilAsync(() => node.EngineIds().Count == 0, "the engine's process has ended");
        (await node.ChatAsync(LocalCalls.Tiny)).MustRefuse(404, "model_not_found");
    }
}
