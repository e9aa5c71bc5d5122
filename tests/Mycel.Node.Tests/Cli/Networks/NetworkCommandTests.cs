using Microsoft.AspNetCore.Http;
using Mycel.Node.Cli;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Networks;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli.Networks;

/// <summary>The commands against a node that says what a test tells it to.</summary>
public sealed class NetworkCommandTests
{
    private const string Network =
        """{"id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","name":"home","public":false,"is_root":true,"may_invite":true,"models":null,"credit_line":9223372036854775807,"member_since":null,"expires_at":null,"peers_linked":1,"peers_known":2}""";

    private const string Guest =
        """{"id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","name":"friends","public":false,"is_root":false,"may_invite":false,"models":["qwen","llama"],"credit_line":2500000,"member_since":"2026-11-21T09:00:00+00:00","expires_at":"2027-11-21T09:00:00+00:00","peers_linked":0,"peers_known":0,"members":[{"id":"01","name":"desk","account":"aa","this":true,"own":true,"is_root":false,"linked":true,"terms":null,"since":null,"last_seen":null},{"id":"02","name":"gpu-box","account":"bb22","this":false,"own":false,"is_root":true,"linked":false,"terms":null,"since":"2026-11-21T09:00:00+00:00","last_seen":null}]}""";

    private const string Peers =
        """
        {"peers":[
          {"id":"11","name":"gpu-box","account":"aa","own":true,"networks":["home"],"linked":true,"carrier":"quic","address":"192.0.2.1:8421","direction":"out","since":"2026-11-21T09:00:00+00:00",
           "round_trip_ms":1.234,"models":["qwen3-4b","llama3.2","a","b"],"slots":4,"free_slots":3,"version":"0.1.0","last_seen":"2026-11-21T09:00:00+00:00","last_error":null},
          {"id":"22","name":"ev\u001bil","account":"bb","own":false,"networks":["home","lab"],"linked":true,"carrier":"relay","address":null,"direction":"in","since":"2026-11-21T09:00:00+00:00",
           "round_trip_ms":240,"models":[],"slots":0,"free_slots":0,"version":null,"last_seen":"2026-11-21T09:00:00+00:00","last_error":null},
          {"id":"33","name":"laptop","account":"cc","own":false,"networks":["home"],"linked":false,"carrier":null,"address":null,"direction":null,"since":null,
           "round_trip_ms":null,"models":["m"],"slots":1,"free_slots":1,"version":"0.1.0","last_seen":null,"last_error":"No answer from 192.0.2.7:8421."}]}
        """;

    private readonly List<string> _asked = [];
    private readonly List<string> _bodies = [];

    [Fact]
    public async Task A_network_is_founded_and_how_to_invite_is_said()
    {
        var (said, _, code) = await RunAsync(201, Network, "network", "create", "home", "--public");

        Assert.Equal(0, code);
        Assert.Contains("Founded the network home.", said, StringComparison.Ordinal);
        Assert.Contains("mycel invite create", said, StringComparison.Ordinal);
        Assert.Equal(["POST /v1/node/networks"], _asked);
        Assert.Equal(["""{"name":"home","public":true}"""], _bodies);
    }

    [Fact]
    public async Task Networks_are_listed_shown_and_left()
    {
        var (list, _, _) = await RunAsync(200, $$"""{"networks":[{{Network}},{{Guest}}]}""", "network", "list");
        var (shown, _, _) = await RunAsync(200, Guest, "network", "show", "my friends");
        var (left, _, _) = await RunAsync(200, """{"status":"left","id":"01","name":"friends"}""", "network", "leave", "friends");

        Assert.Matches("home +0123456789ab +root +1/2 +all +–", list);
        Assert.Matches("friends +0123456789ab +member +0/0 +qwen, llama +2027-11-21", list);
        Assert.Matches("Credit +2.5\n", shown);
        Assert.Matches("desk +yours +this node", shown);
        Assert.Matches("gpu-box +bb22, root +not seen yet +2026-11-21", shown);
        Assert.Contains("Left friends.", left, StringComparison.Ordinal);
        Assert.Equal(["GET /v1/node/networks", "GET /v1/node/networks/my%20friends", "DELETE /v1/node/networks/friends"], _asked);
    }

