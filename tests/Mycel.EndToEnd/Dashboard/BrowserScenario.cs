using System.Diagnostics;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Dashboard;

/// <summary>Runs a scenario of <c>dashboard/e2e</c>, which drives a real browser, against nodes of a test.</summary>
internal static class BrowserScenario
{
    /// <summary>A scenario takes seconds; a machine that is busy with other tests takes long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private static string Folder => Path.Combine(RepositoryLayout.Root, "dashboard");

    /// <summary>Why no browser can be driven here; null where one can.</summary>
    public static string? WhyNot =>
        !Browsers.Any(File.Exists) ? "There is no Chromium here: apt-get install chromium"
        : !Directory.Exists(Path.Combine(Folder, "node_modules", "playwright-core")) ? "The dashboard's packages are not installed; ./test does that."
        : null;

    /// <summary>Runs a scenario to its end, and fails with what it said where it failed.</summary>
    /// <param name="name">Its name in <c>scenarios.mjs</c>.</param>
    /// <param name="arguments">What it is given: addresses of nodes, keys.</param>
    public static async Task RunAsync(string name, params string[] arguments)
    {
        Assert.SkipWhen(WhyNot is not null, WhyNot ?? "");
        var start = new ProcessStartInfo("node", ["e2e/run.mjs", name, .. arguments]) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }

        Assert.True(process.HasExited && process.ExitCode == 0, $"The scenario '{name}' failed:\n{string.Join('\n', await output)}");
    }
}
