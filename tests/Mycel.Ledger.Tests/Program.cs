using Mycel.Ledger.Tests.Storage;

namespace Mycel.Ledger.Tests;

/// <summary>Runs the tests, or, for a test that kills its child, that child.</summary>
public static class Program
{
    public static Task<int> Main(string[] args)
        => args is [CrashChild.Name, ..] ? CrashChild.RunAsync(args)
            : args.Any(static arg => arg is "--server" or "--internal-msbuild-node")
                ? Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
                : Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
