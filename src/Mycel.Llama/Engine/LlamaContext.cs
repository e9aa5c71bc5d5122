using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mycel.Llama.Native;

namespace Mycel.Llama.Engine;

/// <summary>How a decode ended.</summary>
internal enum DecodeResult
{
    Done,

    /// <summary>No room in the cache; nothing was changed.</summary>
    NoRoom,

    /// <summary>Stopped by <see cref="LlamaContext.Abort"/>; a part may be in the cache.</summary>
    Aborted,

    /// <summary>llama.cpp failed; a part may be in the cache.</summary>
    Failed,
}

/// <summary>
/// A context: the cache of one model and its batch. Used by one thread, save for <see cref="Abort"/>. The batch is filled by
/// <see cref="Add"/> and emptied by <see cref="Clear"/>.
/// </summary>
internal sealed unsafe class LlamaContext : IDisposable
{
    private readonly LlamaModel _model;
    private readonly Threadpool? _threads;
    private readonly int* _abort;
    private readonly int* _sequences;
    private readonly nint _memory;
    private NativeBatch _batch;
    private nint _context;

    /// <param name="model">The model; kept loaded while this lives.</param>
    /// <param name="cells">Tokens the cache holds, of all sequences together.</param>
    /// <param name="sequences">Sequences kept apart, 1 to 256.</param>
    /// <param name="outputs">Most tokens of one batch whose logits are wanted.</param>
    /// <param name="batchSize">Most tokens of one batch.</param>
    /// <param name="threads">Threads that compute.</param>
    /// <param name="embeddings">Whether embeddings are wanted instead of logits.</param>
    /// <exception cref="EngineException">There is not the memory, or llama.cpp refuses otherwise.</exception>
    public LlamaContext(LlamaModel model, int cells, int sequences, int outputs, int batchSize, int threads, bool embeddings)
    {
        _model = model;
        BatchSize = batchSize;
        Sequences = sequences;
        var parameters = NativeMethods.llama_context_default_params();
        parameters.ContextLength = (uint)cells;
        parameters.BatchSize = (uint)batchSize;
        parameters.MicroBatchSize = (uint)batchSize;
        parameters.SequenceCount = (uint)sequences;
        // llama.cpp sets aside one output a sequence at the least, and asserts that it may.
        parameters.OutputCount = (uint)Math.Max(outputs, sequences);
        parameters.Threads = threads;
        parameters.BatchThreads = threads;
        parameters.NoPerf = 1;
        parameters.Embeddings = embeddings ? (byte)1 : (byte)0;
        // One pool of cells for all sequences: prefixes are shared at no cost, and a long request may use what others leave.
        parameters.UnifiedCache = 1;
        _abort = (int*)NativeMemory.AllocZeroed(sizeof(int));
        parameters.AbortCallback = (nint)(delegate* unmanaged[Cdecl]<nint, byte>)&ShouldAbort;
        parameters.AbortCallbackData = (nint)_abort;
        var held = false;
        model.DangerousAddRef(ref held);
        LlamaRuntime.TakeProblems();
        _context = NativeMethods.llama_init_from_model(model.Handle, parameters);
        if (_context == 0)
        {
            NativeMemory.Free(_abort);
            model.DangerousRelease();
            var problems = LlamaRuntime.TakeProblems();
            throw new EngineException(new(EngineFaultKind.BadRequest,
                $"llama.cpp cannot make a context of {cells} tokens: {(problems.Length > 0 ? problems.Split('\n')[^1] : "there may not be the memory for it")}"));
        }
        Cells = (int)NativeMethods.llama_n_ctx(_context);
        // Models without a cache, as most that embed, have none.
        _memory = NativeMethods.llama_get_memory(_context);
        if (threads > 1) _threads = Threadpool.Create(threads);
        if (_threads is not null) NativeMethods.llama_attach_threadpool(_context, _threads.Handle, _threads.Handle);
        _sequences = (int*)NativeMemory.Alloc((nuint)batchSize, sizeof(int));
        _batch = new NativeBatch
        {
            Tokens = (int*)NativeMemory.Alloc((nuint)batchSize, sizeof(int)),
            Positions = (int*)NativeMemory.Alloc((nuint)batchSize, sizeof(int)),
            SequenceCounts = (int*)NativeMemory.Alloc((nuint)batchSize, sizeof(int)),
            Sequences = (int**)NativeMemory.Alloc((nuint)batchSize, (nuint)sizeof(int*)),
            WantsOutput = (sbyte*)NativeMemory.Alloc((nuint)batchSize),
        };
        for (var i = 0; i < batchSize; i++)
        {
            _batch.Sequences[i] = _sequences + i;
            _batch.SequenceCounts[i] = 1;
        }
    }

    /// <summary>Most tokens of one batch.</summary>
    public int BatchSize { get; }

