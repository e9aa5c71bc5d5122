using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>The command line against a running node, and without one.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Status_in_words_and_in_JSON()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var words = await node.CommandAsync("status");
        Assert.True(words.ExitCode == 0, words.All);
        Assert.Contains(node.Url, words.Output);
        var json = await node.CommandAsync("status", "--json");
        Assert.Equal(0, json.ExitCode);
        Assert.Equal((string?)(await node.StatusAsync())["node_id"], (string?)json.Json()["node_id"]);
    }

    [Fact]
    public async Task Top_writes_one_page_where_no_terminal_is()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var page = await node.CommandAsync("top");
        Assert.True(page.ExitCode == 0, page.All);
        Assert.Contains("is ready, up", page.Output);
        Assert.Contains("SERVED BY", page.Output);
        Assert.Contains("online", page.Output);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("status", "--json")]
    [InlineData("top")]
    [InlineData("relay", "list")]
    [InlineData("relay", "add", "http://127.0.0.1:1")]
    [InlineData("reload")]
    [InlineData("chat", "-p", "hi")]
    public async Task Without_a_node_it_says_so(params string[] command)
    {
        using var folder = new TempFolder();
        // A port of its own: another node of this machine may listen on the usual one.
        var result = await MycelCommand.RunAsync(folder.Path, Path.Combine(folder.Path, "data"), command, new Dictionary<string, string> { ["MYCEL_PORT"] = "1" });
        Assert.True(result.ExitCode == 3, $"{result.ExitCode}: {result.All}");
        Assert.Contains("mycel serve", result.Error);
        Assert.Equal("", result.Output);
    }

    [Fact]
    public async Task Relays_are_added_listed_refreshed_and_removed()
    {
        await using var device = FaultyDevice.Start("m");
        await using var dead = FaultyDevice.Start();
        dead.Die();
        await using var node = await NodeProcess.StartAsync();
        Assert.Empty((await node.CommandAsync("relay", "list", "--json")).Json()["relays"]!.AsArray());

        var added = await node.CommandAsync("relay", "add", device.Url, "--name", "desk", "--max-concurrent", "4");
        Assert.True(added.ExitCode == 0, added.All);
        Assert.Contains("desk", added.All);
        (await node.ChatAsync("relay:desk:m")).MustBe(200);

        var refused = await node.CommandAsync("relay", "add", dead.Url);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(dead.Url, refused.Error);
        var twice = await node.CommandAsync("relay", "add", device.Url);
        Assert.NotEqual(0, twice.ExitCode);

        var list = await node.CommandAsync("relay", "list", "--json");
        var entry = Assert.Single(list.Json()["relays"]!.AsArray())!;
        Assert.Equal("desk", (string?)entry["name"]);
        Assert.Equal(4, (int?)entry["max_concurrent"]);
        var table = await node.CommandAsync("relay", "list");
        Assert.Contains("desk", table.Output);

        device.Models = ["m", "n"];
        Assert.Equal(0, (await node.CommandAsync("relay", "refresh")).ExitCode);
        (await node.ChatAsync("n")).MustBe(200);

        Assert.Equal(0, (await node.CommandAsync("relay", "remove", "desk")).ExitCode);
        Assert.Equal(1, (await node.CommandAsync("relay", "remove", "desk")).ExitCode);
        Assert.Empty(await node.ModelIdsAsync());
    }

    [Fact]
    public async Task Keys_made_beside_a_running_node_count_at_once()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var made = await node.CommandAsync("keys", "create", "--name", "laptop", "--json");
        Assert.True(made.ExitCode == 0, made.All);
        var secret = (string)made.Json()["secret"]!;
        await Poll.UntilAsync(async () => (await node.ChatAsync("m")).Status == 401, "the node knows the new key");
        (await node.ChatAsync("m", false, "", ("x-api-key", secret))).MustBe(200);

        var words = await node.CommandAsync("keys", "create", "--name", "phone", "--scope", "admin");
        Assert.Equal(0, words.ExitCode);
        Assert.Matches("mycel-[A-Za-z0-9_-]{43}", words.All);
        var list = await node.CommandAsync("keys", "list", "--json");
        Assert.Equal(["laptop", "phone"], list.Json()["keys"]!.AsArray().Select(key => (string)key!["name"]!));
        Assert.DoesNotContain(secret, list.Output);
        Assert.Contains("laptop", (await node.CommandAsync("keys", "list")).Output);

        Assert.NotEqual(0, (await node.CommandAsync("keys", "create", "--name", "laptop")).ExitCode);
        Assert.Equal(0, (await node.CommandAsync("keys", "revoke", "laptop")).ExitCode);
        await Poll.UntilAsync(async () => (await node.ChatAsync("m", false, "", ("x-api-key", secret))).Status == 401, "the key is revoked in the running node");
        Assert.Equal(1, (await node.CommandAsync("keys", "revoke", "laptop")).ExitCode);
        Assert.Equal(2, (await node.CommandAsync("keys", "create")).ExitCode);
    }

    [Fact]
    public async Task Another_node_is_reached_by_its_address_and_a_key()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var admin = await node.CreateKeyAsync("a", "admin");
        var user = await node.CreateKeyAsync("u");
        using var elsewhere = new TempFolder();
        Task<CommandResult> Run(params string[] command) => MycelCommand.RunAsync(elsewhere.Path, Path.Combine(elsewhere.Path, "data"), command);

        Assert.Equal(0, (await Run("status", "--endpoint", node.Url, "--key", admin)).ExitCode);
        Assert.Equal(4, (await Run("status", "--endpoint", node.Url)).ExitCode);
        Assert.Equal(4, (await Run("status", "--endpoint", node.Url, "--key", user)).ExitCode);
        Assert.Equal(3, (await Run("status", "--endpoint", "http://127.0.0.1:1", "--key", user)).ExitCode);
        Assert.InRange((await Run("status", "--endpoint", "non sense")).ExitCode, 2, 3);
        var byEnvironment = await MycelCommand.RunAsync(
            elsewhere.Path, Path.Combine(elsewhere.Path, "data"), ["status", "--json"], new Dictionary<string, string> { ["MYCEL_ENDPOINT"] = node.Url, ["MYCEL_API_KEY"] = admin });
        Assert.Equal(0, byEnvironment.ExitCode);
        Assert.NotNull(byEnvironment.Json()["node_id"]);
    }

    [Fact]
    public async Task One_question_prints_its_answer_and_nothing_else()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var answer = await node.CommandAsync("chat", "-p", "Say hello");
        Assert.True(answer.ExitCode == 0, answer.All);
        Assert.Equal("Hello there!", answer.Output.Trim());
        Assert.Equal("Say hello", (string?)device.Requests[0].Json["messages"]!.AsArray()[^1]!["content"]);
        Assert.True((bool)device.Requests[0].Json["stream"]!);

        var unknown = await node.CommandAsync("chat", "-m", "nobody", "-p", "hi");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("nobody", unknown.Error);
        device.Next(Scripts.StreamThen(End.Reset, Sse.Role(), Sse.Token("half an ans")));
        var broken = await node.CommandAsync("chat", "-p", "hi");
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("half an ans", broken.Output);
        Assert.NotEqual("", broken.Error.Trim());
    }

    [Fact]
    public async Task Doctor_finds_nothing_wrong_with_a_good_node_and_names_what_is_wrong_with_a_bad_one()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var good = await node.CommandAsync("doctor");
        Assert.True(good.ExitCode == 0, good.All);
        var json = (await node.CommandAsync("doctor", "--json")).Json();
        Assert.True((bool)json["ok"]!);

        // It lists, but it does not generate.
        device.OnRequest = Scripts.Json(500, """{"error":{"message":"CUDA error","type":"x","param":null,"code":null}}""");
        var bad = await node.CommandAsync("doctor", "--json");
        Assert.Equal(1, bad.ExitCode);
        var failed = bad.Json()["checks"]!.AsArray().Where(check => (string?)check!["status"] == "failed").ToList();
        Assert.NotEmpty(failed);
        Assert.All(failed, check => Assert.False(string.IsNullOrEmpty((string?)check!["remedy"])));
        Assert.Contains(failed, check => check!.ToJsonString().Contains("500", StringComparison.Ordinal) || check.ToJsonString().Contains("CUDA", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Help_and_version()
    {
        using var folder = new TempFolder();
        Task<CommandResult> Run(params string[] command) => MycelCommand.RunAsync(folder.Path, Path.Combine(folder.Path, "data"), command);
        Assert.Matches(@"\d+\.\d+\.\d+", (await Run("--version")).Output);
        var help = await Run("--help");
        Assert.Equal(0, help.ExitCode);
        foreach (var command in new[] { "serve", "relay", "keys", "config", "chat", "status", "doctor", "reload", "completion" })
        {
            Assert.Contains(command, help.Output);
            Assert.Equal(0, (await Run(command, "--help")).ExitCode);
        }

        foreach (var shell in new[] { "bash", "fish", "zsh" }) Assert.Contains("mycel", (await Run("completion", shell)).Output);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "data")), "Asking for help made a data folder.");
    }

    [Fact]
    public async Task A_secret_is_kept_from_a_pipe_and_never_shown()
    {
        await using var device = FaultyDevice.Start("m");
        using var folder = new TempFolder();
        var data = Path.Combine(folder.Path, "data");
        var set = await MycelCommand.RunAsync(folder.Path, data, ["secret", "set", "desk"], input: "sk-piped-secret-value\n");
        Assert.True(set.ExitCode == 0, set.All);
        var list = await MycelCommand.RunAsync(folder.Path, data, ["secret", "list", "--json"]);
        Assert.Contains("desk", list.Json().ToJsonString());
        Assert.DoesNotContain("sk-piped-secret-value", list.All + set.All);
        Assert.Empty(SecretSearch.FilesWith(data, "sk-piped-secret-value"));

        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = $"relays:\n  - url: {device.Url}\n    api_key: secret:desk\n", DataDir = data });
        await Poll.UntilAsync(async () => (await node.ChatAsync("m")).Status == 200, "the device serves");
        Assert.Equal("Bearer sk-piped-secret-value", device.Requests[^1].Head["Authorization"]);
    }
}
