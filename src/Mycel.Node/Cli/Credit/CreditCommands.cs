using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Mycel.Node.Cli.Client;

namespace Mycel.Node.Cli.Credit;

/// <summary>The commands <c>credits</c> and <c>credits history</c>.</summary>
internal static class CreditCommands
{
    private const int MaxReceipts = 1_000;

    /// <summary>Makes the group; it does something by itself.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("credits", "Show what you have and owe in each network, and with whom") { Examples = ["mycel credits", "mycel credits history", "mycel credits --json"] };
        command.Options.Add(json);
        options.AddWithFleetTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            JsonElement reply = await node.GetAsync("v1/node/credits", cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else CreditTables.WriteCredits(node.Read(reply, ClientJson.Default.CreditReply), console, DateTimeOffset.UtcNow);
            return ExitCode.Ok;
        });
        command.Subcommands.Add(BuildHistory());
        return command;
    }

    private static CliCommand BuildHistory()
    {
        NodeOptions options = new();
        Option<int?> limit = CliCommand.NumberOption("--limit", 1, MaxReceipts, "-l");
        limit.Description = "Receipts to show (default 50)";
        limit.HelpName = "N";
        Option<string?> before = new("--before") { Description = "Those before this receipt, to page on", HelpName = "ID" };
        Option<string?> network = new("--network", "-n") { Description = "Of one network", HelpName = "NAME" };
        network.CompletionSources.Add(context => NodeCompletions.Networks(() => options.Connect(context.ParseResult)));
        Option<string?> side = new("--side") { Description = "paid or earned", HelpName = "SIDE" };
        side.CompletionSources.Add("paid", "earned");
        Option<string?> state = new("--state") { Description = "How far they have come", HelpName = "STATE" };
        state.CompletionSources.Add("receipted", "countersigned", "acknowledged", "waiting", "posted", "refused");
        Option<string?> key = new("--key-name") { Description = "Of requests with one API key", HelpName = "NAME" };
        Option<string?> since = new("--since") { Description = "From a time on, such as 2026-05-01", HelpName = "TIME" };
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("history", "Show receipts, the latest first") { Examples = ["mycel credits history", "mycel credits history --side paid --since 2026-05-01", "mycel credits history --state waiting"] };
        foreach (Option option in (Option[])[limit, before, network, side, state, key, since, json]) command.Options.Add(option);
        options.AddWithFleetTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            StringBuilder path = new("v1/node/credits/history?limit=");
            path.Append((line.GetValue(limit) ?? 50).ToString(CultureInfo.InvariantCulture));
            foreach ((string name, string? value) in new[]
            {
                ("before", line.GetValue(before)), ("network", line.GetValue(network)), ("side", line.GetValue(side)), ("state", line.GetValue(state)), ("key", line.GetValue(key)),
                ("since", line.GetValue(since)),
            })
            {
                if (value is not null) path.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }

            JsonElement reply = await node.GetAsync(path.ToString(), cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else CreditTables.WriteHistory(node.Read(reply, ClientJson.Default.ReceiptListReply), console);
            return ExitCode.Ok;
        });
        return command;
    }
}
