using System.Runtime.InteropServices;

namespace Mycel.EndToEnd.Harness;

/// <summary>What the tests need of the C library: signals to a process, and who runs them.</summary>
internal static partial class ProcessSignals
{
    public const int Hangup = 1;
    public const int Interrupt = 2;
    public const int Terminate = 15;

    /// <summary>Sends a signal; fails the test where the process is gone.</summary>
    public static void Send(int pid, int signal) => Assert.Equal(0, Kill(pid, signal));

    /// <summary>The user these tests run as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int pid, int signal);
}
