using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mycel.EndToEnd.Harness;

/// <summary>
/// llama.cpp with real models, from the folder <c>shared</c> beside the repository. Where that folder, Node.js or its packages are not
/// to be had, <see cref="WhyNot"/> says so, and the tests are skipped with that reason.
/// </summary>
public sealed class RealBackend : IAsyncLifetime
{
    private const string Packages = "node-llama-cpp@3.22.1 @node-llama-cpp/linux-x64@3.22.1";

    private Process? _process;

    /// <summary>Why there is no backend, or null where there is one.</summary>
    public string? WhyNot { get; private set; }

    public string Url { get; private set; } = "";

    public string ChatModel { get; private set; } = "";

    public string EmbeddingModel { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var script = Path.Combine(RepositoryLayout.Shared, "tools", "realbackend.mjs");
        WhyNot = !File.Exists(script) ? $"{RepositoryLayout.Shared} with its models is not there."
            : !OperatingSystem.IsLinux() ? "llama.cpp is taken as a package for Linux only."
            : await RunAsync("node", "--version", RepositoryLayout.Root) != 0 ? "Node.js is not installed."
            : null;
        if (WhyNot is not null) return;

        var folder = Path.Combine(RepositoryLayout.Root, ".build", "realbackend");
        Directory.CreateDirectory(folder);
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "node-llama-cpp"))
            && await RunAsync("npm", $"install --omit=optional --no-audit --no-fund {Packages}", folder) != 0)
        {
            WhyNot = "npm could not install llama.cpp.";
            return;
        }

        await StartAsync(script, folder);
    }

    public ValueTask DisposeAsync()
    {
        Stop();
        return ValueTask.CompletedTask;
    }

    private void Stop()
    {
        if (Interlocked.Exchange(ref _process, null) is not { } process) return;
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private async Task StartAsync(string script, string folder)
    {
        var port = FreePort();
        Url = $"http://127.0.0.1:{port}";
        var process = Process.Start(new ProcessStartInfo("node", [script, port.ToString(CultureInfo.InvariantCulture)]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process = process;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop();
        using var client = new HttpClient();
        await Poll.UntilAsync(
            async () =>
            {
                if (process.HasExited) throw new InvalidOperationException($"The backend ended at start with code {process.ExitCode}.");
                var reply = await Reply.ReadAsync(await client.GetAsync(Url + "/v1/models"));
                var ids = reply.MustBe(200).Json["data"]!.AsArray().Select(model => (string)model!["id"]!).ToList();
                (ChatModel, EmbeddingModel) = (ids[0], ids[1]);
                return true;
            },
            "the real backend answers",
            TimeSpan.FromSeconds(60));
    }

    private static async Task<int> RunAsync(string command, string arguments, string folder)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
            await output;
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
