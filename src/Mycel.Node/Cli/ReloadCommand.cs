using System.CommandLine;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>The command <c>reload</c>.</summary>
internal static class ReloadCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("reload", "Have the node read its configuration anew; running answers go on") { Examples = ["mycel reload", "mycel config check && mycel reload"] };
        command.Options.Add(json);
        options.AddTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            System.Text.Json.JsonElement reply = await node.PostAsync("v1/node/reload", "{}", cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else Show(node.Read(reply, ClientJson.Default.ReloadReply), console);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Show(ReloadReply reply, CliConsole console)
    {
        if (reply.Applied.Count == 0 && reply.RestartRequired.Count == 0)
        {
            console.Out.WriteLine("Nothing changed.");
            return;
        }

        if (reply.Applied.Count > 0)
            console.Out.WriteLine($"{console.Styled("✓", TextStyle.Accent)} In force now: {string.Join(", ", reply.Applied.Select(key => Printable.Line(key)))}");
        foreach (ReloadReply.Pending pending in reply.RestartRequired)
        {
            console.Out.WriteLine(
                $"{console.Styled("!", TextStyle.Warning)} {Printable.Line(pending.Key)} needs a restart: {Shown(pending.From)} → {Shown(pending.To)}");
        }
    }

    private static string Shown(string? value) => string.IsNullOrEmpty(value) ? "(nothing)" : Printable.Line(value);
}
