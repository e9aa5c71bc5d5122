using System.CommandLine;
using System.CommandLine.Invocation;
using Mycel.Node.Cli.Chat;
using Mycel.Node.Cli.Credit;
using Mycel.Node.Cli.Doctor;
using Mycel.Node.Cli.Identity;
using Mycel.Node.Cli.LocalModels;
using Mycel.Node.Cli.Networks;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Cli.Top;

namespace Mycel.Node.Cli;

/// <summary>The command line of <c>mycel</c>.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command; the result is the process's exit code (see <see cref="ExitCode"/>).</summary>
    public static Task<int> RunAsync(string[] args) => RunAsync(args, Console.Out, Console.Error);

    /// <summary>Runs one command that writes to the given writers.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        if (args is ["--version"] or ["version"] or ["-V"])
        {
            await output.WriteLineAsync("mycel " + VersionText.Short);
            return ExitCode.Ok;
        }

        if (args is ["help", .. string[] about]) args = [.. about, "--help"];
        // No "@file" arguments: a question may begin with @.
        ParseResult line = Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (line.Action is ParseErrorAction) return Complain(line, error);
        InvocationConfiguration invocation = new()
        {
            Output = output,
            Error = error,
            // Commands that have something to end catch the signals themselves; the others simply stop.
            ProcessTerminationTimeout = null,
        };
        return await line.InvokeAsync(invocation);
    }

    /// <summary>The whole tree of commands.</summary>
    public static RootCommand Build()
    {
        RootCommand root = new("Mycel: one fast, honest OpenAI endpoint for the models on all your machines");
        foreach (VersionOption option in root.Options.OfType<VersionOption>().ToArray()) root.Options.Remove(option);
        root.Options.Add(new Option<bool>("--version", "-V") { Description = "Show the version" });
        root.Subcommands.Add(ServeCommand.Build());
        root.Subcommands.Add(ChatCommand.Build());
        root.Subcommands.Add(StatusCommand.Build());
        root.Subcommands.Add(TopCommand.Build());
        root.Subcommands.Add(ModelsCommands.Build());
        root.Subcommands.Add(PlanCommand.Build());
        root.Subcommands.Add(RelayCommands.Build());
        root.Subcommands.Add(NetworkCommands.Build());
        root.Subcommands.Add(InviteCommands.Build());
        root.Subcommands.Add(JoinCommand.Build());
        root.Subcommands.Add(PeerCommands.BuildPeers());
        root.Subcommands.Add(PeerCommands.BuildFleet());
        root.Subcommands.Add(DhtCommands.Build());
        root.Subcommands.Add(CreditCommands.Build());
        root.Subcommands.Add(ReceiptCommands.Build());
        root.Subcommands.Add(LedgerCommands.Build());
        root.Subcommands.Add(KeysCommands.Build());
        root.Subcommands.Add(SecretCommands.Build());
        root.Subcommands.Add(InitCommand.Build());
        root.Subcommands.Add(AccountCommands.Build());
        root.Subcommands.Add(DeviceCommands.Build());
        root.Subcommands.Add(ConfigCommands.Build());
        root.Subcommands.Add(ReloadCommand.Build());
        root.Subcommands.Add(LogsCommand.Build());
        root.Subcommands.Add(DoctorCommand.Build());
        root.Subcommands.Add(CompletionCommand.Build());
        root.Subcommands.Add(BuildVersion());
        HelpText.ApplyTo(root);
        return root;
    }

    private static CliCommand BuildVersion()
    {
        CliCommand command = new("version", "Show the version");
        command.Runs((_, console, _) =>
        {
            console.Out.WriteLine("mycel " + VersionText.Short);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    /// <summary>Says what is wrong with the command line, what was probably meant, and where help is.</summary>
    private static int Complain(ParseResult line, TextWriter error)
    {
        CliConsole console = CliConsole.For(TextWriter.Null, error);
        Command command = line.CommandResult.Command;
        string path = UsageErrors.PathOf(line);
        if (line.UnmatchedTokens.Count == 0 && command.Subcommands.Count > 0)
        {
            Build().Parse([.. path.Split(' ')[1..], "--help"]).Invoke(new InvocationConfiguration { Output = error, Error = error });
            return ExitCode.Usage;
        }

        foreach (string message in UsageErrors.Explain(line)) console.WriteError(message);
        error.WriteLine($"See: {path} --help");
        return ExitCode.Usage;
    }
}
