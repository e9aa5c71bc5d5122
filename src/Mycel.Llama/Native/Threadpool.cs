namespace Mycel.Llama.Native;

/// <summary>Threads that ggml keeps between decodes. Without one it makes and ends threads at each.</summary>
internal sealed unsafe class Threadpool : IDisposable
{
    /// <summary>How long a thread spins for work before it sleeps, 0 to 100. Half is llama.cpp's own choice.</summary>
    private const uint Poll = 50;

    private const int ThreadsOffset = 512;
    private const int PollOffset = 520;

    private nint _pool;

    private Threadpool(nint pool) => _pool = pool;

    public nint Handle => _pool;

    /// <summary>Makes one, or returns null where the processor's library offers none.</summary>
    public static Threadpool? Create(int threads)
    {
        if (Procedure("ggml_threadpool_new") is not (not 0 and var create)) return null;
        var parameters = stackalloc byte[1024];
        NativeMethods.ggml_threadpool_params_init(parameters, threads);
        if (*(int*)(parameters + ThreadsOffset) != threads) throw new LlamaLibraryException("The llama.cpp library does not fit this program: a thread pool's settings are laid out otherwise than expected.");
        *(uint*)(parameters + PollOffset) = Poll;
        var pool = ((delegate* unmanaged[Cdecl]<byte*, nint>)create)(parameters);
        return pool == 0 ? null : new Threadpool(pool);
    }

    private static nint Procedure(string name)
    {
        fixed (byte* cpu = "CPU\0"u8)
        fixed (byte* symbol = Utf8.WithZero(name))
        {
            var registry = NativeMethods.ggml_backend_reg_by_name(cpu);
            return registry == 0 ? 0 : NativeMethods.ggml_backend_reg_get_proc_address(registry, symbol);
        }
    }

    public void Dispose()
    {
        var pool = Interlocked.Exchange(ref _pool, 0);
        if (pool != 0 && Procedure("ggml_threadpool_free") is not 0 and var free) ((delegate* unmanaged[Cdecl]<nint, void>)free)(pool);
    }
}
