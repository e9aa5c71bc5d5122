using System.Text.Json;
using Mycel.Node.Cli;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public class PlanCommandTests
{
    [Fact]
    public void The_ranking_and_every_refusal_are_shown()
    {
        var shown = Show(
            """
            {"model":"m","ranking":[{"route":"local:m","model":"m","rank":1,"score":4.213,"place":"local","reasons":["256 tokens take 4.21 s, as measured","25 % full"],
             "in_flight":1,"slots":4,"load":0.25,"first_token_ms":110.5,"tokens_per_second":62.8},{"route":"peer:attic","model":"m","rank":2,"score":9,"reasons":[],"slots":2,"prompt_price":80000,"completion_price":300000}],
             "refused":[{"route":"relay:gpu-box","reason":"It is offline: the connection was refused"}]}
            """);
        var lines = shown.Split('\n');
        Assert.Matches("ROUTE +SCORE +BUSY +FIRST TOKEN +TOKENS/S +PRICE +WHY", lines[0]);
        Assert.Matches(@"local:m +4\.21 +1/4 +.*62\.8 +free +256 tokens take", lines[1]);
        Assert.Matches(@"peer:attic +9\.00 +0/2 +– +– +0\.08/0\.3", lines[2]);
        Assert.Contains("relay:gpu-box: It is offline: the connection was refused", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nobody_has_a_slot_that_is_said() =>
        Assert.StartsWith("Nobody has a slot", Show("""{"model":"m","ranking":[],"refused":[{"route":"local:m","reason":"No slot is free."}]}"""), StringComparison.Ordinal);

    private static string Show(string json)
    {
        using var output = new StringWriter();
        PlanCommand.Write(JsonSerializer.Deserialize(json, ClientJson.Default.PlanReply)!, CliConsole.For(output, TextWriter.Null));
        return output.ToString();
    }
}
