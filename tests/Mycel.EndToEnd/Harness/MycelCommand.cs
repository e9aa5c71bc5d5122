using System.Diagnostics;
using System.Text;

namespace Mycel.EndToEnd.Harness;

/// <summary>Starts the built <c>mycel</c> with an environment that holds nothing of the machine's own settings.</summary>
internal static class MycelCommand
{
    /// <summary>The process to start: the node's assembly under <c>dotnet</c>, in a folder and with a home of its own.</summary>
    /// <param name="folder">Working folder and home.</param>
    /// <param name="dataDir">The node's data folder.</param>
    /// <param name="environment">Further variables, over the clean ones.</param>
    /// <param name="arguments">The command line after <c>mycel</c>.</param>
    /// <param name="networkNamespace">Network namespace to run in; null for this process's own.</param>
    public static ProcessStartInfo Describe(string folder, string dataDir, IReadOnlyDictionary<string, string>? environment, IEnumerable<string> arguments, string? networkNamespace = null)
    {
        var start = new ProcessStartInfo(networkNamespace is null ? DotnetPath() : "ip")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        var kept = new[] { "PATH", "DOTNET_ROOT", "LANG", "SystemRoot", "TMPDIR" }
            .Select(name => (name, value: Environment.GetEnvironmentVariable(name)))
            .Where(entry => entry.value is not null)
            .ToList();
        start.Environment.Clear();
        foreach (var (name, value) in kept) start.Environment[name] = value;
        start.Environment["HOME"] = folder;
        start.Environment["MYCEL_DATA_DIR"] = dataDir;
        start.Environment["NO_COLOR"] = "1";
        // These processes live for seconds: compiling their methods a second and third time, for speed that would pay off later, is what most of the suite's time would go to.
        // The second value is hexadecimal: 20 s without a method that is new, before hot ones are looked for.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "5000";
        // The network that this machine is on has nothing to do with the tests.
        if (networkNamespace is null) start.Environment["MYCEL_LAN_ENABLED"] = "false";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;

        foreach (var word in networkNamespace is null ? [] : new[] { "netns", "exec", networkNamespace, DotnetPath() }) start.ArgumentList.Add(word);
        start.ArgumentList.Add(RepositoryLayout.NodeAssembly);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>Runs one command to its end.</summary>
    /// <exception cref="TimeoutException">It had not ended after <paramref name="within"/> (20 s where none is given).</exception>
    public static async Task<CommandResult> RunAsync(
        string folder,
        string dataDir,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null,
        TimeSpan? within = null)
    {
        using var process = Process.Start(Describe(folder, dataDir, environment, arguments))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync().WaitAsync(within ?? TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"`mycel {string.Join(' ', arguments)}` did not end. Output so far: {await output}{await error}");
        }

        return new CommandResult(process.ExitCode, await output, await error);
    }

    private static string DotnetPath()
    {
        var root = Environment.GetEnvironmentVariable("DOTNET_ROOT");
        var inRoot = root is null ? null : Path.Combine(root, "dotnet");
        return inRoot is not null && File.Exists(inRoot) ? inRoot : "dotnet";
    }
}
