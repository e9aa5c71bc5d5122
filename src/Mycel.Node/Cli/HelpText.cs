using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Mycel.Node.Cli;

/// <summary>Help texts that end with examples.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private readonly SynchronousCommandLineAction _inner;

    private HelpText(SynchronousCommandLineAction inner) => _inner = inner;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <summary>Lets <c>--help</c> of a root command show examples.</summary>
    public static void ApplyTo(Command root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
        {
            option.Description = "Show help";
            if (option.Action is SynchronousCommandLineAction inner) option.Action = new HelpText(inner);
        }
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int result = _inner.Invoke(parseResult);
        if (parseResult.CommandResult.Command is not CliCommand { Examples.Count: > 0 } command) return result;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in command.Examples) output.WriteLine("  " + example);
        output.WriteLine();
        return result;
    }
}
