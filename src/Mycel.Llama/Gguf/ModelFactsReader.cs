namespace Mycel.Llama.Gguf;

/// <summary>Takes <see cref="ModelFacts"/> from a header. Keys are those of <c>gguf-py/gguf/constants.py</c> in llama.cpp.</summary>
internal sealed class ModelFactsReader(GgufHeader header)
{
    /// <summary>Most layers that are believed; llama.cpp takes 512.</summary>
    private const int MaxLayers = 4096;

    /// <summary>Architectures that read a whole text at once and keep no cache.</summary>
    internal static readonly string[] Encoders =
        ["bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert", "gemma-embedding", "t5encoder"];

    private static readonly string[] Diffusing = ["dream", "llada", "llada-moe", "rnd1"];

    /// <summary>Longest architecture that is believed, and longest name that is kept; both are shown to people.</summary>
    private const int MaxName = 200;

    private readonly string _architecture = header.GetString("general.architecture") is { Length: > 0 and <= MaxName } name && name.All(c => c is > ' ' and <= '~')
        ? name
        : throw new GgufException($"'{header.Path}' does not say which architecture its model has: it is damaged or no model. Get another file of it.");

    public ModelFacts Read()
    {
        long parameters = header.Tensors.Sum(t => (decimal)t.Elements) is var sum && sum <= long.MaxValue ? (long)sum : 0;
        long? active = parameters > 0 ? ActiveParameters(parameters) : null;
        string? unservable = Unservable();
        bool embeds = Embeds();
        double? bits = parameters > 0 ? header.Tensors.Sum(t => (double)t.Bytes) * 8 / parameters : null;
        int? layers = Number("block_count", MaxLayers);
        ModelFacts facts = new()
        {
            Architecture = _architecture,
            Name = Name(header.GetString("general.name")),
            ParameterCount = parameters > 0 ? parameters : null,
            ActiveParameterCount = active,
            Quantization = Quantization(),
            BitsPerWeight = bits,
            FileBytes = header.FileBytes,
            ContextLength = Number("context_length"),
            Layers = layers,
            EmbeddingLength = Number("embedding_length"),
            VocabularySize = Vocabulary(),
            HeadCountKv = layers is { } count ? PerLayer("attention.head_count_kv", count) ?? PerLayer("attention.head_count", count) ?? [] : [],
            IsEmbedding = embeds,
            HasChatTemplate = header.GetString("tokenizer.chat_template") is not null,
            Unservable = unservable,
            Tier = unservable is null && !embeds ? ModelTier.Of(parameters, active, bits) : null,
        };
        MemoryShape shape = new(header, this, facts);
        facts = facts with { Cache = shape.Cache(), Compute = shape.Compute() };
        return facts with { Tags = ModelTags.Of(header, facts) };
    }

    private static string? Name(string? name)
    {
        string shown = string.Concat((name ?? "").Where(c => !char.IsControl(c)).Take(MaxName)).Trim();
        return shown.Length > 0 ? shown : null;
    }

    internal int? Number(string key, int most = int.MaxValue) =>
        header.GetInteger($"{_architecture}.{key}") is { } value && value >= 0 && value <= most ? (int)value : null;

    /// <summary>A number that a file gives once for all layers or for each.</summary>
    internal int[]? PerLayer(string key, int layers)
    {
        if (Number(key) is { } same)
            return [.. Enumerable.Repeat(same, layers)];
        if (header.GetArray($"{_architecture}.{key}")?.Values is not { } values || values.Count < layers)
            return null;
        int[] numbers = new int[layers];
        for (int i = 0; i < layers; i++)
        {
            if (values[i] is not long value || value is < 0 or > int.MaxValue)
                return null;
            numbers[i] = (int)value;
        }
        return numbers;
    }

    private int? Vocabulary()
    {
        long? size = header.GetArray("tokenizer.ggml.tokens")?.Count ?? Number("vocab_size");
        return size is > 0 and <= int.MaxValue ? (int)size : null;
    }

    private bool Embeds()
    {
        if (Encoders.Contains(_architecture))
            return true;
        // 0 is no pooling: such a model generates.
        return header.GetInteger($"{_architecture}.pooling_type") is > 0;
    }

    private string? Unservable()
    {
        string type = header.GetString("general.type") ?? "model";
        if (_architecture == "clip" || type == "mmproj")
            return "it is the part of a vision or audio model that reads images or sounds (a projector): give the language model's own file.";
        if (type == "adapter")
            return "it is an adapter (LoRA), which only works upon the model it was made for: give that model's file.";
        if (type == "imatrix" || _architecture == "imatrix")
            return "it holds statistics for quantising (an importance matrix), no model: give the model's file.";
        if (Diffusing.Contains(_architecture))
            return "it generates by diffusion, all words at once, which is not supported: use a model of another kind.";
        if (header.Tensors.Count == 0)
            return "it has no weights, only a vocabulary: get the full model's file.";
        return null;
    }

    private string? Quantization()
    {
        // From 1024 on the number is a guess of the program that wrote the file.
        if (header.GetInteger("general.file_type") is >= 0 and var number && FileTypes.GetValueOrDefault((int)(number & 1023)) is { } name)
            return name;
        return header.Tensors.GroupBy(t => t.Type.Name).OrderByDescending(g => g.Sum(t => (double)t.Elements)).FirstOrDefault()?.Key;
    }

    /// <summary>Experts' tensors hold all experts; of those only some take part in each token.</summary>
    private long? ActiveParameters(long parameters)
    {
        if (Number("expert_count") is not (> 0 and var experts))
            return parameters;
        if (Number("expert_used_count") is not (> 0 and var used) || used > experts)
            return null;
        decimal idle = header.Tensors.Where(t => t.Name.Contains("_exps.", StringComparison.Ordinal)).Sum(t => (decimal)t.Elements) * (experts - used) / experts;
        return (long)(parameters - idle);
    }

    /// <summary>Names of <c>general.file_type</c> (llama.cpp's <c>llama_ftype</c>).</summary>
    private static readonly Dictionary<int, string> FileTypes = new()
    {
        [0] = "F32",
        [1] = "F16",
        [2] = "Q4_0",
        [3] = "Q4_1",
        [7] = "Q8_0",
        [8] = "Q5_0",
        [9] = "Q5_1",
        [10] = "Q2_K",
        [11] = "Q3_K_S",
        [12] = "Q3_K_M",
        [13] = "Q3_K_L",
        [14] = "Q4_K_S",
        [15] = "Q4_K_M",
        [16] = "Q5_K_S",
        [17] = "Q5_K_M",
        [18] = "Q6_K",
        [19] = "IQ2_XXS",
        [20] = "IQ2_XS",
        [21] = "Q2_K_S",
        [22] = "IQ3_XS",
        [23] = "IQ3_XXS",
        [24] = "IQ1_S",
        [25] = "IQ4_NL",
        [26] = "IQ3_S",
        [27] = "IQ3_M",
        [28] = "IQ2_S",
        [29] = "IQ2_M",
        [30] = "IQ4_XS",
        [31] = "IQ1_M",
        [32] = "BF16",
        [36] = "TQ1_0",
        [37] = "TQ2_0",
        [38] = "MXFP4",
        [39] = "NVFP4",
        [40] = "Q1_0",
        [41] = "Q2_0",
    };
}
