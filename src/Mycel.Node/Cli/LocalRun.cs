using System.CommandLine;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>One run of a command that works on this machine's files: its options, and where it writes.</summary>
internal sealed class LocalRun(ParseResult line, CommandLineSettings flags, bool isJson)
{
    /// <summary>The parsed command line.</summary>
    public ParseResult Line { get; } = line;

    /// <summary>The settings given by flags.</summary>
    public CommandLineSettings Flags { get; } = flags;

    /// <summary>Whether a program reads the output.</summary>
    public bool IsJson { get; } = isJson;

    /// <summary>For what was asked for.</summary>
    public TextWriter Out => Line.InvocationConfiguration.Output;

    /// <summary>For what went wrong, and for notes.</summary>
    public TextWriter Error => Line.InvocationConfiguration.Error;

    /// <summary>The data folder that a node started now would use.</summary>
    /// <exception cref="LocalRunException">The settings have mistakes: the folder could be the wrong one.</exception>
    public string DataDir()
    {
        var loaded = ConfigurationLoader.Load(Flags);
        return loaded.Options?.DataDir ?? throw new LocalRunException(string.Join(Environment.NewLine, loaded.Errors), ExitCode.Usage);
    }

    /// <summary>Prints what went wrong; the result is the exit code.</summary>
    public int Fail(string message, int exitCode = ExitCode.Failed)
    {
        CliConsole.For(Out, Error).WriteError(message);
        return exitCode;
    }

    /// <summary>Prints rows in columns.</summary>
    public void WriteTable(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new TextTable();
        foreach (var heading in headings) table.Add(heading, shrinks: true);
        foreach (var row in rows) table.AddRow([.. row.Select(cell => new TextTable.Cell(cell))]);
        table.Write(CliConsole.For(Out, Error));
    }
}
