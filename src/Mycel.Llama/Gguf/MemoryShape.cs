using System.Globalization;

namespace Mycel.Llama.Gguf;

/// <summary>
/// Derives from a model's header what its layers keep and compute, by the rules of llama.cpp (<c>llama-hparams.cpp</c>, <c>llama-kv-cache.cpp</c>,
/// <c>llama-memory-recurrent.cpp</c>). Attention windows do not shrink the cache: llama.cpp keeps all tokens unless told otherwise, as prefixes
/// can be shared only then.
/// </summary>
internal sealed class MemoryShape
{
    /// <summary>Layers of Gemma 3n that keep keys and values; the others use those of these. Its files do not say so.</summary>
    private const int Gemma3nKeeping = 20;

    private readonly GgufHeader _header;
    private readonly ModelFactsReader _reader;
    private readonly ModelFacts _facts;
    private readonly int _layers;
    private readonly int _embedding;
    private readonly int[] _heads;
    private readonly int _key;
    private readonly int _value;
    private readonly HashSet<int> _recurrent;

    public MemoryShape(GgufHeader header, ModelFactsReader reader, ModelFacts facts)
    {
        _header = header;
        _reader = reader;
        _facts = facts;
        // The last layers of some models only serve to guess tokens ahead, which is not done here.
        _layers = Math.Max(0, (facts.Layers ?? 0) - (Number("nextn_predict_layers") ?? 0));
        _embedding = facts.EmbeddingLength ?? 0;
        _heads = reader.PerLayer("attention.head_count", facts.Layers ?? 0) ?? [];
        int most = _heads.DefaultIfEmpty(0).Max();
        int usual = most > 0 ? _embedding / most : 0;
        _key = Number("attention.key_length") ?? usual;
        _value = Number("attention.value_length") ?? usual;
        _recurrent = LayersWith(part => part.StartsWith("ssm_", StringComparison.Ordinal) || part.StartsWith("time_mix_", StringComparison.Ordinal)
            || part.StartsWith("shortconv.", StringComparison.Ordinal));
    }

    public CacheShape Cache()
    {
        // Encoders read a text at once and keep nothing of it.
        if (_facts.Unservable is not null || IsEncoder)
            return CacheShape.None;
        int keeping = _facts.Architecture == "gemma3n" ? Gemma3nKeeping : _layers - (Number("attention.shared_kv_layers") ?? 0);
        HashSet<int> attending = LayersWith(part => part is "attn_k.weight");
        IReadOnlyList<object> windowed = _header.GetArray($"{_facts.Architecture}.attention.sliding_window_pattern")?.Values ?? [];
        // Latent attention keeps one compressed vector per token, from which both keys and values are made.
        bool latent = Number("attention.key_length_mla") is > 0;
        UInt128 cell = 0;
        UInt128 slot = 0;
        for (int i = 0; i < _layers; i++)
        {
            if (_recurrent.Contains(i))
                slot += StateNumbers(_heads.ElementAtOrDefault(i)) * 4;
            if (i >= keeping || (_recurrent.Contains(i) && !attending.Contains(i)))
                continue;
            bool window = windowed.ElementAtOrDefault(i) is true or 1L;
            int key = (window ? Number("attention.key_length_swa") : null) ?? _key;
            int value = (window ? Number("attention.value_length_swa") : null) ?? _value;
            cell += (UInt128)(uint)_facts.HeadCountKv.ElementAtOrDefault(i) * ((uint)key + (latent ? 0 : (uint)value)) * 2;
        }
        return new CacheShape(Clamp(cell), Clamp(slot));
    }

    /// <summary>The most intermediate results of a layer: of its feed-forward part, its attention or its recurrence.</summary>
    public ComputeShape Compute()
    {
        if (_facts.Unservable is not null)
            return ComputeShape.None;
        UInt128 embedding = (uint)_embedding;
        bool gated = _header.Tensors.Any(t => t.Name.Contains(".ffn_gate", StringComparison.Ordinal) && !t.Name.Contains("_inp", StringComparison.Ordinal));
        UInt128 forward = (uint)(_reader.PerLayer("feed_forward_length", _facts.Layers ?? 0) ?? []).DefaultIfEmpty(0).Max();
        UInt128 most = gated ? 3 * forward + 4 * embedding : forward + 3 * embedding;
        if (Number("expert_used_count") is > 0 and var used)
            most = UInt128.Max(most, (uint)used * (3 * (UInt128)(uint)(Number("expert_feed_forward_length") ?? (int)forward) + embedding) + 4 * embedding);
        UInt128 queries = (UInt128)(uint)_heads.DefaultIfEmpty(0).Max() * (uint)_key;
        UInt128 keys = (UInt128)(uint)_facts.HeadCountKv.DefaultIfEmpty(0).Max() * ((uint)_key + (uint)_value);
        most = UInt128.Max(most, 2 * queries + keys + 2 * embedding);
        if (_recurrent.Count > 0)
            most = UInt128.Max(most, 6 * (UInt128)(uint)(Number("ssm.inner_size") ?? _embedding) + 3 * embedding);
        return new ComputeShape(Clamp(most), IsEncoder);
    }

    private bool IsEncoder => ModelFactsReader.Encoders.Contains(_facts.Architecture);

    private int? Number(string key) => _reader.Number(key);

    private static long Clamp(UInt128 number) => (long)UInt128.Min(number, long.MaxValue / 4);

    private HashSet<int> LayersWith(Predicate<string> hasPart)
    {
        HashSet<int> layers = [];
        foreach (GgufTensor tensor in _header.Tensors)
        {
            // blk.LAYER.PART
            string[] parts = tensor.Name.Split('.', 3);
            if (parts.Length == 3 && parts[0] == "blk" && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int layer) && hasPart(parts[2]))
                layers.Add(layer);
        }
        return layers;
    }

    /// <summary>Numbers that one recurrent layer keeps for one text, as llama.cpp's <c>n_embd_r</c> and <c>n_embd_s</c> count them.</summary>
    private UInt128 StateNumbers(int heads)
    {
        UInt128 embedding = (uint)_embedding;
        if (Number("wkv.head_size") is > 0 and var wkv)
            return embedding * (uint)(Number("token_shift_count") ?? 2) + embedding * (uint)wkv;
        if (Number("shortconv.l_cache") is > 0 and var window)
            return embedding * (uint)(window - 1);
        int kernel = Number("ssm.conv_kernel") ?? 0;
        if (Number("kda.head_dim") is > 0 and var delta)
            return (UInt128)(uint)heads * (uint)delta * (3 * (UInt128)(uint)(kernel > 0 ? kernel - 1 : 3) + (uint)delta);
        UInt128 inner = (uint)(Number("ssm.inner_size") ?? 0);
        UInt128 state = (uint)(Number("ssm.state_size") ?? 0);
        return (uint)Math.Max(0, kernel - 1) * (inner + 2 * (UInt128)(uint)(Number("ssm.group_count") ?? 0) * state) + state * inner;
    }
}
