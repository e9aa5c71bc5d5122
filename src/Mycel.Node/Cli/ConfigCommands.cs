using System.CommandLine;
using System.Text.Json;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>The <c>config</c> commands.</summary>
internal static class ConfigCommands
{
    /// <summary>Builds the group.</summary>
    public static Command Build() => new("config", "Check and show the settings") { BuildCheck(), BuildShow() };

    private static LocalCommand BuildCheck()
    {
        var command = new LocalCommand("check", "Read the settings as a start would, and tell every mistake", hasJson: true);
        command.Examples = ["mycel config check", "mycel config check --config /etc/mycel/mycel.yaml"];
        command.Runs(run =>
        {
            var loaded = ConfigurationLoader.Load(run.Flags);
            if (run.IsJson) run.Out.WriteLine(JsonSerializer.Serialize(ConfigurationCheckView.Of(loaded), ConfigurationJson.Default.ConfigurationCheckView));
            else Report(run, loaded);
            return loaded.Errors.Count == 0 ? ExitCode.Ok : ExitCode.Usage;
        });
        return command;
    }

    private static LocalCommand BuildShow()
    {
        var command = new LocalCommand("show", "Show every setting, its value and where that comes from", hasJson: true);
        var node = command.AddNode();
        command.Examples = ["mycel config show", "mycel config show --on gpu-box"];
        command.Runs(async (run, cancel) =>
        {
            if (node.IsElsewhere(run.Line)) return await NodeConfig.ShowAsync(run, node, cancel);
            var loaded = ConfigurationLoader.Load(run.Flags);
            if (loaded.Errors.Count > 0)
            {
                Report(run, loaded);
                return ExitCode.Usage;
            }
            if (run.IsJson)
            {
                run.Out.WriteLine(JsonSerializer.Serialize(ConfigurationView.Of(loaded.File, loaded.Values), ConfigurationJson.Default.ConfigurationView));
                return ExitCode.Ok;
            }
            run.Out.WriteLine(loaded.File is null ? "No configuration file." : $"Configuration file: {loaded.File}");
            run.Out.WriteLine();
            run.WriteTable(["KEY", "VALUE", "SOURCE"], loaded.Values.Select(value => (string[])[value.Key, value.Text, SourceOf(value.Origin)]));
            WriteWarnings(run, loaded);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Report(LocalRun run, LoadedConfiguration loaded)
    {
        foreach (var problem in loaded.Errors)
        {
            run.Error.WriteLine($"error: {problem}");
            if (ConfigExcerpt.Of(problem, loaded.FileText) is { } excerpt) run.Error.WriteLine(excerpt);
        }
        WriteWarnings(run, loaded);
        if (loaded.Errors.Count > 0) run.Error.WriteLine(loaded.Errors.Count == 1 ? "1 mistake." : $"{loaded.Errors.Count} mistakes.");
        else run.Out.WriteLine(loaded.File is null ? "No mistakes; there is no configuration file." : $"No mistakes in {loaded.File}.");
    }

    private static void WriteWarnings(LocalRun run, LoadedConfiguration loaded)
    {
        foreach (var warning in loaded.Warnings) run.Error.WriteLine($"warning: {warning}");
    }

    private static string SourceOf(SettingOrigin origin) => origin.Source switch
    {
        SettingSource.File => $"file, line {origin.Line}",
        SettingSource.Default => "default",
        _ => $"{origin.SourceWord} {origin.Name}",
    };
}
