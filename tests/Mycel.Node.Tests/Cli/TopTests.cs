using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Cli;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Cli.Top;

namespace Mycel.Node.Tests.Cli;

public sealed class TopTests
{
    private const string Status =
        """{"version":"0.1.0","node_id":"n1","name":"gpu-box","state":"ready","uptime_s":302,"requests":{"active":1,"queued":2,"total":1234,"failed":3},"tokens":{"prompt":10,"completion":20},"slots":{"used":1,"total":4}}""";

    private const string Requests =
        """
        {"active":[{"id":"1","model":"qwen3:8b","route":"ipad","state":"streaming","ttft_ms":85,"duration_ms":2085,"completion_tokens":101}],
         "recent":[{"id":"2","model":"gone","status":404,"state":"done","duration_ms":1,"error":"no such model"},{"id":"3","model":"left","status":499,"state":"done","duration_ms":5}]}
        """;

    [Fact]
    public void The_page_tells_what_runs_how_fast_and_what_serves()
    {
        var state = StateOf(
            ("status", Status), ("requests", Requests), ("load", Load(0, 0)), ("load", Load(1, 153)),
            ("relays", """{"relays":[{"name":"ipad","online":true,"in_flight":1,"max_concurrent":4,"latency_ms":12,"models":["a","b"]},{"name":"attic","online":false,"last_error":"the connection was refused"}]}"""),
            ("models", """{"models":[{"name":"tiny","state":"loaded","slots":2,"in_flight":1},{"name":"lying about","state":"available"}]}"""),
            ("peers", """{"peers":[{"id":"abc","name":"friend","linked":true,"carrier":"quic","round_trip_ms":20,"slots":8,"free_slots":5,"models":["c"]},{"id":"def","name":"away","linked":false}]}"""));

        var page = PageOf(state);

        Assert.StartsWith("gpu-box is ready, up 5m 2s, mycel 0.1.0\n", page, StringComparison.Ordinal);
        Assert.Contains("1 running, 2 waiting; 1.2k in all, 3 failed; 1 of 4 slots in use", page, StringComparison.Ordinal);
        Assert.Matches(@"Tokens/s +153\b", page);
        Assert.Matches(@"\nqwen3:8b +ipad +writes +85 ms +101 +50 +2\.0[89] s\n", page);
        Assert.Matches(@"\ngone +– +no such model ", page);
        Assert.Matches(@"\nleft +– +cancelled ", page);
        Assert.Matches(@"\nipad +online +1/4 +12 ms +2\n", page);
        Assert.Matches(@"\nattic +the connection was refused ", page);
        Assert.Matches(@"\ntiny +loaded +1/2 ", page);
        Assert.Matches(@"\nfriend +linked, quic +3/8 +20 ms +1\n", page);
        Assert.DoesNotContain("lying about", page, StringComparison.Ordinal);
        Assert.DoesNotContain("away", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chart_goes_with_the_speed()
    {
        var samples = string.Join(",", new[] { 0, 0, 500, 1_500, 1_500 }.Select((tokens, i) => Load(i * 5, tokens)));
        var state = StateOf(("status", Status), ("history", $$"""{"interval_s":5,"samples":[{{samples}}]}"""));

        Assert.Contains("▁▄█▁  past 20s", PageOf(state), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_starts_anew_is_not_reckoned_from_its_old_counts()
    {
        var state = StateOf(("load", Load(0, 1_000)), ("load", Load(1, 2_000)), ("history", """{"interval_s":5,"samples":[]}"""), ("load", Load(2, 10)));

        Assert.Equal(0, state.TokensPerSecond);
    }

    [Fact]
    public void The_page_keeps_within_the_rows_there_are()
    {
        var recent = string.Join(",", Enumerable.Range(0, 100).Select(i => $$"""{"id":"{{i}}","model":"m{{i}}","status":200,"state":"done","duration_ms":1}"""));
        var relays = string.Join(",", Enumerable.Range(0, 50).Select(i => $$"""{"name":"r{{i}}","online":true}"""));
        var state = StateOf(("status", Status), ("requests", $$"""{"active":[],"recent":[{{recent}}]}"""), ("relays", $$"""{"relays":[{{relays}}]}"""));

        var page = PageOf(state, rows: 30);

        Assert.InRange(page.Split('\n').Length - 1, 25, 30);
        Assert.Contains("\nm0 ", page, StringComparison.Ordinal);
        Assert.Contains("\nr0 ", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_name_cannot_steer_the_terminal()
    {
        var state = StateOf(("status", Status), ("requests", """{"active":[{"model":"\u001b[2Jx\nfake","state":"queued"}]}"""));

        var page = PageOf(state);

        Assert.DoesNotContain('\e', page);
        Assert.DoesNotContain("\nfake", page, StringComparison.Ordinal);
    }

    [Fact]
    public void News_that_this_version_does_not_know_are_passed_over_and_damaged_ones_refused()
    {
        var state = StateOf(("weather", "not even JSON"));

        Assert.Throws<JsonException>(() => state.Take("status", "[1"));
        Assert.Equal("Waiting for the node …\n", PageOf(state).Split('\n')[0] + "\n");
    }

    [Fact]
    public async Task Without_a_terminal_one_page_is_written_and_the_command_ends()
    {
        var (code, output, _) = await TopAsync(
            $"event: history\ndata: {{\"interval_s\":5,\"samples\":[]}}\n\nevent: status\ndata: {Status}\n\nevent: load\ndata: {Load(0, 0)}\n\nevent: requests\ndata: {Requests.ReplaceLineEndings("")}\n\n"
            + "event: relays\ndata: {\"relays\":[]}\n\nevent: models\ndata: {\"models\":[]}\n\nevent: peers\ndata: {\"peers\":[]}\n\n");

        Assert.Equal(0, code);
        Assert.StartsWith("gpu-box is ready", output, StringComparison.Ordinal);
        Assert.Contains("\nqwen3:8b ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_answers_otherwise_is_told_apart()
    {
        var (code, _, error) = await TopAsync("event: status\ndata: 7\n\n");

        Assert.NotEqual(0, code);
        Assert.Contains("Use the same version on both sides", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> TopAsync(string events)
    {
        await using var node = await StubServer.OnPortAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(events);
            await context.Response.Body.FlushAsync();
            // Like a node's, the stream stays open.
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        using StringWriter output = new(CultureInfo.InvariantCulture), error = new(CultureInfo.InvariantCulture);
        var code = await CommandLine.RunAsync(["top", "--endpoint", node.Address.BaseAddress.ToString()], output, error);
        return (code, output.ToString(), error.ToString());
    }

    private static TopState StateOf(params (string Name, string Json)[] news)
    {
        TopState state = new();
        foreach (var (name, json) in news) state.Take(name, json);
        return state;
    }

    private static string Load(int seconds, long tokens) =>
        $$"""{"at":"{{DateTimeOffset.UnixEpoch.AddSeconds(seconds):O}}","completion_tokens":{{tokens}}}""";

    private static string PageOf(TopState state, int rows = 1_000)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
        TopView.Write(state, new CliConsole(text, TextWriter.Null, false, false, false), rows);
        return text.ToString();
    }
}
