using System.Globalization;

namespace Mycel.Llama.Gguf;

/// <summary>Short words about a model, derived from its file alone: size, quantisation, context, then what it is for.</summary>
internal static class ModelTags
{
    public static IReadOnlyList<string> Of(GgufHeader header, ModelFacts facts)
    {
        List<string?> tags = [Size(header, facts), facts.Quantization, Context(facts.ContextLength)];
        string template = header.GetString("tokenizer.chat_template") ?? "";
        if (facts.HasChatTemplate && !facts.IsEmbedding)
            tags.Add("chat");
        if (header.GetInteger($"{facts.Architecture}.pooling_type") == 4)
            tags.Add("rerank");
        else if (facts.IsEmbedding)
            tags.Add("embedding");
        if (Sees(header, facts))
            tags.Add("vision");
        if (header.GetBoolean("clip.has_audio_encoder") == true)
            tags.Add("audio");
        if (facts.Unservable is not null && facts.Architecture == "clip")
            tags.Add("projector");
        if (Names(header, facts).Any(IsCode))
            tags.Add("code");
        if (template.Contains("tools", StringComparison.Ordinal))
            tags.Add("tools");
        if (template.Contains("<think>", StringComparison.Ordinal) || template.Contains("enable_thinking", StringComparison.Ordinal) || template.Contains("reasoning_effort", StringComparison.Ordinal))
            tags.Add("reasoning");
        return [.. tags.OfType<string>().Distinct()];
    }

    /// <summary>Such as <c>135M</c>, <c>7.2B</c>, <c>MoE 8x7B</c>.</summary>
    internal static string? Size(GgufHeader header, ModelFacts facts)
    {
        if (facts.ParameterCount is not { } all)
            return null;
        if (header.GetInteger($"{facts.Architecture}.expert_count") is not > 0)
            return Count(all);
        // The label tells experts and their size, which cannot be told from tensors.
        if (header.GetString("general.size_label") is { Length: > 0 and <= 20 } label && label.All(char.IsAsciiLetterOrDigit))
            return "MoE " + label;
        return facts.ActiveParameterCount is { } active && active < all ? $"MoE {Count(all)}-A{Count(active)}" : "MoE " + Count(all);
    }

    /// <summary>Such as <c>135M</c> or <c>7.2B</c>: three digits at most where there is a unit.</summary>
    internal static string Count(long number)
    {
        (double unit, string name) = number switch
        {
            >= 999_500_000_000 => (1e12, "T"),
            >= 999_500_000 => (1e9, "B"),
            >= 999_500 => (1e6, "M"),
            >= 1_000 => (1e3, "K"),
            _ => (1, ""),
        };
        double amount = number / unit;
        return amount.ToString(amount < 9.95 ? "0.#" : "0", CultureInfo.InvariantCulture) + name;
    }

    private static string? Context(int? tokens) => tokens switch
    {
        null or <= 0 => null,
        >= 1 << 20 when tokens % (1 << 20) == 0 => $"{tokens >> 20}M context",
        >= 1024 when tokens % 1024 == 0 => $"{tokens >> 10}k context",
        >= 1000 => $"{Math.Round(tokens.Value / 1000.0)}k context",
        _ => $"{tokens} context",
    };

    private static bool Sees(GgufHeader header, ModelFacts facts)
    {
        if (facts.Architecture == "clip")
            return header.GetBoolean("clip.has_vision_encoder") ?? header.GetBoolean("clip.has_audio_encoder") != true;
        return header.Metadata.Keys.Any(k => k.Contains(".vision.", StringComparison.Ordinal))
            || header.Tensors.Any(t => t.Name.StartsWith("v.", StringComparison.Ordinal) || t.Name.StartsWith("mm.", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Names(GgufHeader header, ModelFacts facts)
    {
        string?[] names = [facts.Architecture, facts.Name, header.GetString("general.basename"), header.GetString("general.finetune"), .. header.GetArray("general.tags")?.Values?.OfType<string>() ?? []];
        return names.OfType<string>();
    }

    /// <summary>Words such as "coder", "starcoder2", "Codestral" or "codegemma", but not "encoder", "decode" or "codec".</summary>
    private static bool IsCode(string name)
    {
        string letters = string.Concat(name.Select(c => char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) : ' '));
        return letters.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(word =>
            (word.StartsWith("code", StringComparison.Ordinal) && !word.StartsWith("codec", StringComparison.Ordinal))
            || word is "coder" or "coding" or "starcoder" or "programming");
    }
}
