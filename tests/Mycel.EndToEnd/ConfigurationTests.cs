using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Settings: where they come from, and what is said about wrong ones.</summary>
public sealed class ConfigurationTests
{
    [Theory]
    [InlineData("api:\n  prot: 8420\n", "api.prot", 2)]
    [InlineData("api:\n  port: eighty\n", "api.port", 2)]
    [InlineData("api:\n  port: 70000\n", "api.port", 2)]
    [InlineData("queue:\n\n  timeout_s: -1\n", "queue.timeout_s", 3)]
    [InlineData("limits:\n  total:\n    rate: fast\n", "limits.total.rate", 3)]
    [InlineData("limits:\n  per_tokens:\n    rate: 1/s\n", "limits.per_tokens", 2)]
    [InlineData("relay:\n  max_concurrent: 0\n", "relay.max_concurrent", 2)]
    [InlineData("relays:\n  - url: ftp://x\n", "relays", 2)]
    [InlineData("relays:\n  - url: http://127.0.0.1:1\n    name: Bad Name\n", "name", 3)]
    [InlineData("relays:\n  - url: http://127.0.0.1:1\n    api_key: sk-in-clear-text\n", "api_key", 3)]
    [InlineData("relays:\n  - name: nameless\n", "url", 2)]
    [InlineData("relays:\n  - url: http://127.0.0.1:1\n    name: same\n  - url: http://127.0.0.1:2\n    name: same\n", "same", 4)]
    [InlineData("api:\n  host: not a host\n", "api.host", 2)]
    [InlineData("api:\n  trusted_proxies: [300.1.1.1]\n", "api.trusted_proxies", 2)]
    [InlineData("api:\n  allowed_origins: [\"ftp//x\"]\n", "api.allowed_origins", 2)]
    [InlineData("log:\n  level: loud\n", "log.level", 2)]
    [InlineData("drain_s: [1]\n", "drain_s", 1)]
    [InlineData("api:\n  port: 1\n  port: 2\n", "port", 3)]
    [InlineData("api:\n\tport: 1\n", "", 2)]
    [InlineData("api: [unclosed\n", "", 2)]
    [InlineData("just text\n", "", 1)]
    public async Task A_mistake_in_the_file_stops_the_start_and_is_named(string yaml, string key, int line)
    {
        var serve = await NodeProcess.RunToEndAsync(new NodeSetup { Yaml = yaml });
        using var folder = new TempFolder();
        var file = Path.Combine(folder.Path, "mycel.yaml");
        await File.WriteAllTextAsync(file, yaml);
        var check = await MycelCommand.RunAsync(folder.Path, Path.Combine(folder.Path, "data"), ["config", "check", "--config", file]);
        foreach (var result in new[] { serve, check })
        {
            Assert.True(result.ExitCode == 2, $"Exit code {result.ExitCode}: {result.All}");
            Assert.Contains("mycel.yaml", result.All);
            Assert.Contains(key, result.All);
            Assert.Matches($@"(line |:){line}\b", result.All);
            Assert.DoesNotContain("   at ", result.All);
            Assert.DoesNotContain("sk-in-clear-text", result.All);
        }
    }

    [Theory]
    [InlineData("MYCEL_API_PORT", "x")]
    [InlineData("MYCEL_QUEUE_DEPTH", "-1")]
    [InlineData("MYCEL_LOG_LEVEL", "loud")]
    [InlineData("MYCEL_RELAY_BACKENDS", "http://127.0.0.1:1,nonsense")]
    [InlineData("MYCEL_LIMITS_TOTAL_RATE", "1/fortnight")]
    public async Task A_mistake_in_the_environment_is_named(string name, string value)
    {
        using var folder = new TempFolder();
        var result = await MycelCommand.RunAsync(folder.Path, Path.Combine(folder.Path, "data"), ["config", "check"], new Dictionary<string, string> { [name] = value });
        Assert.True(result.ExitCode == 2, $"Exit code {result.ExitCode}: {result.All}");
        Assert.Contains(name, result.All);
    }

