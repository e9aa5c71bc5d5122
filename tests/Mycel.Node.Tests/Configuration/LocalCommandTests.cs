using System.CommandLine;
using System.Text.Json.Nodes;
using Mycel.Identity;
using Mycel.Node.Admission;
using Mycel.Node.Cli;

namespace Mycel.Node.Tests.Configuration;

public sealed class LocalCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public void Config_check_passes_a_good_file()
    {
        var (code, output, error) = Run(ConfigCommands.Build(), "check", "--config", _folder.Write("m.yaml", "drain_s: 1\n"));

        Assert.Equal((ExitCode.Ok, $"No mistakes in {_folder.File("m.yaml")}.\n", ""), (code, output, error));
    }

    [Fact]
    public void Config_check_shows_each_mistake_with_its_line_and_a_mark()
    {
        var file = _folder.Write("m.yaml", "api:\n  port: 99999\nrelays:\n  - {url: 'http://a', api_key: hunter2}\n  - 'http://me:hunter2@b'\nsecret_thing: hunter2\n");

        var (code, output, error) = Run(ConfigCommands.Build(), "check", "--config", file);

        Assert.Equal((ExitCode.Usage, ""), (code, output));
        Assert.Equal(
            [
                $"error: {file}:2: api.port: found \"99999\"; accepted: a whole number 0–65,535",
                "       2 |   port: 99999",
                "         |         ^",
                $"error: {file}:4: relays[0].api_key: a key does not belong in this file (what was found is not shown); accepted: secret:NAME, with the key put in by `mycel secret set NAME`, or env:NAME, with the key in that environment variable",
                "       4 |   - {url: 'http://a', api_key:…",
                $"error: {file}:5: relays[1]: the address is not accepted: a user name or password does not belong in it; put the key into the secret store and name it in api_key",
                "       5 |   - 'http://…@b'",
                "         |     ^",
                $"error: {file}:6: secret_thing: unknown key; The file has: data_dir, drain_s, api, relays, relay, models, engine, links, dht, lan, sharing, credit, ledger, queue, limits, log",
                "       6 | secret_thing:…",
                "         | ^",
                "4 mistakes.",
            ],
            error.TrimEnd('\n').Split('\n'));
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Config_check_prints_json_for_programs()
    {
        var file = _folder.Write("m.yaml", "drain_s: x\n");

        var (code, output, _) = Run(ConfigCommands.Build(), "check", "--config", file, "--json");

        Assert.Equal(ExitCode.Usage, code);
        var json = JsonNode.Parse(output)!;
        Assert.False((bool)json["ok"]!);
        Assert.Equal(("drain_s", "file", file, 1, 10), ((string)json["errors"]![0]!["key"]!, (string)json["errors"]![0]!["source"]!, (string)json["errors"]![0]!["name"]!,
            (int)json["errors"]![0]!["line"]!, (int)json["errors"]![0]!["column"]!));
    }

    [Fact]
    public void Config_show_lists_values_and_sources()
    {
        var file = _folder.Write("m.yaml", "drain_s: 1\nrelays:\n  - {url: 'http://gpu:80/v1', api_key: 'secret:gpu'}\n");

        var (code, output, _) = Run(ConfigCommands.Build(), "show", "--config", file);

        Assert.Equal(ExitCode.Ok, code);
        Assert.Matches(@"(?m)^drain_s +1 +file, line 1 *$", output);
        Assert.Matches(@"(?m)^api\.port +8420 +default *$", output);
        Assert.Matches(@"(?m)^relays +http://gpu \(gpu, api_key secret:gpu\) +file, line 3 *$", output);
        Assert.Matches($@"(?m)^data_dir +{System.Text.RegularExpressions.Regex.Escape(_folder.Path)} +flag --data-dir *$", output);
        Assert.Equal("http://gpu", (string)JsonNode.Parse(Run(ConfigCommands.Build(), "show", "--config", file, "--json").Output)!["values"]!.AsArray()
            .Single(v => (string)v!["key"]! == "relays")!["value"]![0]!["url"]!);
    }

    [Fact]
    public void Keys_are_created_listed_and_revoked()
    {
        var (code, output, note) = Run(KeysCommands.Build(), "create", "--name", "alice", "--scope", "metrics", "--concurrent", "2", "--rate", "10/m", "--budget", "5/month");
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("first key", note, StringComparison.Ordinal);
        var secret = output.Split('\n').Single(line => line.StartsWith("  mycel-", StringComparison.Ordinal)).Trim();
        using var store = KeyStore.Open(_folder.Path, TimeProvider.System);
        Assert.Equal(KeyScope.Metrics, store.Find(secret)!.Scope);

        var json = JsonNode.Parse(Run(KeysCommands.Build(), "create", "--name", "bob", "--json").Output)!;
        Assert.Equal(("k2", 49), ((string)json["id"]!, ((string)json["secret"]!).Length));

        var (_, list, _) = Run(KeysCommands.Build(), "list");
        Assert.Matches(@"(?m)^k1 +alice +metrics +mycel-\S{4}… +\d{4}-\d\d-\d\d \d\d:\d\d +2 +10/m +5/month *$", list);
        Assert.Matches(@"(?m)^k2 +bob +inference .* as configured +as configured +– *$", list);
        Assert.Equal(2, JsonNode.Parse(Run(KeysCommands.Build(), "list", "--json").Output)!["keys"]!.AsArray().Count);

        Assert.Equal((ExitCode.Ok, "Revoked k2 \"bob\".\n"), (Run(KeysCommands.Build(), "revoke", "bob") is var (c, o, _) ? (c, o) : default));
        Assert.Contains("no keys are left", Run(KeysCommands.Build(), "revoke", "k1").Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, Run(KeysCommands.Build(), "revoke", "k1").Code);
    }

    [Theory]
    [InlineData(ExitCode.Usage, "--scope must be", "--name", "a", "--scope", "root")]
    [InlineData(ExitCode.Usage, "--rate must be", "--name", "a", "--rate", "fast")]
    [InlineData(ExitCode.Failed, "concurrent is -1", "--name", "a", "--concurrent", "-1")]
    [InlineData(ExitCode.Failed, "key's id", "--name", "k1")]
    public void Wrong_arguments_for_a_key_are_refused(int code, string words, params string[] arguments)
    {
        var result = Run(KeysCommands.Build(), ["create", .. arguments]);

        Assert.Equal(code, result.Code);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("keys.json")));
    }

    [Fact]
    public void Commands_refuse_to_guess_the_data_folder_from_a_broken_configuration()
    {
        var (code, _, error) = Run(KeysCommands.Build(), "list", "--config", _folder.Write("m.yaml", "drain_s: x\n"));

        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("drain_s", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_keys_end_a_command_with_a_sentence()
    {
        _folder.Write("keys.json", "{");

        var (code, output, error) = Run(KeysCommands.Build(), "list");

        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.StartsWith("error: The keys in ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_piped_in_listed_and_removed()
    {
        Assert.Contains("No secrets", Run(SecretCommands.Build(), "list").Output, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("device.key")));

        Assert.Equal(ExitCode.Ok, Run(SecretCommands.Build(new StringReader("hunter2\r\n")), "set", "gpu").Code);
        using (var device = DeviceKey.LoadOrCreate(_folder.Path))
        using (var store = new SecretStore(_folder.Path, device, TimeProvider.System))
            Assert.Equal("hunter2", store.Get("gpu"));

        var (_, list, _) = Run(SecretCommands.Build(), "list");
        Assert.Matches(@"(?m)^gpu +\d{4}-\d\d-\d\d \d\d:\d\d +ok *$", list);
        Assert.Equal("gpu", (string)JsonNode.Parse(Run(SecretCommands.Build(), "list", "--json").Output)!["secrets"]![0]!["name"]!);
        Assert.Equal(ExitCode.Ok, Run(SecretCommands.Build(), "remove", "gpu").Code);
        Assert.Equal(ExitCode.Failed, Run(SecretCommands.Build(), "remove", "gpu").Code);
    }

    [Theory]
    [InlineData("a b", "x")]
    [InlineData("a", "")]
    [InlineData("a", "\n")]
    public void Secrets_outside_their_bounds_are_refused(string name, string value)
    {
        Assert.Equal(ExitCode.Usage, Run(SecretCommands.Build(new StringReader(value)), "set", name).Code);
        Assert.Equal(ExitCode.Usage, Run(SecretCommands.Build(new StringReader(new string('x', SecretStore.MaxValueBytes + 1))), "set", "a").Code);
        Assert.Equal(ExitCode.Usage, Run(SecretCommands.Build(new StringReader(new string('é', SecretStore.MaxValueBytes))), "set", "a").Code);
        Assert.False(File.Exists(_folder.File("secrets.json")));
    }

    public void Dispose() => _folder.Dispose();

    private (int Code, string Output, string Error) Run(Command command, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = command.Parse([.. arguments, "--data-dir", _folder.Path]).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (code, output.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }
}
