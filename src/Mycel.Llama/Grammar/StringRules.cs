using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Rules for strings.</summary>
internal static class StringRules
{
    /// <summary>More characters than any output has: a higher maximum is none.</summary>
    private const int MostCharacters = 100_000;

    public static string Body(GrammarBuilder builder, SchemaSet set)
    {
        int min = set.Count("minLength", true) ?? 0;
        int? max = set.Count("maxLength", false) is { } most && most <= MostCharacters ? most : null;
        if (min > MostCharacters)
            throw new GrammarException($"'minLength' is more than {MostCharacters}.", set.Place);
        if (max < min)
            throw new GrammarException("'maxLength' is less than 'minLength'.", set.Place);
        List<(string Pattern, string Place)> patterns = Patterns(set);
        if (patterns.Count > 1)
            throw new GrammarException("Several patterns or formats for one string cannot be ensured together: write them as one pattern.", patterns[1].Place);
        if (patterns.Count == 0)
            return min == 0 && max is null ? JsonRules.String(builder) : $"\"\\\"\" {builder.Repeat(JsonRules.Character(builder), min, max)} \"\\\"\"";
        (string text, long shortest, long? longest) = PatternRules.Compile(builder, patterns[0].Pattern, patterns[0].Place);
        if (shortest < min || (max is { } limit && (longest is null || longest > limit)))
            throw new GrammarException("'minLength' and 'maxLength' cannot be ensured beside this pattern: put the length into the pattern, such as ^[a-z]{2,8}$.", patterns[0].Place);
        return $"\"\\\"\" {text} \"\\\"\"";
    }

    /// <summary>The patterns that strings must match, those of known formats included.</summary>
    public static List<(string Pattern, string Place)> Patterns(SchemaSet set)
    {
        List<(string Pattern, string Place)> patterns = [];
        foreach ((SchemaNode node, JsonElement pattern) in set.All("pattern"))
        {
            if (pattern.ValueKind != JsonValueKind.String)
                throw new GrammarException("'pattern' must be a text.", node.At("pattern"));
            patterns.Add((pattern.GetString()!, node.At("pattern")));
        }
        // An unknown format is an annotation; one that is known beside a pattern as well, since the pattern is the stricter word.
        if (patterns.Count == 0)
            foreach ((SchemaNode node, JsonElement format) in set.All("format"))
                if (format.ValueKind == JsonValueKind.String && StringFormats.Patterns.TryGetValue(format.GetString()!, out string? known))
                    patterns.Add((known, node.At("format")));
        return [.. patterns.DistinctBy(p => p.Pattern)];
    }
}
