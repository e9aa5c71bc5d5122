using System.Runtime.InteropServices;

namespace Mycel.Llama.Native;

/// <summary>
/// Compares the mirrored structs with the loaded library before anything is done with it. C libraries carry no description of
/// their structs, so three things are looked at: the version, how many bytes the library writes into each struct, and whether known defaults lie where
/// they are expected. What remains invisible, a function whose parameters changed, is what the tests on a real model are for.
/// </summary>
internal static unsafe class AbiGuard
{
    /// <summary>Versions of llama.cpp whose structs are as mirrored here.</summary>
    public static readonly IReadOnlyList<string> KnownVersions = ["0.4.0", "0.5.0"];

    private const int ProbeBytes = 1024;

    /// <exception cref="LlamaLibraryException">The library is another than the one this was written for.</exception>
    public static void Check(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "llama_version", out _)) throw Wrong("it is older than any version that tells its number");
        var version = Utf8.ToString(NativeMethods.llama_version());
        // Builds between two releases carry the name of the next.
        if (!KnownVersions.Contains(version.Replace("-dev", "", StringComparison.Ordinal))) throw Wrong($"it is version {version}");
        // Where a struct comes back through a hidden pointer, which is the first argument, the bytes written tell its size.
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64)
        {
            CheckSize(library, "llama_model_default_params", sizeof(NativeModelParams));
            CheckSize(library, "llama_context_default_params", sizeof(NativeContextParams));
        }
        if (!HasKnownModelDefaults(NativeMethods.llama_model_default_params())) throw Wrong("the defaults for loading models are not where they are expected");
        if (!HasKnownContextDefaults(NativeMethods.llama_context_default_params())) throw Wrong("the defaults for contexts are not where they are expected");
    }

    private static bool HasKnownModelDefaults(NativeModelParams m) =>
        m is { Devices: 0, GpuLayers: -1, SplitMode: 1, MainGpu: 0, TensorSplit: 0, ProgressCallback: 0, KvOverrides: 0, VocabOnly: 0, CheckTensors: 0, UseExtraBuffers: 1, NoAlloc: 0 };

    private static bool HasKnownContextDefaults(NativeContextParams c) =>
        c is { ContextLength: 512, BatchSize: 2048, MicroBatchSize: 512, SequenceCount: 1, RopeScalingType: -1, PoolingType: -1, AttentionType: -1, FlashAttention: -1 }
        and { YarnExtFactor: -1f, KeyType: 1, ValueType: 1, EvalCallback: 0, AbortCallback: 0, OffloadKqv: 1, FullSlidingWindow: 1, Samplers: 0, SamplerCount: 0, OtherContext: 0 };

    /// <summary>Calls a function that returns a struct on two differently filled buffers: bytes equal to neither filling were written.</summary>
    private static void CheckSize(nint library, string function, int expected)
    {
        var first = stackalloc byte[ProbeBytes];
        var second = stackalloc byte[ProbeBytes];
        new Span<byte>(first, ProbeBytes).Fill(0xA5);
        new Span<byte>(second, ProbeBytes).Fill(0x5A);
        var call = (delegate* unmanaged[Cdecl]<byte*, byte*>)NativeLibrary.GetExport(library, function);
        call(first);
        call(second);
        var written = ProbeBytes;
        while (written > 0 && first[written - 1] == 0xA5 && second[written - 1] == 0x5A) written--;
        // Padding at the end may be left as it was.
        if (written > expected || written <= expected - 8) throw Wrong($"{function} fills {written} bytes where {expected} are expected");
    }

    private static LlamaLibraryException Wrong(string what) =>
        new($"The llama.cpp library does not fit this program: {what}. It was written for {string.Join(" and ", KnownVersions)}; restore the libraries that belong to it, or name their folder with engine.libraries.");
}

/// <summary>Text from native memory.</summary>
internal static unsafe class Utf8
{
    public static string ToString(byte* text) => text is null ? "" : Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>The text with a zero byte behind it.</summary>
    public static byte[] WithZero(string text)
    {
        var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(text) + 1];
        System.Text.Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
