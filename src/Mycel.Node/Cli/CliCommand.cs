using System.CommandLine;
using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>A command whose failures come out as one clear sentence and an exit code, and whose help ends with examples.</summary>
internal sealed class CliCommand : Command, IHasExamples
{
    /// <summary>A command or a group of commands.</summary>
    public CliCommand(string name, string description)
        : base(name, description)
    {
    }

    /// <inheritdoc/>
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

    /// <summary>An option that takes a whole number.</summary>
    public static Option<int?> NumberOption(string name, int least, int most, params string[] aliases) => new(name, aliases)
    {
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most) return number;
            result.AddError($"{name} takes a whole number from {least} to {most}, not '{Printable.Line(text, 40)}'.");
            return null;
        },
    };
}
