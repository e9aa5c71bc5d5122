using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>The command <c>plan</c>.</summary>
internal static class PlanCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Argument<string> model = new("MODEL") { Description = "The model's name, as requests ask for it" };
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("plan", "Show where a request for a model would go now, and why nowhere else")
        {
            Examples = ["mycel plan qwen3-4b", "mycel plan relay:llama3.2 --json"],
        };
        model.CompletionSources.Add(context => NodeCompletions.Models(() => options.Connect(context.ParseResult)));
        command.Arguments.Add(model);
        command.Options.Add(json);
        options.AddTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            JsonElement reply = await node.GetAsync("v1/node/plan?model=" + Uri.EscapeDataString(line.GetRequiredValue(model)), cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else Write(node.Read(reply, ClientJson.Default.PlanReply), console);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Shows a plan.</summary>
    public static void Write(PlanReply plan, CliConsole console)
    {
        if (plan.Ranking.Count == 0) console.Out.WriteLine("Nobody has a slot for it now.");
        else WriteRanking(plan.Ranking, console);
        if (plan.Refused.Count == 0) return;
        console.Out.WriteLine();
        foreach (PlanRefusalReply refusal in plan.Refused)
            console.Out.WriteLine($"{console.Styled("!", TextStyle.Warning)} {Printable.Line(refusal.Route)}: {Printable.Line(refusal.Reason)}");
    }

    private static void WriteRanking(IReadOnlyList<PlanRankReply> ranking, CliConsole console)
    {
        TextTable table = new TextTable()
            .Add("ROUTE", shrinks: true)
            .Add("SCORE", rightAligned: true)
            .Add("BUSY", rightAligned: true)
            .Add("FIRST TOKEN", rightAligned: true)
            .Add("TOKENS/S", rightAligned: true)
            .Add("PRICE", rightAligned: true)
            .Add("WHY", shrinks: true);
        foreach (PlanRankReply rank in ranking)
        {
            string first = rank.FirstTokenMs is { } ms ? HumanFormat.Latency(TimeSpan.FromMilliseconds(ms)) : "–";
            string rate = rank.TokensPerSecond?.ToString("0.#", CultureInfo.InvariantCulture) ?? "–";
            table.AddRow(
                rank.Route, rank.Score.ToString("0.00", CultureInfo.InvariantCulture), $"{rank.InFlight}/{rank.Slots}", first, rate, new ModelPrice(rank.PromptPrice, rank.CompletionPrice).ToString(), string.Join("; ", rank.Reasons));
        }

        table.Write(console);
        if (ranking.Any(rank => rank.PromptPrice + rank.CompletionPrice > 0))
            console.WriteLine(console.Styled("Prices are credits for a million tokens of the prompt, and of the answer.", TextStyle.Dim));
    }
}