    /// <summary>Sequences kept apart.</summary>
    public int Sequences { get; }

    /// <summary>Tokens the cache holds, which may be a few more than asked for.</summary>
    public int Cells { get; }

    /// <summary>Tokens in the batch.</summary>
    public int Count => _batch.Count;

    /// <summary>How texts become one vector: 0 not at all, 1 mean, 2 first token, 3 last token, 4 rank.</summary>
    public int Pooling => NativeMethods.llama_pooling_type(_context);

    /// <summary>Puts a token into the batch.</summary>
    /// <returns>Its index, by which its output is found.</returns>
    public int Add(int token, int position, int sequence, bool wantsOutput)
    {
        var index = _batch.Count;
        if (index >= BatchSize || (uint)token >= (uint)_model.VocabularySize || (uint)sequence >= (uint)Sequences || position < 0)
            throw new ArgumentOutOfRangeException(nameof(token), $"token {token} at {position} of sequence {sequence} does not fit into the batch");
        _batch.Tokens[index] = token;
        _batch.Positions[index] = position;
        _sequences[index] = sequence;
        _batch.WantsOutput[index] = wantsOutput ? (sbyte)1 : (sbyte)0;
        _batch.Count++;
        return index;
    }

    /// <summary>Empties the batch.</summary>
    public void Clear() => _batch.Count = 0;

    /// <summary>Computes the batch.</summary>
    public DecodeResult Decode() => ResultOf(NativeMethods.llama_decode(_context, _batch));

    /// <summary>Computes the batch with an encoder, which keeps no cache.</summary>
    public DecodeResult Encode() => ResultOf(NativeMethods.llama_encode(_context, _batch));

    private static DecodeResult ResultOf(int code) => code switch
    {
        0 => DecodeResult.Done,
        1 => DecodeResult.NoRoom,
        2 => DecodeResult.Aborted,
        _ => DecodeResult.Failed,
    };

    /// <summary>The logits of a token of the last batch; they may be changed until the next.</summary>
    public Span<float> Logits(int index)
    {
        var logits = NativeMethods.llama_get_logits_ith(_context, index);
        return logits is null ? throw new InvalidOperationException($"token {index} has no output") : new Span<float>(logits, _model.VocabularySize);
    }

    /// <summary>The embedding of a sequence of the last batch.</summary>
    public ReadOnlySpan<float> SequenceEmbedding(int sequence) => Embedding(NativeMethods.llama_get_embeddings_seq(_context, sequence));

    /// <summary>The embedding of a token of the last batch.</summary>
    public ReadOnlySpan<float> TokenEmbedding(int index) => Embedding(NativeMethods.llama_get_embeddings_ith(_context, index));

    private ReadOnlySpan<float> Embedding(float* values) =>
        values is null ? throw new InvalidOperationException("the batch gave no embedding") : new ReadOnlySpan<float>(values, _model.EmbeddingLength);

    /// <summary>Forgets a sequence's tokens from a position on.</summary>
    /// <returns>False when this kind of memory cannot be cut there; nothing was changed.</returns>
    public bool TryTruncate(int sequence, int from) => NativeMethods.llama_memory_seq_rm(_memory, sequence, from, -1) != 0;

    /// <summary>Forgets a sequence.</summary>
    public void Forget(int sequence) => NativeMethods.llama_memory_seq_rm(_memory, sequence, -1, -1);

    /// <summary>Lets a sequence share the first tokens of another.</summary>
    public void Share(int source, int target, int count) => NativeMethods.llama_memory_seq_cp(_memory, source, target, 0, count);

    /// <summary>Tokens of a sequence in the cache.</summary>
    public int LengthOf(int sequence) => NativeMethods.llama_memory_seq_pos_max(_memory, sequence) + 1;

    /// <summary>Forgets everything.</summary>
    public void ForgetAll()
    {
        if (_memory != 0) NativeMethods.llama_memory_clear(_memory, 0);
    }

    /// <summary>Whether a decode under way, or the next, is to stop. May be set by any thread.</summary>
    public bool Abort
    {
        set => Volatile.Write(ref *_abort, value ? 1 : 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte ShouldAbort(nint data) => Volatile.Read(ref *(int*)data) != 0 ? (byte)1 : (byte)0;

    public void Dispose()
    {
        if (_context == 0) return;
        if (_threads is not null) NativeMethods.llama_detach_threadpool(_context);
        NativeMethods.llama_free(_context);
        _context = 0;
        _threads?.Dispose();
        NativeMemory.Free(_batch.Tokens);
        NativeMemory.Free(_batch.Positions);
        NativeMemory.Free(_batch.SequenceCounts);
        NativeMemory.Free(_batch.Sequences);
        NativeMemory.Free(_batch.WantsOutput);
        NativeMemory.Free(_sequences);
        NativeMemory.Free(_abort);
        _model.DangerousRelease();
    }
}
