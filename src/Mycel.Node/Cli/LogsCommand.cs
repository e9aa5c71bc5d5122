using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>The command <c>logs</c>.</summary>
internal static class LogsCommand
{
    private const int MaxEntries = 1_000;

    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Option<int?> limit = CliCommand.NumberOption("--limit", 1, MaxEntries, "-l");
        limit.Description = "Entries to show (default 100)";
        limit.HelpName = "N";
        Option<string?> level = new("--level") { Description = "Least severe level to show: debug, info, warn or error", HelpName = "LEVEL" };
        level.CompletionSources.Add("debug", "info", "warn", "error");
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("logs", "Show the latest entries of the node's log") { Examples = ["mycel logs", "mycel logs --level warn", "mycel logs --on gpu-box"] };
        foreach (Option option in (Option[])[limit, level, json]) command.Options.Add(option);
        options.AddWithFleetTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            string least = line.GetValue(level) is { } given ? $"&level={Uri.EscapeDataString(given)}" : "";
            JsonElement reply = await node.GetAsync(string.Create(CultureInfo.InvariantCulture, $"v1/node/logs?limit={line.GetValue(limit) ?? 100}{least}"), cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else Show(node.Read(reply, ClientJson.Default.LogListReply), console);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Show(LogListReply reply, CliConsole console)
    {
        foreach (LogListReply.LogLine entry in reply.Logs)
        {
            string time = entry.Ts.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            string level = Printable.Line(entry.Level);
            TextStyle style = level switch { "error" or "critical" => TextStyle.Error, "warn" => TextStyle.Warning, _ => TextStyle.Dim };
            console.Out.WriteLine($"{console.Styled(time, TextStyle.Dim)} {console.Styled(level.PadRight(5), style)} {Printable.Line(entry.Message, 2_000)}");
        }
    }
}
