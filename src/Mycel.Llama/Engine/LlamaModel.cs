using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Mycel.Llama.Native;

namespace Mycel.Llama.Engine;

/// <summary>A loaded model: weights and vocabulary. Never changes after loading; the vocabulary may be used by many threads.</summary>
internal sealed unsafe class LlamaModel : SafeHandle
{
    private const int MaxPromptBytes = 64 * 1024 * 1024;

    private readonly nint _vocabulary;
    private readonly byte[]?[] _pieces;
    private readonly byte[]?[] _controlPieces;
    private readonly bool[] _isEnd;

    private LlamaModel(nint model)
        : base(0, ownsHandle: true)
    {
        SetHandle(model);
        _vocabulary = NativeMethods.llama_model_get_vocab(model);
        VocabularySize = NativeMethods.llama_vocab_n_tokens(_vocabulary);
        _pieces = new byte[VocabularySize][];
        _controlPieces = new byte[VocabularySize][];
        _isEnd = new bool[VocabularySize];
        for (var token = 0; token < VocabularySize; token++) _isEnd[token] = NativeMethods.llama_vocab_is_eog(_vocabulary, token) != 0;
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native model; valid while this object is.</summary>
    public nint Handle => handle;

    /// <summary>The native vocabulary; valid while this object is.</summary>
    public nint Vocabulary => _vocabulary;

    public int VocabularySize { get; }

    public int TrainedContextLength => NativeMethods.llama_model_n_ctx_train(handle);

    public int EmbeddingLength => NativeMethods.llama_model_n_embd_out(handle);

    public bool HasEncoder => NativeMethods.llama_model_has_encoder(handle) != 0;

    public bool HasDecoder => NativeMethods.llama_model_has_decoder(handle) != 0;

    public bool IsDiffusion => NativeMethods.llama_model_is_diffusion(handle) != 0;

    /// <summary>Whether its memory is a running state that cannot be cut back, wholly or in part.</summary>
    public bool IsRecurrent => NativeMethods.llama_model_is_recurrent(handle) != 0 || NativeMethods.llama_model_is_hybrid(handle) != 0;

    public string Description
    {
        get
        {
            var buffer = stackalloc byte[256];
            _ = NativeMethods.llama_model_desc(handle, buffer, 256);
            return Utf8.ToString(buffer);
        }
    }

    public string BosToken => TokenText(NativeMethods.llama_vocab_bos(_vocabulary));
    public bool AddsBos => NativeMethods.llama_vocab_get_add_bos(_vocabulary) != 0;
    public bool AddsEos => NativeMethods.llama_vocab_get_add_eos(_vocabulary) != 0;

    public string EosToken => TokenText(NativeMethods.llama_vocab_eos(_vocabulary));

    /// <summary>Loads a model.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="gpuLayers">Layers to put on a GPU; -1 for all.</param>
    /// <param name="progress">Told how much is loaded, 0 to 1, on this thread; returns false to give up.</param>
    /// <exception cref="EngineException">llama.cpp cannot load it.</exception>
    public static LlamaModel Load(string path, int gpuLayers, Func<float, bool>? progress)
    {
        LlamaRuntime.TakeProblems();
        var parameters = NativeMethods.llama_model_default_params();
        parameters.GpuLayers = gpuLayers;
        var told = progress is null ? default : GCHandle.Alloc(progress);
        try
        {
            if (progress is not null)
            {
                parameters.ProgressCallback = (nint)(delegate* unmanaged[Cdecl]<float, nint, byte>)&OnProgress;
                parameters.ProgressCallbackData = GCHandle.ToIntPtr(told);
            }
            nint model;
            fixed (byte* file = Utf8.WithZero(path)) model = NativeMethods.llama_model_load_from_file(file, parameters);
            if (model != 0) return new LlamaModel(model);
        }
        finally
        {
            if (told.IsAllocated) told.Free();
        }
        var problems = LlamaRuntime.TakeProblems();
        throw new EngineException(new(EngineFaultKind.BadRequest,
            $"llama.cpp cannot load {Path.GetFileName(path)}: {(problems.Length > 0 ? problems.Split('\n')[^1] : "it gives no reason")}"));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnProgress(float progress, nint data) => ((Func<float, bool>)GCHandle.FromIntPtr(data).Target!)(progress) ? (byte)1 : (byte)0;

    /// <summary>Whether a token ends the output.</summary>
    public bool IsEnd(int token) => _isEnd[token];

    /// <summary>The chat template of this name, or the model's own; null when there is none.</summary>
    public string? Template(string? name)
    {
        byte* text;
        if (name is null) text = NativeMethods.llama_model_chat_template(handle, null);
        else
        {
            fixed (byte* wanted = Utf8.WithZero(name)) text = NativeMethods.llama_model_chat_template(handle, wanted);
        }
        return text is null ? null : Utf8.ToString(text);
    }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Whether to add the tokens that begin and end a text, where the model wants them.</param>
    /// <param name="parseSpecial">Whether names of control tokens mean those tokens.</param>
    /// <exception cref="EngineException">The text is too large, or the model was unloaded.</exception>
    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        if (length > MaxPromptBytes) throw new EngineException(new(EngineFaultKind.TooLong, $"The text has {length} bytes; {MaxPromptBytes} are the most."));
        // One byte more, so that there is something to point at even of an empty text.
        var bytes = new byte[length + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        var isHeld = false;
        try
        {
            // Callers' threads come here at any time, also while the model is being unloaded.
            DangerousAddRef(ref isHeld);
            return Tokenize(bytes, length, addSpecial, parseSpecial);
        }
        catch (ObjectDisposedException unloaded)
        {
            throw new EngineException(new(EngineFaultKind.Lost, "The model was unloaded. Send the request again."), unloaded);
        }
        finally
        {
            if (isHeld) DangerousRelease();
        }
    }

    private int[] Tokenize(byte[] bytes, int length, bool addSpecial, bool parseSpecial)
    {
        var tokens = new int[length + 8];
        fixed (byte* source = bytes)
        {
            while (true)
            {
                int count;
                fixed (int* target = tokens) count = NativeMethods.llama_tokenize(_vocabulary, source, length, target, tokens.Length, addSpecial ? (byte)1 : (byte)0, parseSpecial ? (byte)1 : (byte)0);
                if (count >= 0) return tokens[..count];
                if (count == int.MinValue) throw new EngineException(new(EngineFaultKind.TooLong, "The text has too many tokens to be counted."));
                tokens = new int[-count];
            }
        }
    }

    /// <summary>A token's bytes, which may be a part of a character. Control tokens have none unless they are to be shown.</summary>
    public byte[] Piece(int token, bool showControl)
    {
        var cache = showControl ? _controlPieces : _pieces;
        return cache[token] ??= ReadPiece(token, showControl);
    }

    private byte[] ReadPiece(int token, bool showControl)
    {
        var buffer = stackalloc byte[256];
        var special = showControl ? (byte)1 : (byte)0;
        var count = NativeMethods.llama_token_to_piece(_vocabulary, token, buffer, 256, 0, special);
        if (count >= 0) return new Span<byte>(buffer, count).ToArray();
        var longer = new byte[-count];
        fixed (byte* target = longer) count = NativeMethods.llama_token_to_piece(_vocabulary, token, target, longer.Length, 0, special);
        return longer[..Math.Max(count, 0)];
    }

    private string TokenText(int token) => token < 0 ? "" : Encoding.UTF8.GetString(Piece(token, showControl: true));

    protected override bool ReleaseHandle()
    {
        NativeMethods.llama_model_free(handle);
        return true;
    }
}
