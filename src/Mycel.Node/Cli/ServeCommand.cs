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
    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        ServeOptions options = new();
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
        options.AddTo(command);
        command.Runs((line, console, _) => RunAsync(options.Read(line), console));
        return command;
    }

    /// <summary>Runs a node until it is told to stop; the result is the exit code.</summary>
    /// <param name="flags">The settings given as flags.</param>
    /// <param name="console">Where mistakes in the settings are told.</param>
    /// <param name="onReady">See <see cref="NodeHost.RunAsync"/>.</param>
    /// <exception cref="NodeClientException">The node cannot start.</exception>
    public static Task<int> RunAsync(CommandLineSettings flags, CliConsole console, Func<CancellationToken, Task<int>>? onReady = null)
    {
        if (OptionsStore.TryLoad(flags, out OptionsStore? store, out IReadOnlyList<ConfigurationProblem> errors))
        {
            RefuseMissingModels(store.Current, console);
            return ServeAsync(store, onReady);
        }

        foreach (ConfigurationProblem error in errors) console.WriteError(error.ToString());
        throw new NodeClientException($"The node was not started: {errors.Count} {(errors.Count == 1 ? "mistake" : "mistakes")} in its settings.", ExitCode.Usage);
    }

    private static void RefuseMissingModels(MycelOptions options, CliConsole console)
    {
        _ = ServedModels.Of(options, new ModelStore(options.Models.Dir), out IReadOnlyList<string> problems);
        if (problems.Count == 0) return;
        foreach (string problem in problems) console.WriteError(problem);
        throw new NodeClientException($"The node was not started: {HumanFormat.Of(problems.Count, "model")} not found.", ExitCode.Usage);
    }

    private static async Task<int> ServeAsync(OptionsStore store, Func<CancellationToken, Task<int>>? onReady)
    {
        try
        {
            return await NodeHost.RunAsync(store, onReady);
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
