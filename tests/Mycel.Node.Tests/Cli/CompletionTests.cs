using System.Diagnostics;
using Mycel.Node.Cli;

namespace Mycel.Node.Tests.Cli;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("mycel rel", "relay reload")]
    [InlineData("mycel relay re", "refresh remove")]
    [InlineData("mycel relay add --ma", "--max-concurrent")]
    [InlineData("mycel completion b", "bash")]
    [InlineData("mycel nonsense x", "")]
    public async Task Bash_completes(string line, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/bin/bash"), "needs bash");
        string script = $"""
            {CompletionScripts.For("bash")}
            COMP_LINE='{line}'
            COMP_POINT=${"{#COMP_LINE}"}
            read -ra COMP_WORDS <<< "$COMP_LINE"
            COMP_CWORD=$(( {"${#COMP_WORDS[@]}"} - 1 ))
            _mycel_complete
            printf '%s\n' "{"${COMPREPLY[@]}"}" | sort | tr '\n' ' '
            """;
        Assert.Equal(expected, (await BashAsync(script)).Trim());
    }

    [Fact]
    public async Task The_zsh_fish_and_pwsh_scripts_ask_the_program_too()
    {
        foreach (string shell in CompletionScripts.Shells)
        {
            StringWriter output = new();
            Assert.Equal(0, await CommandLine.RunAsync(["completion", shell], output, TextWriter.Null));
            Assert.Contains("[suggest:", output.ToString());
        }
    }

    private static async Task<string> BashAsync(string script)
    {
        ProcessStartInfo start = new("/bin/bash") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["PATH"] = AppContext.BaseDirectory + ":" + Environment.GetEnvironmentVariable("PATH");
        using Process bash = Process.Start(start)!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }
}
