using Mycel.Node.Cli;

namespace Mycel.Node.Tests.Cli.Networks;

public sealed class JoinCommandTests : IDisposable
{
    private const string Joined =
        """{"id":"01","name":"friends","public":false,"is_root":false,"may_invite":false,"models":["qwen"],"credit_line":0,"member_since":null,"expires_at":null,"peers_linked":1,"peers_known":1}""";

    private readonly ScratchFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _folder.Dispose();
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task A_node_that_runs_is_told_and_what_may_be_asked_for_is_said()
    {
        var token = InviteSample.Make().ToToken();
        var asked = new List<string>();
        var looks = 0;
        await using var server = await StubServer.OnPortAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            asked.Add($"{context.Request.Path} {await reader.ReadToEndAsync(TestContext.Current.CancellationToken)}".TrimEnd());
            var answer = context.Request.Path == "/v1/node/join" ? Joined : PeersAtLook(looks++);
            await StubServer.Json(200, answer)(context);
        });

        var code = await CommandLine.RunAsync(["join", token, "--model", "mine", "--endpoint", server.Address.Display], _output, _error);

        Assert.Equal(0, code);
        Assert.Equal($$"""/v1/node/join {"token":"{{token}}"}""", asked[0]);
        Assert.Contains("Joined friends. You may ask for: qwen.", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("gpu-box, linked over quic: qwen\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("mycel chat --model qwen", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("--model had no effect", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(token, _output.ToString() + _error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_the_answer()
    {
        await using var server = await StubServer.OnPortAsync(StubServer.Json(403, """{"error":{"message":"The invite was used up.","code":"invite_refused"}}"""));

        var code = await CommandLine.RunAsync(["join", InviteSample.Make().ToToken(), "--endpoint", server.Address.Display], _output, _error);

        Assert.Equal(ExitCode.Refused, code);
        Assert.Equal(("", "error: The invite was used up.\n"), (_output.ToString(), _error.ToString()));
    }

    [Fact]
    public async Task An_invite_that_has_ended_starts_no_node()
    {
        var token = InviteSample.Make(DateTimeOffset.UtcNow.AddDays(-8)).ToToken();

        var code = await CommandLine.RunAsync(["join", token, "--data-dir", _folder.File("data")], _output, _error);

        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains("Ask for a new one", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("data")));
    }

    [Fact]
    public async Task Mistakes_in_the_settings_keep_a_new_node_from_starting()
    {
        var code = await CommandLine.RunAsync(["join", InviteSample.Make().ToToken(), "--data-dir", _folder.File("data"), "--model", _folder.File("nope.gguf")], _output, _error);

        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("The node was not started", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("data")));
    }

    /// <summary>The record of the network's node comes a moment after the link.</summary>
    private static string PeersAtLook(int look) =>
        $$"""{"peers":[{"id":"11","name":"gpu-box","networks":["friends"],"linked":true,"carrier":"quic","direction":"out","models":{{(look == 0 ? "[]" : "[\"secret\",\"qwen\"]")}},"slots":4,"free_slots":4}]}""";
}