    [Fact]
    public async Task Who_keeps_the_ledger_is_appointed_shown_and_dismissed()
    {
        const string Appointed = """{"id":"c01d00112233445566","name":"gpu-box","account":"bb22","this":false,"is_root":false,"linked":true,"clears":true,"expires_at":"2027-01-21T09:00:00+00:00"}""";
        const string Root = """{"id":"aa","name":"desk","account":"aa","this":true,"is_root":true,"linked":true,"clears":true,"expires_at":null}""";

        var (appointed, _, _) = await RunAsync(201, Appointed[..^1] + ",\"network\":\"friends\"}", "network", "appoint", "gpu-box", "--expires", "30d", "--network", "friends");
        var (shown, _, _) = await RunAsync(200, Guest[..^1] + $",\"clearing\":[{Root},{Appointed}]}}", "network", "show", "friends");
        var (lone, _, _) = await RunAsync(200, Guest[..^1] + ",\"clearing\":[]}", "network", "show", "friends");
        var (dismissed, _, _) = await RunAsync(200, Appointed[..^1] + ",\"network\":\"friends\"}", "network", "dismiss", "gpu-box", "--network", "friends");
        var (_, wrong, code) = await RunAsync(200, "{}", "network", "appoint", "gpu-box", "--expires", "2000d");

        Assert.Contains("gpu-box may keep the ledger of friends until 2027-01-21", appointed, StringComparison.Ordinal);
        Assert.Contains("ledger.postgres", appointed, StringComparison.Ordinal);
        Assert.Matches("Ledger +this node \\(root\\), gpu-box \\(appointed, until 2027-01-21 [0-9:]+\\)\n", shown);
        Assert.Matches("Ledger +no node that keeps it is known now\n", lone);
        Assert.Contains("gpu-box keeps the ledger of friends no more.", dismissed, StringComparison.Ordinal);
        Assert.Equal(["POST /v1/node/clearing", "GET /v1/node/networks/friends", "GET /v1/node/networks/friends", "DELETE /v1/node/clearing/gpu-box?network=friends"], _asked);
        Assert.Equal("""{"network":"friends","node":"gpu-box","expires_s":2592000}""", _bodies[0]);
        Assert.NotEqual(0, code);
        Assert.Contains("--expires takes", wrong, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_network_how_to_get_into_one_is_said()
    {
        var (list, _, _) = await RunAsync(200, """{"networks":[]}""", "network", "list");
        var (peers, _, _) = await RunAsync(200, """{"peers":[]}""", "peers");
        var (invites, _, _) = await RunAsync(200, """{"invites":[]}""", "invite", "list");

        Assert.All([list, peers], said => Assert.Contains("mycel join TOKEN", said, StringComparison.Ordinal));
        Assert.Contains("mycel invite create", invites, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_gets_the_invite_alone()
    {
        var token = InviteSample.Make().ToToken();

        var (said, _, code) = await RunAsync(
            201, InviteOf(token), "invite", "create", "--network", "home", "--uses", "3", "--expires", "12h", "--models", "a,b", "--models", "c", "--credit-line", "2.5", "--may-invite", "--label", "x y");

        Assert.Equal((0, token + "\n"), (code, said));
        Assert.Equal(["""{"network":"home","uses":3,"expires_s":43200,"models":["a","b","c"],"credit_line":2500000,"may_invite":true,"label":"x y"}"""], _bodies);
    }

    [Fact]
    public async Task A_person_gets_the_line_for_the_guest_in_one_piece_and_how_to_revoke()
    {
        var token = InviteSample.Make().ToToken();
        await using var server = await StubServer.OnPortAsync(StubServer.Json(201, InviteOf(token)));
        using var output = new StringWriter();
        using var node = new NodeClient(server.Address, NodeOptions.DefaultTimeout);

        await new InviteWork(node, new CliConsole(output, TextWriter.Null, true, true, false)).CreateAsync(new InviteCreateRequest(), qr: true, json: false, TestContext.Current.CancellationToken);

        var said = output.ToString();
        Assert.Contains($"\nmycel join {token}\n", said, StringComparison.Ordinal);
        Assert.Contains("1 use, until", said, StringComparison.Ordinal);
        Assert.Contains("mycel invite revoke 3f6c0a17aabb", said, StringComparison.Ordinal);
        // A window that the tests run in has no such width.
        Assert.Contains("mycel invite qr -", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invites_are_listed_and_revoked()
    {
        var used = InviteOf(null).Replace("\"open\"", "\"used_up\"", StringComparison.Ordinal).Replace("\"used\":0", "\"used\":1", StringComparison.Ordinal);
        var (list, _, _) = await RunAsync(200, $$"""{"invites":[{{InviteOf(null)}},{{used}}]}""", "invite", "list");
        var (revoked, _, _) = await RunAsync(200, used, "invite", "revoke", "3f6c");

        Assert.Matches("3f6c0a17aabb +for Ben +home +open +0/1 ", list);
        Assert.Matches("3f6c0a17aabb +for Ben +home +used up +1/1 ", list);
        Assert.Contains("Revoked the invite 3f6c0a17aabb (for Ben) to home. The 1 it admitted stays.", revoked, StringComparison.Ordinal);
        Assert.Equal("DELETE /v1/node/invites/3f6c", _asked[^1]);
    }

    [Fact]
    public async Task Peers_tell_how_they_are_linked_and_what_went_wrong()
    {
        var (said, _, _) = await RunAsync(200, Peers, "peers");

        Assert.Matches(@"gpu-box \(yours\) +quic out +1\.2 ms +home +qwen3-4b, llama3\.2, a \+1 +3/4", said);
        Assert.Matches("ev il +relay +240 ms +home, lab +none +–", said);
        Assert.Matches("laptop +never +– +home +m +–", said);
        Assert.Contains("! laptop: No answer from 192.0.2.7:8421.", said, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', said);
    }

    [Fact]
    public async Task The_fleet_names_this_node_and_how_to_reach_the_others()
    {
        const string Nodes =
            """{"nodes":[{"id":"00","name":"desk","this":true,"linked":true,"models":["m"],"slots":4,"free_slots":4,"version":"0.1.0"},{"id":"11","name":"gpu box","this":false,"linked":true,"carrier":"tunnel","direction":"in","models":[],"slots":0,"free_slots":0}]}""";

        var (said, _, _) = await RunAsync(200, Nodes, "fleet");

        Assert.Matches(@"desk +this node +– +m +4/4 +0\.1\.0 +00", said);
        Assert.Matches("gpu box +tunnel in", said);
        Assert.Contains("mycel status --on \"gpu box\"", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_of_one_name_are_told_apart()
    {
        const string Same = """{"peers":[{"id":"aaaaaaaaaa","name":"vm","linked":true,"carrier":"quic","direction":"in"},{"id":"bbbbbbbbbb","name":"vm","linked":false,"last_error":"Gone."}]}""";

        var (said, _, _) = await RunAsync(200, Same, "peers");

        Assert.Matches("vm-aaaaaa +quic in", said);
        Assert.Contains("! vm-bbbbbb: Gone.", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_and_log_of_another_node_of_the_account_are_shown()
    {
        const string Config = """{"file":"/etc/mycel.yaml","values":[{"key":"api.port","value":8421,"source":"file","line":3,"name":null},{"key":"relays","value":["http://a","http://b"],"source":"flag","line":null,"name":"--relay"}]}""";

        var (log, _, _) = await RunAsync(200, """{"logs":[{"ts":"2026-11-21T09:00:00.000Z","level":"warn","category":"c","event":"e","message":"port\u001b taken"}]}""", "logs", "--level", "warn", "--limit", "5", "--on", "gpu");
        var (config, _, code) = await RunConfigAsync(Config);

        Assert.Matches(@"\d\d:00:00 warn  port  taken\n", log);
        Assert.Equal("GET /v1/node/fleet/gpu/v1/node/logs?limit=5&level=warn", _asked[0]);
        Assert.Equal(0, code);
        Assert.Matches("api.port +8421 +file, line 3", config);
        Assert.Matches("relays +http://a, http://b +flag --relay", config);
        Assert.Equal("GET /v1/node/fleet/gpu/v1/node/config", _asked[1]);
    }

    [Theory]
    [InlineData("models list", "GET /v1/node/fleet/gpu%20box/v1/node/models")]
    [InlineData("relay list", "GET /v1/node/fleet/gpu%20box/v1/node/relay")]
    [InlineData("models unload m", "POST /v1/node/fleet/gpu%20box/v1/node/models/unload")]
    [InlineData("peers", "GET /v1/node/fleet/gpu%20box/v1/node/peers")]
    public async Task On_another_node_of_the_account_a_command_goes_through_the_fleet(string line, string first)
    {
        await RunAsync(200, """{"models":[],"relays":[],"peers":[],"pulls":[]}""", [.. line.Split(' '), "--on", "gpu box"]);

        Assert.Equal(first, _asked[0]);
    }

    [Theory]
    [InlineData("invite create --expires soon", "--expires takes a number and a unit")]
    [InlineData("invite create --expires 400d", "from 1m to 366d")]
    [InlineData("invite create --uses 0", "--uses takes a whole number from 1 to 10000")]
    [InlineData("invite create --credit-line -1", "--credit-line takes a number of credits")]
    [InlineData("network create", "'mycel network create' needs NAME")]
    [InlineData("network shwo x", "Did you mean 'show'?")]
    [InlineData("join", "'mycel join' needs TOKEN")]
    [InlineData("join not-an-invite", "This is no invite")]
    public async Task A_mistake_is_named(string line, string said)
    {
        using var error = new StringWriter();

        Assert.Equal(ExitCode.Usage, await CommandLine.RunAsync(line.Split(' '), TextWriter.Null, error));
        Assert.Contains(said, error.ToString(), StringComparison.Ordinal);
    }

    private static string InviteOf(string? token) =>
        $$"""{"id":"3f6c0a17aabbccdd3f6c0a17aabbccdd","network":"home","network_id":"01","label":"for Ben","uses":1,"used":0,"created_at":"2026-11-21T09:00:00+00:00","expires_at":"2026-11-28T09:00:00+00:00","revoked_at":null,"state":"open","terms":{"may_invite":false,"models":null,"credit_line":0},"members":[]{{(token is null ? "" : $",\"token\":\"{token}\"")}}}""";

    /// <summary>Finds its node by the data folder only.</summary>
    private async Task<(string Output, string Error, int Code)> RunConfigAsync(string reply)
    {
        using var folder = new ScratchFolder();
        Directory.CreateDirectory(folder.File("run"));
        await using var server = await StubServer.OnSocketAsync(folder.File("run/control.sock"), context => AnswerAsync(context, 200, reply));
        return await RunAsync("config", "show", "--on", "gpu", "--data-dir", folder.Path);
    }

    private async Task<(string Output, string Error, int Code)> RunAsync(int status, string reply, params string[] words)
    {
        await using var server = await StubServer.OnPortAsync(context => AnswerAsync(context, status, reply));
        return await RunAsync([.. words, "--endpoint", server.Address.Display]);
    }

    private async Task AnswerAsync(HttpContext context, int status, string reply)
    {
        _asked.Add($"{context.Request.Method} {context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget}");
        using var reader = new StreamReader(context.Request.Body);
        if (await reader.ReadToEndAsync(TestContext.Current.CancellationToken) is { Length: > 0 } body) _bodies.Add(body);
        await StubServer.Json(status, reply)(context);
    }

    private static async Task<(string Output, string Error, int Code)> RunAsync(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(words, output, error);
        return (output.ToString(), error.ToString(), code);
    }
}
