using Microsoft.AspNetCore.Http.Features;
using Mycel.Node.Cli;

namespace Mycel.Node.Tests.Cli.Networks;

/// <summary>What <c>peers find</c> and <c>dht status</c> say of a node's answers.</summary>
public sealed class DhtCommandTests
{
    private const string Found =
        """{"model":"m/1","providers":[{"id":"5ab0123456789abcdef0","name":null,"network":"commons","addresses":["198.51.100.9:8421"],"linked":false,"source":"table","expires_at":"2026-11-22T12:00:00+00:00"}],"table_asked":true,"problem":null,"questions":31,"hops":2,"took_ms":84.2}""";

    private const string None = """{"model":"m","providers":[],"table_asked":false,"problem":"it is switched off (dht.enabled, --no-dht)","questions":0,"hops":0,"took_ms":0.1}""";

    private const string Status =
        """{"enabled":true,"running":true,"problem":null,"port":8422,"passive":true,"contacts":187,"waiting":41,"estimated_nodes":1032.4,"buckets":[{"prefix":3,"contacts":20,"waiting":10}],"records":214,"published":3,"lookups":{"running":1,"started":61,"found":4,"empty":2},"questions":{"sent":1904,"unanswered":77,"received":2210,"limited":0,"tokens_demanded":130},"traffic":{"bytes_sent":1,"bytes_received":2,"dropped":3,"records_refused":0}}""";

    private string _asked = "";

    [Fact]
    public async Task Who_has_a_model_is_shown_with_how_that_is_known()
    {
        var (said, code) = await RunAsync(Found, "peers", "find", "m/1", "--network", "the lab");

        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal("/v1/node/peers/find?model=m%2F1&network=the%20lab", _asked);
        Assert.Contains("5ab012345678", said, StringComparison.Ordinal);
        Assert.Contains("the table", said, StringComparison.Ordinal);
        Assert.Contains("198.51.100.9:8421", said, StringComparison.Ordinal);
        Assert.Contains("A request for the model links", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_has_it_the_exit_code_says_so_and_the_text_says_why_the_table_was_not_asked()
    {
        var (said, code) = await RunAsync(None, "peers", "find", "m");

        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains("No node is known to have m.", said, StringComparison.Ordinal);
        Assert.Contains("--no-dht", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_status_has_buckets_size_records_and_lookups()
    {
        var (said, code) = await RunAsync(Status, "dht", "status");

        Assert.Equal(ExitCode.Ok, code);
        foreach (var part in new[] { "UDP port 8422", "others cannot ask this node", "187 known", "214 stored", "61 so far", "4 found, 2 empty", "SHARED BITS" })
            Assert.Contains(part, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dht", "status")]
    [InlineData("peers", "find", "m/1")]
    public async Task Scripts_get_the_whole_reply(params string[] words)
    {
        var (said, _) = await RunAsync(words[0] == "dht" ? Status : Found, [.. words, "--json"]);

        Assert.Contains(words[0] == "dht" ? "\"estimated_nodes\": 1032.4" : "\"took_ms\": 84.2", said, StringComparison.Ordinal);
    }

    private async Task<(string Output, int Code)> RunAsync(string reply, params string[] words)
    {
        await using var server = await StubServer.OnPortAsync(context =>
        {
            _asked = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
            return StubServer.Json(200, reply)(context);
        });
        using var output = new StringWriter();
        var code = await CommandLine.RunAsync([.. words, "--endpoint", server.Address.Display], output, TextWriter.Null);
        return (output.ToString(), code);
    }
}
