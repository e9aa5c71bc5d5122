namespace Mycel.Node.Cli;

/// <summary>The command line of <c>mycel</c>.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command; the result is the process's exit code (see <see cref="ExitCode"/>).</summary>
    public static Task<int> RunAsync(string[] args) => Task.FromResult(ExitCode.Usage);
}
