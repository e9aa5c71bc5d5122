using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Mycel.Node.Cli;

/// <summary>Help texts that end with examples.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private static readonly string[] RootExamples =
    [
        "mycel serve --relay http://localhost:11434   # put an Ollama, vLLM, … behind one endpoint",
        "mycel chat                                   # and talk with its models",
        "mycel join TOKEN                             # use a friend's models, and share yours",
        "mycel doctor                                 # when something does not work",
    ];

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
        IReadOnlyList<string> examples = parseResult.CommandResult.Command is RootCommand ? RootExamples
            : parseResult.CommandResult.Command is IHasExamples command ? command.Examples : [];
        if (examples.Count == 0) return result;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in examples) output.WriteLine("  " + example);
        output.WriteLine();
        return result;
    }
}
