using System.CommandLine;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>The command <c>completion</c>.</summary>
internal static class CompletionCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh, fish or pwsh" };
        shell.CompletionSources.Add([.. CompletionScripts.Shells]);
        shell.Validators.Add(result =>
        {
            string given = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (!CompletionScripts.Shells.Contains(given))
                result.AddError($"There is no script for '{Printable.Line(given, 40)}'. There is one for each of {string.Join(", ", CompletionScripts.Shells)}.");
        });
        CliCommand command = new("completion", "Print a script that teaches a shell to complete mycel's commands")
        {
            Examples =
            [
                "mycel completion bash > ~/.local/share/bash-completion/completions/mycel",
                "mycel completion zsh  > ~/.zfunc/_mycel      # with fpath+=(~/.zfunc) before compinit",
                "mycel completion fish > ~/.config/fish/completions/mycel.fish",
                "mycel completion pwsh >> $PROFILE",
            ],
        };
        command.Arguments.Add(shell);
        command.Runs((line, console, _) =>
        {
            console.Out.Write(CompletionScripts.For(line.GetRequiredValue(shell)));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
