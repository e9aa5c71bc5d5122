using System.CommandLine;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Doctor;

/// <summary>The command <c>doctor</c>.</summary>
internal static class DoctorCommand
{
    private const int NameCells = 22;

    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        Option<string?> config = new("--config", "-c") { Description = "Configuration file of the node", HelpName = "FILE" };
        Option<string?> dataDir = new("--data-dir") { Description = "Data folder of the node", HelpName = "DIR" };
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("doctor", "Check settings, folders, port, node and devices, and say what to mend")
        {
            Examples = ["mycel doctor", "mycel doctor --json", "mycel doctor --config /etc/mycel/mycel.yaml"],
        };
        foreach (Option option in (Option[])[config, dataDir, json]) command.Options.Add(option);
        command.Runs(async (line, console, cancel) =>
        {
            CommandLineSettings flags = new() { ConfigFile = line.GetValue(config), DataDir = line.GetValue(dataDir) };
            return await RunAsync(new DoctorRun(flags, TimeProvider.System), console, line.GetValue(json), cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(DoctorRun run, CliConsole console, bool json, CancellationToken cancel)
    {
        List<DoctorCheck> checks = [];
        // What is being waited for would stand in the way of JSON.
        run.Note = json ? _ => { } : note => ShowNote(note, console);
        await foreach (DoctorCheck check in run.RunAsync(cancel))
        {
            checks.Add(check);
            if (!json) Write(check, console);
        }

        int failed = checks.Count(check => check.Status == DoctorStatus.Failed), warnings = checks.Count(check => check.Status == DoctorStatus.Warning);
        if (json)
        {
            DoctorReport report = new() { Ok = failed == 0, Checks = [.. checks.Select(ToEntry)] };
            console.Out.WriteLine(ClientJson.Format(JsonSerializer.SerializeToElement(report, ClientJson.Default.DoctorReport)));
        }
        else
        {
            console.Out.WriteLine();
            console.Out.WriteLine(Summary(failed, warnings));
        }

        return failed == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static string Summary(int failed, int warnings) => (failed, warnings) switch
    {
        (0, 0) => "All is well.",
        (0, _) => $"It works; {HumanFormat.Of(warnings, "thing")} to look at.",
        (_, 0) => $"{HumanFormat.Of(failed, "thing")} to mend.",
        _ => $"{HumanFormat.Of(failed, "thing")} to mend, {warnings} to look at.",
    };

    private static void ShowNote(string note, CliConsole console)
    {
        if (!console.OutputIsTerminal) return;
        console.Out.Write(console.Styled(Printable.Line(note, Math.Max(console.Width - 1, 1)), TextStyle.Dim));
        console.Out.Flush();
    }

    private static void Write(DoctorCheck check, CliConsole console)
    {
        (string sign, TextStyle style) = check.Status switch
        {
            DoctorStatus.Ok => ("✓", TextStyle.Accent),
            DoctorStatus.Warning => ("!", TextStyle.Warning),
            DoctorStatus.Failed => ("✗", TextStyle.Error),
            _ => ("–", TextStyle.Dim),
        };
        string detail = Printable.Line(check.Detail);
        string text = check.Remedy is null ? detail : $"{detail} {console.Styled("→", TextStyle.Bold)} {Printable.Line(check.Remedy)}";
        string name = Printable.Line(check.Name);
        string clear = console.OutputIsTerminal ? "\r\e[K" : "";
        console.Out.Write(clear);
        console.WriteLine($"{console.Styled(sign, TextStyle.Bold | style)} {name.PadRight(Math.Max(NameCells, name.Length + 1))} {text}", hanging: NameCells + 3);
    }

    private static DoctorReport.Entry ToEntry(DoctorCheck check) =>
        new(check.Name, check.Status.ToString().ToLowerInvariant(), check.Detail, check.Remedy);
}
