using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Rules for <c>enum</c> and <c>const</c>. Of the values those count that fit the type and the bounds beside them.</summary>
internal static class EnumRules
{
    /// <summary>Most values.</summary>
    private const int MaxValues = 1_000;

    public static string Body(SchemaSet set)
    {
        IReadOnlyList<string> texts = Values(set);
        int[][] characters = [.. texts.Select(t => t.EnumerateRunes().Select(r => r.Value).ToArray())];
        Array.Sort(characters, (a, b) => a.AsSpan().SequenceCompareTo(b));
        return Choice(characters, 0);
    }

    /// <summary>The values that fit, as compact JSON.</summary>
    public static IReadOnlyList<string> Values(SchemaSet set)
    {
        List<JsonElement>? values = null;
        foreach ((SchemaNode node, JsonElement list) in set.All("enum"))
        {
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
                throw new GrammarException("'enum' must be a list of values that is not empty.", node.At("enum"));
            if (list.GetArrayLength() > MaxValues)
                throw new GrammarException($"'enum' has more than {MaxValues} values.", node.At("enum"));
            values = Common(values, [.. list.EnumerateArray()]);
        }
        foreach ((_, JsonElement value) in set.All("const"))
            values = Common(values, [value]);
        return [.. (values ?? []).Where(v => Fits(set, v)).Select(Compact).Distinct()];
    }

    private static List<JsonElement> Common(List<JsonElement>? values, List<JsonElement> others) =>
        values is null ? others : [.. values.Where(v => others.Any(o => JsonElement.DeepEquals(v, o)))];

    private static bool Fits(SchemaSet set, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                int length = value.GetString()!.EnumerateRunes().Count();
                return set.Types.HasFlag(JsonTypes.String) && length >= (set.Count("minLength", true) ?? 0) && length <= (set.Count("maxLength", false) ?? int.MaxValue);
            case JsonValueKind.Number:
                double number = value.GetDouble();
                return (set.Types.HasFlag(JsonTypes.Number) || (set.Types.HasFlag(JsonTypes.Integer) && number == Math.Floor(number))) && NumberRules.IsWithin(set, number);
            case JsonValueKind.True or JsonValueKind.False:
                return set.Types.HasFlag(JsonTypes.Boolean);
            case JsonValueKind.Null:
                return set.Types.HasFlag(JsonTypes.Null);
            case JsonValueKind.Object:
                return set.Types.HasFlag(JsonTypes.Object);
            default:
                return set.Types.HasFlag(JsonTypes.Array);
        }
    }

    /// <summary>A value's JSON text without white space.</summary>
    private static string Compact(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonRules.Text(value.GetString()!),
        JsonValueKind.Object => "{" + string.Join(',', value.EnumerateObject().Select(p => JsonRules.Text(p.Name) + ":" + Compact(p.Value))) + "}",
        JsonValueKind.Array => "[" + string.Join(',', value.EnumerateArray().Select(Compact)) + "]",
        _ => value.GetRawText(),
    };

    /// <summary>One of some texts in order, what several begin with written once: so only few ways are open at any character.</summary>
    /// <param name="texts">Different texts as code points, sorted.</param>
    /// <param name="from">What comes before is written already.</param>
    private static string Choice(ReadOnlySpan<int[]> texts, int from)
    {
        List<string> choices = [];
        for (int start = 0; start < texts.Length;)
        {
            int[] first = texts[start];
            if (first.Length == from)
            {
                // The text ends here; the others go on.
                choices.Add("\"\"");
                start++;
                continue;
            }
            int end = start + 1;
            while (end < texts.Length && texts[end][from] == first[from])
                end++;
            int common = first.AsSpan().CommonPrefixLength(texts[end - 1]);
            string rest = end - start == 1 ? "" : " " + Choice(texts[start..end], common);
            choices.Add(GrammarBuilder.Literal(string.Concat(first[from..common].Select(char.ConvertFromUtf32))) + rest);
            start = end;
        }
        return choices.Count == 1 ? choices[0] : $"({string.Join(" | ", choices)})";
    }
}
