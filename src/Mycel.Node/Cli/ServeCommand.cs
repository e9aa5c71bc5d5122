using System.CommandLine;
using Mycel.Identity;
using Mycel.Node.Admission;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;
using Mycel.Node.Hosting;
using Mycel.Node.Models;

namespace Mycel.Node.Cli;

/// <summary>The command <c>serve</c>.</summary>
internal static class ServeCommand
{
    private static readonly string[] LogLevels = ["debug", "info", "warn", "error"];

    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        Option<string[]> relay = new("--relay", "-r") { Description = "Device whose models to serve on, such as http://gpu-box:11434; may be repeated", HelpName = "URL" };
        Option<string[]> model = new("--model", "-m")
        {
            Description = "Model file (GGUF) to compute here, or the name of a pulled one; NAME=PATH serves it under that name; may be repeated",
            HelpName = "PATH|NAME",
        };
        model.CompletionSources.Add(_ => NodeCompletions.ModelFiles());
        Option<bool> demo = new("--demo") { Description = "Serve the small model that comes with the program, to try things out" };
        Option<string?> host = new("--host") { Description = "Address to listen on (default 127.0.0.1)", HelpName = "ADDRESS" };
        Option<int?> port = CliCommand.NumberOption("--port", 0, 65_535, "-p");
        port.Description = "Port to listen on (default 8420; 0 takes any free one)";
        port.HelpName = "PORT";
        Option<string?> config = new("--config", "-c") { Description = "Configuration file (default ./mycel.yaml, then ~/.config/mycel/mycel.yaml)", HelpName = "FILE" };
        Option<string?> dataDir = new("--data-dir") { Description = "Folder for keys, secrets and state (default ~/.local/share/mycel)", HelpName = "DIR" };
        Option<bool> open = new("--open") { Description = "Serve without keys beyond this machine: anyone who reaches the port may use the models" };
        Option<string?> logLevel = new("--log-level") { Description = "debug, info, warn or error (default info)", HelpName = "LEVEL" };
        logLevel.CompletionSources.Add(_ => LogLevels.Select(level => new System.CommandLine.Completions.CompletionItem(level)));

        CliCommand command = new("serve", "Run a node in the foreground; Ctrl-C or SIGTERM stops it after running answers have ended")
        {
            Examples =
            [
                "mycel serve --demo",
                "mycel serve --model ~/models/qwen3-4b.gguf",
                "mycel serve --relay http://localhost:11434",
                "mycel serve --relay http://gpu1:11434 --relay http://gpu2:8000",
                "mycel serve --host 0.0.0.0 --config /etc/mycel/mycel.yaml",
            ],
        };
        foreach (Option option in (Option[])[relay, model, demo, host, port, config, dataDir, open, logLevel]) command.Options.Add(option);
        command.Runs((line, console, _) =>
        {
            CommandLineSettings flags = new()
            {
                Relays = line.GetValue(relay) ?? [],
                Models = line.GetValue(model) ?? [],
                Demo = line.GetValue(demo) ? true : null,
                Host = line.GetValue(host),
                Port = line.GetValue(port),
                ConfigFile = line.GetValue(config),
                DataDir = line.GetValue(dataDir),
                Open = line.GetValue(open) ? true : null,
                LogLevel = line.GetValue(logLevel),
            };
            if (OptionsStore.TryLoad(flags, out OptionsStore? store, out IReadOnlyList<ConfigurationProblem> errors))
            {
                RefuseMissingModels(store.Current, console);
                return ServeAsync(store);
            }

            foreach (ConfigurationProblem error in errors) console.WriteError(error.ToString());
            throw new NodeClientException($"The node was not started: {errors.Count} {(errors.Count == 1 ? "mistake" : "mistakes")} in its settings.", ExitCode.Usage);
        });
        return command;
    }

    private static void RefuseMissingModels(MycelOptions options, CliConsole console)
    {
        _ = ServedModels.Of(options, new ModelStore(options.Models.Dir), out IReadOnlyList<string> problems);
        if (problems.Count == 0) return;
        foreach (string problem in problems) console.WriteError(problem);
        throw new NodeClientException($"The node was not started: {HumanFormat.Of(problems.Count, "model")} not found.", ExitCode.Usage);
    }

    private static async Task<int> ServeAsync(OptionsStore store)
    {
        try
        {
            return await NodeHost.RunAsync(store);
        }
        catch (NodeStartException error)
        {
            throw new NodeClientException(error.Message, error.IsSetting ? ExitCode.Usage : ExitCode.Failed);
        }
        catch (Exception error) when (error is KeyStoreException or IdentityException or InvalidDataException or DllNotFoundException or UnauthorizedAccessException or IOException)
        {
            throw new NodeClientException("The node was not started: " + error.Message, ExitCode.Failed);
        }
    }
}
