using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Mycel.Llama.Native;

/// <summary>The libraries cannot be used; the message says why and what to do.</summary>
public sealed class LlamaLibraryException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A device that llama.cpp can compute on.</summary>
/// <param name="Name">Its name, such as <c>CPU</c> or <c>CUDA0</c>.</param>
/// <param name="Description">What it is.</param>
/// <param name="IsGpu">Whether models are put on it by themselves.</param>
/// <param name="FreeBytes">Its free memory.</param>
public sealed record ComputeDevice(string Name, string Description, bool IsGpu, long FreeBytes);

/// <summary>llama.cpp's libraries in this process: loaded once, from one folder, and never changed after.</summary>
public static partial class LlamaRuntime
{
    /// <summary>Lines of the library's latest warnings that are kept to explain a failure.</summary>
    private const int MaxKeptLines = 16;

    private static readonly Lock Gate = new();
    private static readonly Queue<string> LatestProblems = new();
    private static readonly StringBuilder Line = new();
    private static string? _folder;
    private static int _lineLevel;

    /// <summary>Version of the loaded llama.cpp.</summary>
    public static string Version { get; private set; } = "";

    /// <summary>The devices found.</summary>
    public static IReadOnlyList<ComputeDevice> Devices { get; private set; } = [];

    /// <summary>Loads the libraries; the second time it only checks that the folder is the same.</summary>
    /// <exception cref="LlamaLibraryException">There are none, or they do not fit.</exception>
    public static void Load(string folder)
    {
        folder = Path.GetFullPath(folder);
        lock (Gate)
        {
            if (_folder == folder) return;
            if (_folder is not null) throw new LlamaLibraryException($"This process has loaded llama.cpp from {_folder} and cannot change to {folder}.");
            var ggmlBase = LoadOne(folder, NativeMethods.GgmlBaseLibrary);
            var ggml = LoadOne(folder, NativeMethods.GgmlLibrary);
            var llama = LoadOne(folder, NativeMethods.LlamaLibrary);
            NativeLibrary.SetDllImportResolver(typeof(LlamaRuntime).Assembly, (name, _, _) => name switch
            {
                NativeMethods.LlamaLibrary => llama,
                NativeMethods.GgmlLibrary => ggml,
                NativeMethods.GgmlBaseLibrary => ggmlBase,
                _ => 0,
            });
            AbiGuard.Check(llama);
            Start(folder);
            _folder = folder;
        }
    }

    private static unsafe void Start(string folder)
    {
        NativeMethods.llama_log_set(&OnLog, 0);
        fixed (byte* path = Utf8.WithZero(folder)) NativeMethods.ggml_backend_load_all_from_path(path);
        NativeMethods.llama_backend_init();
        Version = Utf8.ToString(NativeMethods.llama_version()).Replace("-dev", "", StringComparison.Ordinal);
        Devices = ReadDevices();
        if (Devices.Count == 0) throw new LlamaLibraryException($"llama.cpp finds nothing to compute on: {folder} lacks the library for this machine's processor. Restore the libraries, or name their folder with engine.libraries.");
    }

    private static unsafe List<ComputeDevice> ReadDevices()
    {
        var devices = new List<ComputeDevice>();
        for (nuint i = 0; i < NativeMethods.ggml_backend_dev_count(); i++)
        {
            var device = NativeMethods.ggml_backend_dev_get(i);
            nuint free, total;
            NativeMethods.ggml_backend_dev_memory(device, &free, &total);
            // 1 is a GPU, 2 one that shares the machine's memory.
            var isGpu = NativeMethods.ggml_backend_dev_type(device) is 1 or 2;
            devices.Add(new(Utf8.ToString(NativeMethods.ggml_backend_dev_name(device)), Utf8.ToString(NativeMethods.ggml_backend_dev_description(device)), isGpu, (long)free));
        }
        return devices;
    }

    /// <summary>The library's latest complaints, one a line; empty when it had none since the last call.</summary>
    internal static string TakeProblems()
    {
        lock (LatestProblems)
        {
            var text = string.Join('\n', LatestProblems);
            LatestProblems.Clear();
            return text;
        }
    }

    private static nint LoadOne(string folder, string stem)
    {
        var path = FindLibrary(folder, stem)
            ?? throw new LlamaLibraryException($"llama.cpp's library '{stem}' is not in {folder}. Restore the libraries (./mycel does it where npm is installed), or name their folder with engine.libraries.");
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw new LlamaLibraryException($"{path} cannot be loaded: {error.Message}", error);
        }
    }

    /// <summary>The file of a library whose name may carry a variant and a version, such as <c>libllama.vulkan.v0.5.0.so</c>; null when there is none.</summary>
    public static string? FindLibrary(string folder, string stem)
    {
        if (!Directory.Exists(folder)) return null;
        var name = new Regex($@"^(lib)?{Regex.Escape(stem)}(\.[a-z-]+)?(\.(v[\d.]+|b\d+))?\.(so|dll|dylib)$", RegexOptions.CultureInvariant);
        return Directory.EnumerateFiles(folder).Where(f => name.IsMatch(Path.GetFileName(f))).Order(StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>llama.cpp's log: lines may come in pieces, a piece of level 5 goes on with the line before.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnLog(int level, byte* text, nint data)
    {
        const int Warning = 3, Continuation = 5;
        lock (LatestProblems)
        {
            if (level != Continuation)
            {
                Line.Clear();
                _lineLevel = level;
            }
            if (_lineLevel < Warning || Line.Length > 2000) return;
            Line.Append(Utf8.ToString(text));
            if (Line.Length == 0 || Line[^1] != '\n') return;
            if (LatestProblems.Count == MaxKeptLines) LatestProblems.Dequeue();
            LatestProblems.Enqueue(Line.ToString().TrimEnd());
            Line.Clear();
        }
    }
}
