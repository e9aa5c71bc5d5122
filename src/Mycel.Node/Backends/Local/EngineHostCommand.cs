using System.Runtime.InteropServices;
using Mycel.Llama.Remote;

namespace Mycel.Node.Backends.Local;

/// <summary>The engine's process: speaks frames over standard input and output.</summary>
internal static partial class EngineHostCommand
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>Serves until standard input ends.</summary>
    public static int Run()
    {
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        // A signal for the whole group, such as Ctrl-C in the terminal, is the node's to handle: it lets running answers end first, and
        // then ends this process by closing its input.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
        // Whatever a library prints must not come between the frames; they have a handle of their own by now.
        if (!OperatingSystem.IsWindows()) _ = Duplicate(StandardError, StandardOutput);
        var code = EngineHost.Run(input, output);
        Environment.Exit(code);
        return code;
    }

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);
}
