using Mycel.Node.Cli;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--version")]
    [InlineData("version")]
    [InlineData("-V")]
    public async Task The_version_is_told(string argument)
    {
        (int code, string output, _) = await RunAsync(argument);
        Assert.Equal(0, code);
        Assert.Matches(@"^mycel \d+\.\d+\.\d+\S*\n$", output);
    }

    [Theory]
    [InlineData("stauts", "There is no command 'mycel stauts'. Did you mean 'status'?")]
    [InlineData("relay lst", "Did you mean 'list'?")]
    [InlineData("relay list --jsn", "'mycel relay list' has no option '--jsn'. Did you mean '--json'?")]
    [InlineData("xyzzy", "There is no command 'mycel xyzzy'.")]
    [InlineData("serve --port abc", "--port takes a whole number from 0 to 65535, not 'abc'.")]
    [InlineData("serve --port 65536", "--port takes a whole number from 0 to 65535, not '65536'.")]
    [InlineData("serve --port", "--port needs a value: PORT.")]
    [InlineData("relay add", "'mycel relay add' needs URL: Base address of the device")]
    [InlineData("relay add http://x --max-concurrent 0", "--max-concurrent takes a whole number from 1 to 10000")]
    [InlineData("completion tcsh", "There is no script for 'tcsh'. There is one for each of bash, zsh, fish, pwsh.")]
    [InlineData("chat Hello", "'mycel chat' takes no 'Hello'; ask one question with: mycel chat -p \"Hello\"")]
    [InlineData("chat what is this", "'mycel chat' takes no 'what'; put text of several words in quotes.")]
    [InlineData("status --endpoint ftp://x", "'ftp://x' is no address of a node.")]
    [InlineData("relay add http://x --api-key sk-123", "A key on the command line can be seen by every user")]
    public async Task A_mistake_is_named_and_ends_with_code_2(string line, string said)
    {
        (int code, string output, string error) = await RunAsync(line.Split(' '));
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains(said, error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("relay")]
    public async Task A_group_without_a_command_shows_its_help_and_ends_with_code_2(string line)
    {
        (int code, _, string error) = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, code);
        Assert.Contains("Commands:", error);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("chat")]
    [InlineData("status")]
    [InlineData("relay add")]
    [InlineData("relay list")]
    [InlineData("relay remove")]
    [InlineData("relay refresh")]
    [InlineData("reload")]
    [InlineData("doctor")]
    [InlineData("completion")]
    [InlineData("config check")]
    [InlineData("config show")]
    [InlineData("keys create")]
    [InlineData("keys list")]
    [InlineData("keys revoke")]
    [InlineData("secret set")]
    [InlineData("secret list")]
    [InlineData("secret remove")]
    public async Task Help_ends_with_an_example(string command)
    {
        (int code, string output, _) = await RunAsync([.. command.Split(' '), "--help"]);
        Assert.Equal(0, code);
        Assert.Contains($"  mycel {command}", output[output.IndexOf("Examples:", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task Help_is_a_command_too()
    {
        Assert.Equal(await RunAsync("relay", "add", "--help"), await RunAsync("help", "relay", "add"));
        Assert.Contains("mycel serve --relay", (await RunAsync("help")).Output);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("relay list")]
    [InlineData("reload")]
    public async Task Without_a_node_the_code_is_3(string command)
    {
        (int code, _, string error) = await RunAsync([.. command.Split(' '), "--data-dir", _folder.Path]);
        Assert.Equal((3, "error: No node is running here. Start one with: mycel serve\n"), (code, error));
    }

    [Fact]
    public async Task Every_mistake_in_the_settings_is_printed_before_serving()
    {
        string file = _folder.File("mycel.yaml");
        await File.WriteAllTextAsync(file, "api:\n  port: many\nqueue:\n  depht: 3\n", TestContext.Current.CancellationToken);
        (int code, _, string error) = await RunAsync("serve", "--config", file, "--data-dir", _folder.Path);
        Assert.Equal(2, code);
        Assert.Contains($"{file}:2", error);
        Assert.Contains($"{file}:4", error);
    }

    [Fact]
    public async Task A_running_node_is_found_though_its_file_has_a_mistake()
    {
        string file = _folder.File("mycel.yaml");
        await File.WriteAllTextAsync(file, $"data_dir: {_folder.Path}\nqueue:\n  depht: 3\n", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(_folder.File("run"));
        await using StubServer server = await StubServer.OnSocketAsync(
            _folder.File("run/control.sock"), StubServer.Json(400, """{"error":{"message":"mycel.yaml:3: queue.depht is no setting."}}"""));
        (int code, _, string error) = await RunAsync("reload", "--config", file);
        Assert.Equal((1, "error: mycel.yaml:3: queue.depht is no setting.\n"), (code, error));
    }

    [Fact]
    public async Task Status_is_told_in_human_units()
    {
        await using StubServer server = await StubServer.OnPortAsync(StubServer.Json(
            200, """{"version":"1.0.0","name":"atlas","state":"ready","uptime_s":274000,"requests":{"total":12345},"tokens":{"prompt":1200,"completion":5},"relays":{"total":0}}"""));
        (int code, string output, _) = await RunAsync("status", "--endpoint", server.Address.BaseAddress.ToString());
        Assert.Equal(0, code);
        Assert.Contains("atlas is ready, up 3d 4h", output);
        Assert.Contains("12k in all", output);
        Assert.Contains("1.2k read, 5 written", output);
        Assert.Contains("mycel relay add", output);
    }

    [Fact]
    public async Task Relays_are_listed_as_a_table_without_escape_sequences_when_piped()
    {
        await using StubServer server = await StubServer.OnPortAsync(StubServer.Json(200, Relays));
        (int code, string output, _) = await RunAsync("relay", "list", "--endpoint", server.Address.BaseAddress.ToString());
        Assert.Equal(0, code);
        Assert.Equal(
            """
            NAME   URL              STATE    MODELS              BUSY  LATENCY
            gpu1   http://gpu1:1    online   m1, m2, m3 +1       2/32    12 ms
            cloud  https://c.x:8443  offline  none                0/64        –

            ! cloud: refused [31m
            """.ReplaceLineEndings("\n").Replace(" ", "", StringComparison.Ordinal),
            output.TrimEnd().Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Relays_are_listed_as_json_as_the_node_sent_them()
    {
        await using StubServer server = await StubServer.OnPortAsync(StubServer.Json(200, Relays));
        (_, string output, _) = await RunAsync("relay", "list", "--json", "--endpoint", server.Address.BaseAddress.ToString());
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(output);
        Assert.Equal("gpu1", document.RootElement.GetProperty("relays")[0].GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("gpu1", """{"name":"gpu1"}""")]
    [InlineData("http://gpu1:1", """{"url":"http://gpu1:1"}""")]
    public async Task A_device_is_removed_by_name_or_address(string device, string body)
    {
        string sent = "";
        await using StubServer server = await StubServer.OnPortAsync(async context =>
        {
            sent = $"{context.Request.Path} {await new StreamReader(context.Request.Body).ReadToEndAsync()}";
            await StubServer.Json(200, """{"status":"removed","url":"http://gpu1:1","name":"gpu1"}""")(context);
        });
        (int code, string output, _) = await RunAsync("relay", "remove", device, "--endpoint", server.Address.BaseAddress.ToString());
        Assert.Equal((0, "✓ Removed gpu1 (http://gpu1:1).\n"), (code, output));
        Assert.Equal($"/v1/node/relay/remove {body}", sent);
    }

    [Fact]
    public async Task A_device_is_added_with_what_was_asked_for()
    {
        string sent = "";
        await using StubServer server = await StubServer.OnPortAsync(async context =>
        {
            sent = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await StubServer.Json(200, """{"url":"http://gpu1:1","name":"a","online":true,"models":["m"]}""")(context);
        });
        (int code, string output, _) = await RunAsync(
            "relay", "add", "http://gpu1:1", "--name", "a", "--api-key", "secret:s", "--max-concurrent", "7", "--force",
            "--endpoint", server.Address.BaseAddress.ToString());
        Assert.Equal((0, "✓ Added a (http://gpu1:1). 1 model: m\n"), (code, output));
        Assert.Equal("""{"url":"http://gpu1:1","name":"a","api_key":"secret:s","max_concurrent":7,"force":true}""", sent);
    }

    [Fact]
    public async Task A_reload_tells_what_is_in_force_and_what_waits()
    {
        await using StubServer server = await StubServer.OnPortAsync(
            StubServer.Json(200, """{"applied":["queue.depth"],"restart_required":[{"key":"api.port","from":"8420","to":"9000"}]}"""));
        (_, string output, _) = await RunAsync("reload", "--endpoint", server.Address.BaseAddress.ToString());
        Assert.Equal("✓ In force now: queue.depth\n! api.port needs a restart: 8420 → 9000\n", output);
    }

    [Fact]
    public void A_narrow_terminal_cuts_only_what_may_be_cut()
    {
        StringWriter output = new() { NewLine = "\n" };
        TextTable table = new TextTable().Add("NAME", shrinks: true).Add("N", rightAligned: true);
        table.AddRow("a long name with 中文 in it", "7");
        table.Write(new CliConsole(output, TextWriter.Null, false, false, false));
        Assert.Equal("NAME                         N\na long name with 中文 in it  7\n", output.ToString());
    }

    private const string Relays = """
        {"relays":[
          {"url":"http://gpu1:1","name":"gpu1","online":true,"healthy":true,"models":["m1","m2","m3","m4"],"max_concurrent":32,"in_flight":2,"latency_ms":12.3,"last_error":null},
          {"url":"https://c.x:8443","name":"cloud","online":false,"healthy":false,"models":[],"max_concurrent":64,"in_flight":0,"latency_ms":null,"last_error":"refused \u001b[31m"}]}
        """;

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = await CommandLine.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
