using System.Collections.Frozen;
using System.Diagnostics;
using Mycel.Llama;
using Mycel.Llama.Remote;

namespace Mycel.Node.Backends.Local;

/// <summary>A child process of this program that computes one model.</summary>
internal sealed class EngineProcess : IAsyncDisposable
{
    /// <summary>The command that makes this program an engine's process.</summary>
    public const string Command = "engine-host";

    /// <summary>Without a word for this long it is taken for stuck: it says something each second, also while it loads.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(2);

    private const int MaxKeptLines = 8;

    private static readonly FrozenSet<string> KnownVariables = new[]
    {
        "PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME",
        "SystemRoot", "SystemDrive", "windir", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "ProgramData",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly string[] KnownPrefixes = ["DOTNET_", "LC_", "GGML_", "CUDA_", "NVIDIA_", "VK_", "VULKAN_", "HIP_", "HSA_", "ROCR_", "MESA_"];

    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private readonly Timer _watch;
    private RemoteEngine? _engine;
    private int _isDisposed;

    private EngineProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginErrorReadLine();
        _watch = new Timer(_ => KillIfSilent(), null, LongestSilence / 4, LongestSilence / 4);
    }

    public int Id => _process.Id;

    /// <summary>The engine in it.</summary>
    public RemoteEngine Engine => _engine ?? throw new InvalidOperationException("The engine is not loaded.");

    /// <summary>What the process wrote last on its error stream, one line; empty when it wrote nothing.</summary>
    public string LastWords
    {
        get
        {
            lock (_lastLines) return string.Join(' ', _lastLines);
        }
    }

    /// <summary>Starts a process and lets it load a model.</summary>
    /// <exception cref="EngineException">It cannot be loaded, or the process ended (<see cref="EngineFaultKind.Lost"/>).</exception>
    public static async Task<EngineProcess> StartAsync(EngineOptions options, IProgress<float> progress, Action<int> started, CancellationToken cancellation)
    {
        var process = new EngineProcess(Launch());
        try
        {
            started(process.Id);
            process._engine = await RemoteEngine.LoadAsync(process._process.StandardOutput.BaseStream, process._process.StandardInput.BaseStream, options, progress, cancellation);
            return process;
        }
        catch (EngineException lost) when (lost.Fault.Kind == EngineFaultKind.Lost)
        {
            var words = await process.LastWordsAfterEndAsync();
            await process.DisposeAsync();
            throw new EngineException(lost.Fault with { Message = words.Length > 0 ? $"{lost.Fault.Message} Its last words: {words}" : lost.Fault.Message }, lost);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    private static Process Launch()
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("The program does not know its own path.");
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // Run by the `dotnet` command the program is its first argument.
        if (Path.GetFileNameWithoutExtension(program) == "dotnet") start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "mycel.dll"));
        start.ArgumentList.Add(Command);
        KeepKnown(start.Environment);
        start.Environment["GGML_NO_BACKTRACE"] = "1";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        // It computes in native code: little of .NET runs there, and memory is what models need.
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_GCHeapAffinitizeMask"] = "1";
        start.Environment["DOTNET_GCHeapCount"] = "1";
        start.Environment["DOTNET_TieredPGO"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException("The engine's process did not start.");
    }

    /// <summary>Leaves what the runtime, llama.cpp and the drivers of GPUs look at. The rest may hold the node's keys, which a process that reads foreign files need not have.</summary>
    private static void KeepKnown(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.Where(name => !IsKnown(name)).ToArray()) environment.Remove(name);
    }

    private static bool IsKnown(string name) =>
        KnownVariables.Contains(name) || KnownPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    private void Keep(string? line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (_lastLines)
        {
            if (_lastLines.Count == MaxKeptLines) _lastLines.Dequeue();
            _lastLines.Enqueue(line.Length > 300 ? line[..300] : line.Trim());
        }
    }

    private void KillIfSilent()
    {
        if (_engine is { } engine && engine.Silence > LongestSilence) Kill();
    }

    private async Task<string> LastWordsAfterEndAsync()
    {
        // The streams end a moment before the process does and its last line is read.
        using var limit = new CancellationTokenSource(TimeToEnd);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            return LastWords;
        }
        return LastWords.Length > 0 ? LastWords : $"exit code {_process.ExitCode}";
    }

    private void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception error) when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended already.
        }
    }

    /// <summary>Ends the process: asked first, then made to.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _watch.DisposeAsync();
        if (_engine is not null) await _engine.DisposeAsync();
        using var limit = new CancellationTokenSource(_engine is null ? TimeSpan.Zero : TimeToEnd);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Kill();
        }
        _process.Dispose();
    }
}
