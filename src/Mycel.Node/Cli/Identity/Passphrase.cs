using System.CommandLine;
using Mycel.Identity;
using Spectre.Console;

namespace Mycel.Node.Cli.Identity;

/// <summary>Where the commands get the account key's passphrase from: a file, standard input, or a person. Never an argument: others could see that in the list of processes.</summary>
internal sealed class Passphrase
{
    private const int MaxLength = 1024;

    /// <summary>The option that names the file.</summary>
    public Option<string?> File { get; } = new("--passphrase-file") { Description = "File with the account key's passphrase in its first line; - reads standard input", HelpName = "FILE" };

    /// <summary>The passphrase that the option names; null where it was not given.</summary>
    /// <exception cref="LocalRunException">The file cannot be read or holds none.</exception>
    public string? Given(LocalRun run)
    {
        if (run.Line.GetValue(File) is not { } path) return null;
        try
        {
            using var reader = path == "-" ? Console.In : new StreamReader(path);
            var text = reader.ReadLine();
            if (text is null or "" or { Length: > MaxLength }) throw new LocalRunException($"the first line of {path} must be the passphrase: 1 to {MaxLength:N0} characters.", ExitCode.Usage);
            return text;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LocalRunException($"the passphrase cannot be read: {failure.Message}", ExitCode.Usage);
        }
    }

    /// <summary>A new passphrase: the one given, or one typed twice.</summary>
    /// <exception cref="LocalRunException">Nobody is there to type, or what was typed differs.</exception>
    public string New(LocalRun run)
    {
        if (Given(run) is { } given) return given;
        if (Console.IsInputRedirected) throw new LocalRunException("a passphrase is needed: give --passphrase-file FILE, or run the command at a terminal.", ExitCode.Usage);
        var first = Ask("New passphrase (not shown):");
        if (first != Ask("The same again:")) throw new LocalRunException("the two passphrases differ; nothing was changed.", ExitCode.Usage);
        return first;
    }

    /// <summary>Does something that may need the passphrase: first with the one given, then, where that is none and a person is there, with one typed.</summary>
    public T Use<T>(LocalRun run, Func<string?, T> work)
    {
        var given = Given(run);
        try
        {
            return work(given);
        }
        catch (LockedKeyException) when (given is null && !Console.IsInputRedirected)
        {
            return work(Ask("Passphrase of the account key (not shown):"));
        }
        catch (LockedKeyException locked) when (given is null)
        {
            throw new LocalRunException($"{locked.Message} Give it with --passphrase-file FILE.", ExitCode.Failed);
        }
    }

    private static string Ask(string prompt) => AnsiConsole.Prompt(new TextPrompt<string>(prompt).Secret(null));
}