    [Fact]
    public async Task A_variable_that_no_setting_has_is_warned_of()
    {
        using var folder = new TempFolder();
        var result = await MycelCommand.RunAsync(folder.Path, Path.Combine(folder.Path, "data"), ["config", "check"], new Dictionary<string, string> { ["MYCEL_API_PROT"] = "1" });
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("MYCEL_API_PROT", result.Error);
        Assert.Contains("MYCEL_API_PORT", result.Error);
    }

    [Theory]
    [InlineData("serve", "--port", "x")]
    [InlineData("serve", "--nonsense")]
    [InlineData("serve", "--relay", "nonsense")]
    [InlineData("serve", "--relay", "ftp://127.0.0.1:1")]
    [InlineData("serve", "--config", "/nonexistent/mycel.yaml")]
    [InlineData("nonsense")]
    [InlineData("relay", "nonsense")]
    [InlineData("config", "check", "--config", "/nonexistent/mycel.yaml")]
    public async Task A_mistake_on_the_command_line_is_named(params string[] arguments)
    {
        using var folder = new TempFolder();
        var result = await MycelCommand.RunAsync(folder.Path, Path.Combine(folder.Path, "data"), arguments);
        Assert.True(result.ExitCode == 2, $"Exit code {result.ExitCode}: {result.All}");
        Assert.Contains(arguments[^1], result.All);
        Assert.DoesNotContain("   at ", result.All);
    }

    [Fact]
    public async Task Flags_are_over_environment_over_file_over_defaults()
    {
        await using var byFlag = FaultyDevice.Start();
        await using var node = await NodeProcess.StartAsync(new NodeSetup
        {
            Yaml = "api:\n  port: 1\nqueue:\n  depth: 11\n  timeout_s: 12\nrelay:\n  poll_s: 13\ndrain_s: 1\n",
            Environment = new Dictionary<string, string> { ["MYCEL_QUEUE_DEPTH"] = "21", ["MYCEL_API_PORT"] = "2", ["MYCEL_RELAY_POLL_S"] = "23" },
            Devices = [byFlag],
        });
        var config = await node.AskAsync("/v1/node/config");
        Assert.Equal(Path.GetFullPath(node.ConfigFile), (string?)config["file"]);
        AssertValue(config, "api.port", "0", "flag");
        AssertValue(config, "queue.depth", "21", "env");
        AssertValue(config, "relay.poll_s", "23", "env");
        AssertValue(config, "queue.timeout_s", "12", "file");
        AssertValue(config, "relay.withdraw_after", "3", "default");
        Assert.Equal(5, (int?)Value(config, "queue.timeout_s")["line"]);

        var shown = await node.CommandAsync("config", "show", "--config", node.ConfigFile, "--json");
        Assert.Equal(0, shown.ExitCode);
        Assert.Contains("queue.depth", shown.Json().ToJsonString());
    }

