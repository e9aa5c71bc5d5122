using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Mycel.Llama.Native;

/// <summary>The functions of llama.cpp's C API that are used. Strings are UTF-8 and end in a zero byte.</summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>Names under which <see cref="LlamaRuntime"/> resolves the loaded libraries.</summary>
    public const string LlamaLibrary = "llama";

    /// <inheritdoc cref="LlamaLibrary"/>
    public const string GgmlLibrary = "ggml";

    /// <inheritdoc cref="LlamaLibrary"/>
    public const string GgmlBaseLibrary = "ggml-base";

    [LibraryImport(LlamaLibrary)]
    public static partial byte* llama_version();

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_backend_init();

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint data);

    [LibraryImport(LlamaLibrary)]
    public static partial NativeModelParams llama_model_default_params();

    [LibraryImport(LlamaLibrary)]
    public static partial NativeContextParams llama_context_default_params();

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_model_load_from_file(byte* path, NativeModelParams parameters);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_model_free(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_model_get_vocab(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_model_n_ctx_train(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_model_n_embd_out(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_model_desc(nint model, byte* buffer, nuint length);

    [LibraryImport(LlamaLibrary)]
    public static partial byte* llama_model_chat_template(nint model, byte* name);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_model_has_encoder(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_model_has_decoder(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_model_is_recurrent(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_model_is_hybrid(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_model_is_diffusion(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_vocab_n_tokens(nint vocab);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_vocab_is_eog(nint vocab, int token);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_vocab_is_control(nint vocab, int token);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_vocab_bos(nint vocab);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_vocab_eos(nint vocab);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_vocab_get_add_bos(nint vocab);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_vocab_get_add_eos(nint vocab);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_tokenize(nint vocab, byte* text, int length, int* tokens, int capacity, byte addSpecial, byte parseSpecial);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_token_to_piece(nint vocab, int token, byte* buffer, int length, int leftStrip, byte special);

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_init_from_model(nint model, NativeContextParams parameters);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_free(nint context);

    [LibraryImport(LlamaLibrary)]
    public static partial uint llama_n_ctx(nint context);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_pooling_type(nint context);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_decode(nint context, NativeBatch batch);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_encode(nint context, NativeBatch batch);

    [LibraryImport(LlamaLibrary)]
    public static partial float* llama_get_logits_ith(nint context, int index);

    [LibraryImport(LlamaLibrary)]
    public static partial float* llama_get_embeddings_seq(nint context, int sequence);

    [LibraryImport(LlamaLibrary)]
    public static partial float* llama_get_embeddings_ith(nint context, int index);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_attach_threadpool(nint context, nint pool, nint batchPool);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_detach_threadpool(nint context);

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_get_memory(nint context);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_memory_clear(nint memory, byte data);

    [LibraryImport(LlamaLibrary)]
    public static partial byte llama_memory_seq_rm(nint memory, int sequence, int from, int to);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_memory_seq_cp(nint memory, int source, int target, int from, int to);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_memory_seq_pos_max(nint memory, int sequence);

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_sampler_init_grammar(nint vocab, byte* grammar, byte* root);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_sampler_apply(nint sampler, NativeCandidates* candidates);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_sampler_accept(nint sampler, int token);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_sampler_free(nint sampler);

    [LibraryImport(GgmlLibrary)]
    public static partial void ggml_backend_load_all_from_path(byte* folder);

    [LibraryImport(GgmlLibrary)]
    public static partial nuint ggml_backend_dev_count();

    [LibraryImport(GgmlLibrary)]
    public static partial nint ggml_backend_dev_get(nuint index);

    [LibraryImport(GgmlLibrary)]
    public static partial nint ggml_backend_reg_by_name(byte* name);

    [LibraryImport(GgmlBaseLibrary)]
    public static partial byte* ggml_backend_dev_name(nint device);

    [LibraryImport(GgmlBaseLibrary)]
    public static partial byte* ggml_backend_dev_description(nint device);

    [LibraryImport(GgmlBaseLibrary)]
    public static partial int ggml_backend_dev_type(nint device);

    [LibraryImport(GgmlBaseLibrary)]
    public static partial void ggml_backend_dev_memory(nint device, nuint* free, nuint* total);

    [LibraryImport(GgmlBaseLibrary)]
    public static partial nint ggml_backend_reg_get_proc_address(nint registry, byte* name);

    [LibraryImport(GgmlBaseLibrary)]
    public static partial void ggml_threadpool_params_init(byte* parameters, int threads);
}
