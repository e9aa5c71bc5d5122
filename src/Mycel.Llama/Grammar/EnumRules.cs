using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Rules for <c>enum</c> and <c>const</c>. Of the values those count that fit all else the schema says.</summary>
internal static class EnumRules
{
    /// <summary>Most values.</summary>
    private const int MaxValues = 1_000;

    public static string Body(SchemaSet set, SchemaResolver resolver)
    {
        IReadOnlyList<string> texts = Values(set, resolver);
        int[][] characters = [.. texts.Select(t => t.EnumerateRunes().Select(r => r.Value).ToArray())];
        Array.Sort(characters, (a, b) => a.AsSpan().SequenceCompareTo(b));
        return Choice(characters, 0);
    }

    /// <summary>The values that fit, as compact JSON.</summary>
    public static IReadOnlyList<string> Values(SchemaSet set, SchemaResolver resolver)
    {
        List<(string Text, JsonElement Value)>? values = null;
        foreach ((SchemaNode node, JsonElement list) in set.All("enum"))
        {
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
                throw new GrammarException("'enum' must be a list of values that is not empty.", node.At("enum"));
            if (list.GetArrayLength() > MaxValues)
                throw new GrammarException($"'enum' has more than {MaxValues} values.", node.At("enum"));
            values = Common(values, [.. list.EnumerateArray().Select(v => (Compact(v), v))]);
        }
        foreach ((_, JsonElement value) in set.All("const"))
            values = Common(values, [(Compact(value), value)]);
        ValueCheck check = new(resolver);
        return [.. (values ?? []).Where(v => check.Fits(set, v.Value)).Select(v => v.Text).Distinct()];
    }

    private static List<(string, JsonElement)> Common(List<(string Text, JsonElement Value)>? values, List<(string Text, JsonElement Value)> others)
    {
        if (values is null)
            return others;
        HashSet<string> texts = [.. others.Select(o => o.Text)];
        return [.. values.Where(v => texts.Contains(v.Text))];
    }

    /// <summary>A value's JSON text without white space.</summary>
    public static string Compact(JsonElement value) => value.ValueKind switch
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