    [Fact]
    public async Task Relays_are_named_in_the_file_the_environment_or_flags()
    {
        await using var plain = FaultyDevice.Start("by-file");
        await using var named = FaultyDevice.Start("by-name");
        await using var flag = FaultyDevice.Start("by-flag");
        var yaml = $"relays:\n  - {plain.Url}\n  - url: {named.Url}/v1/\n    name: desk\n    max_concurrent: 2\n";
        await using (var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = yaml }))
        {
            await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Count == 2, "two models");
            var desk = await node.RelayAsync(named);
            Assert.Equal("desk", (string?)desk!["name"]);
            Assert.Equal(2, (int?)desk["max_concurrent"]);
            Assert.Equal("file", (string?)desk["source"]);
            foreach (var model in new[] { "by-file", "by-name" }) (await node.ChatAsync(model)).MustBe(200);
            Assert.Contains("configuration file", (await node.TellAsync("/v1/node/relay/remove", new { name = "desk" })).MustRefuse(409));
        }

        var environment = new Dictionary<string, string> { ["MYCEL_RELAY_BACKENDS"] = $"{plain.Url}, {named.Url}" };
        await using (var node = await NodeProcess.StartAsync(new NodeSetup { Environment = environment }))
        {
            await Poll.UntilAsync(async () => (await node.ModelIdsAsync()).Count == 2, "two models");
            Assert.Equal("env", (string?)(await node.RelayAsync(named))!["source"]);
        }

        await using (var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = yaml, Environment = environment, Devices = [flag] }))
        {
            // Flags are over the environment, which is over the file.
            Assert.Equal(["relay:by-flag"], await node.ModelIdsAsync());
            Assert.Equal("flag", (string?)(await node.RelayAsync(flag))!["source"]);
        }
    }

    [Fact]
    public async Task A_good_file_is_found_where_it_is_expected()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "mycel.yaml"), "queue:\n  depth: 77\n");
        var data = Path.Combine(folder.Path, "data");
        var here = await MycelCommand.RunAsync(folder.Path, data, ["config", "show", "--json"]);
        Assert.Equal(0, here.ExitCode);
        Assert.Contains("77", here.Json().ToJsonString());

        File.Delete(Path.Combine(folder.Path, "mycel.yaml"));
        Directory.CreateDirectory(Path.Combine(folder.Path, ".config", "mycel"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, ".config", "mycel", "mycel.yaml"), "queue:\n  depth: 78\n");
        Assert.Contains("78", (await MycelCommand.RunAsync(folder.Path, data, ["config", "show", "--json"])).Json().ToJsonString());

        await File.WriteAllTextAsync(Path.Combine(folder.Path, "other.yaml"), "queue:\n  depth: 79\n");
        var byEnvironment = await MycelCommand.RunAsync(folder.Path, data, ["config", "show", "--json"], new Dictionary<string, string> { ["MYCEL_CONFIG"] = "other.yaml" });
        Assert.Contains("79", byEnvironment.Json().ToJsonString());
        Assert.Equal(0, (await MycelCommand.RunAsync(folder.Path, data, ["config", "check", "--config", "other.yaml"])).ExitCode);
    }

    [Fact]
    public async Task A_port_in_use_is_named_in_a_sentence()
    {
        await using var node = await NodeProcess.StartAsync();
        var second = await NodeProcess.RunToEndAsync(new NodeSetup { Port = node.Port });
        Assert.NotEqual(0, second.ExitCode);
        Assert.Contains(node.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), second.All);
        Assert.DoesNotContain("   at ", second.All);
    }

    [Fact]
    public async Task A_data_folder_in_use_is_not_shared()
    {
        await using var node = await NodeProcess.StartAsync();
        var second = await node.CommandAsync("serve", "--port", "0");
        Assert.NotEqual(0, second.ExitCode);
        Assert.Contains(node.DataDir, second.All);
        Assert.DoesNotContain("   at ", second.All);
        (await node.GetAsync("/health")).MustBe(200);
        Assert.NotNull((string?)(await node.StatusAsync())["state"]);
    }

    [Fact]
    public async Task A_data_folder_with_a_long_path_works_as_well()
    {
        using var folder = new TempFolder();
        var deep = Path.Combine(folder.Path, new string('d', 80), new string('e', 80));
        await using var node = await NodeProcess.StartAsync(new NodeSetup { DataDir = deep });
        var status = await MycelCommand.RunAsync(folder.Path, deep, ["status", "--json"]);
        Assert.True(status.ExitCode == 0, status.All);
        Assert.Equal(deep, (string?)status.Json()["data_dir"]);
    }

    [Fact]
    public async Task An_empty_file_is_a_good_file()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "" });
        (await node.GetAsync("/health")).MustBe(200);
    }

    private static JsonNode Value(JsonNode config, string key) => config["values"]!.AsArray().Single(value => (string?)value!["key"] == key)!;

    private static void AssertValue(JsonNode config, string key, string value, string source)
    {
        var entry = Value(config, key);
        Assert.Equal(value, entry["value"]!.ToString());
        Assert.StartsWith(source, (string?)entry["source"]);
    }
}
