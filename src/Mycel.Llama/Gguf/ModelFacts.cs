namespace Mycel.Llama.Gguf;

/// <summary>What a model file tells about its model, for lists, recommendations and memory plans. What it does not tell is null.</summary>
public sealed record ModelFacts
{
    /// <summary>Such as <c>llama</c> or <c>bert</c>.</summary>
    public required string Architecture { get; init; }

    public string? Name { get; init; }

    /// <summary>Numbers in all tensors.</summary>
    public long? ParameterCount { get; init; }

    /// <summary>Numbers that take part in each token: fewer than <see cref="ParameterCount"/> in a mixture of experts.</summary>
    public long? ActiveParameterCount { get; init; }

    /// <summary>How most weights are stored, such as <c>Q4_1</c> or <c>Q4_K_M</c>.</summary>
    public string? Quantization { get; init; }

    /// <summary>Bits that a parameter takes on average.</summary>
    public double? BitsPerWeight { get; init; }

    /// <summary>Bytes of all files of the model.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Tokens the model was trained for.</summary>
    public int? ContextLength { get; init; }

    public int? Layers { get; init; }

    public int? EmbeddingLength { get; init; }

    public int? VocabularySize { get; init; }

    /// <summary>Heads that share keys and values, by layer; empty where unknown.</summary>
    public IReadOnlyList<int> HeadCountKv { get; init; } = [];

    /// <summary>Whether it embeds texts instead of generating.</summary>
    public bool IsEmbedding { get; init; }

    public bool HasChatTemplate { get; init; }

    /// <summary>Short words for people, such as <c>135M</c>, <c>Q4_1</c>, <c>8k context</c>, <c>chat</c>, <c>embedding</c>, <c>vision</c>, <c>code</c>.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>How much the model may be expected to know and do; see <see cref="ModelTier"/>. Null where unknown, and for what does not generate.</summary>
    public string? Tier { get; init; }

    /// <summary>Why the file cannot be served on its own (one sentence), as that of an adapter or a projector; null where it can.</summary>
    public string? Unservable { get; init; }

    /// <summary>What its layers keep for the tokens of a context.</summary>
    internal CacheShape Cache { get; init; } = CacheShape.None;

    /// <summary>What computing takes.</summary>
    internal ComputeShape Compute { get; init; } = ComputeShape.None;

    /// <summary>Reads a model file.</summary>
    /// <exception cref="GgufException">It is missing, no GGUF, damaged or incomplete.</exception>
    public static ModelFacts Read(string path) => From(GgufHeader.Read(path));

    /// <summary>Takes the facts from a header.</summary>
    /// <exception cref="GgufException">The header names no architecture.</exception>
    public static ModelFacts From(GgufHeader header) => new ModelFactsReader(header).Read();
}
