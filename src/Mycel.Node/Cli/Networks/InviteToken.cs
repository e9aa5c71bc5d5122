using System.CommandLine;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>Takes an invite from the command line or from standard input.</summary>
internal static class InviteToken
{
    /// <summary>The argument. Several words make one token: a mail program may have broken it into lines.</summary>
    public static Argument<string[]> Argument() => new("TOKEN")
    {
        Description = "The invite, as 'mycel invite create' printed it, or - to read it from standard input",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>The token without white space, and what it says.</summary>
    /// <exception cref="NodeClientException">It is no invite; the message says what to do.</exception>
    public static (string Token, Invite Invite) Read(string[] words, CliConsole console)
    {
        string given = words is ["-"] ? ReadInput(console) : string.Concat(words);
        string token = string.Concat(given.Where(c => !char.IsWhiteSpace(c)));
        // The exact line that invite create shows is often pasted whole.
        int start = token.IndexOf(Invite.Prefix, StringComparison.Ordinal);
        if (start > 0 && token[..start] is "mycel" + "join") token = token[start..];
        try
        {
            return (token, Invite.Parse(token));
        }
        catch (StatementException problem)
        {
            throw new NodeClientException(problem.Message, ExitCode.Usage);
        }
    }

    private static string ReadInput(CliConsole console)
    {
        if (console.InputIsTerminal)
        {
            console.Error.WriteLine("Paste the invite, then press Enter:");
            return Console.ReadLine() ?? "";
        }

        char[] text = new char[Invite.MaxTokenLength + 1];
        int length = Console.In.ReadBlock(text, 0, text.Length);
        return new string(text, 0, length);
    }
}
