using System.CommandLine;
using System.CommandLine.Parsing;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>Says what is wrong with a command line, and what was probably meant.</summary>
internal static class UsageErrors
{
    /// <summary>Of a word that is no command, as much is repeated.</summary>
    private const int MaxQuotedLength = 40;

    /// <summary>The sentences to show; the command line is known to be wrong.</summary>
    public static IReadOnlyList<string> Explain(ParseResult line)
    {
        if (line.UnmatchedTokens.Count > 0) return [ExplainUnmatched(line)];
        return [.. line.Errors.Select(error => Explain(error, line)).Distinct()];
    }

    /// <summary>The command as typed, such as <c>mycel relay add</c>.</summary>
    public static string PathOf(ParseResult line)
    {
        List<string> names = [];
        for (SymbolResult? result = line.CommandResult; result is not null; result = result.Parent)
        {
            if (result is CommandResult command) names.Add(command.Command is RootCommand ? "mycel" : command.Command.Name);
        }

        names.Reverse();
        return string.Join(' ', names);
    }

    private static string ExplainUnmatched(ParseResult line)
    {
        string path = PathOf(line);
        Command command = line.CommandResult.Command;
        string token = Printable.Line(line.UnmatchedTokens[0], MaxQuotedLength);
        bool option = token.StartsWith('-');
        string what = option ? $"'{path}' has no option '{token}'."
            : command.Subcommands.Count > 0 ? $"There is no command '{path} {token}'."
            : line.UnmatchedTokens.Count == 1 && command.Options.Any(o => o.Name == "--prompt") ? $"'{path}' takes no '{token}'; ask one question with: {path} -p \"{token}\""
            : $"'{path}' takes no '{token}'; put text of several words in quotes.";
        string? near = NearestName.Find(token.Split('=')[0], NamesOf(line, option));
        return near is null ? what : $"{what} Did you mean '{near}'?";
    }

    private static string Explain(ParseError error, ParseResult line)
    {
        string message = Printable.Line(error.Message);
        return error.SymbolResult switch
        {
            CommandResult command when command.Command.Arguments.FirstOrDefault(argument => IsMissing(argument, line)) is { } missing
                => $"'{PathOf(line)}' needs {missing.Name}: {missing.Description}.",
            ArgumentResult argument when argument.Tokens.Count == 0 => $"'{PathOf(line)}' needs {argument.Argument.Name}: {argument.Argument.Description}.",
            OptionResult option when option.Tokens.Count == 0 && option.Option.Arity.MinimumNumberOfValues > 0
                => $"{option.Option.Name} needs a value: {option.Option.HelpName ?? "one"}.",
            _ => message,
        };
    }

    private static bool IsMissing(Argument argument, ParseResult line) =>
        argument.Arity.MinimumNumberOfValues > 0 && line.GetResult(argument) is not { Tokens.Count: > 0 };

    private static IEnumerable<string> NamesOf(ParseResult line, bool options)
    {
        Command command = line.CommandResult.Command;
        if (!options) return command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name);
        return command.Options.Concat(line.RootCommandResult.Command.Options.Where(option => option.Recursive)).Select(option => option.Name);
    }
}
