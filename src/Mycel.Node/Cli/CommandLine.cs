using Mycel.Node.Configuration;
using Mycel.Node.Hosting;

namespace Mycel.Node.Cli;

/// <summary>The command line of <c>mycel</c>.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command; the result is the process's exit code (see <see cref="ExitCode"/>).</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var flags = new CommandLineSettings { Relays = args.Where(a => a.StartsWith("http", StringComparison.Ordinal)).ToList(), DataDir = args.FirstOrDefault(a => a.StartsWith('/')) };
        if (!OptionsStore.TryLoad(flags, out var store, out _)) return ExitCode.Usage;
        return await NodeHost.RunAsync(store);
    }
}
