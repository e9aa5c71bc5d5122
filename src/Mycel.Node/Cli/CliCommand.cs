using System.CommandLine;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>A command whose failures come out as one clear sentence and an exit code, and whose help ends with examples.</summary>
internal sealed class CliCommand : Command
{
    /// <summary>A command or a group of commands.</summary>
    public CliCommand(string name, string description)
        : base(name, description)
    {
    }

    /// <summary>Lines shown at the end of the help text.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Sets what the command does; the result is the exit code.</summary>
    public void Runs(Func<ParseResult, CliConsole, CancellationToken, Task<int>> run) => SetAction(async (line, cancel) =>
    {
        CliConsole console = CliConsole.For(line.InvocationConfiguration.Output, line.InvocationConfiguration.Error);
        try
        {
            return await run(line, console, cancel);
        }
        catch (NodeClientException error)
        {
            console.WriteError(error.Message);
            return error.ExitCode;
        }
    });

    /// <summary>The option <c>--json</c> of listing commands.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print JSON for scripts instead of text" };
}
