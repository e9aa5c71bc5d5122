using System.Globalization;
using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Rules for arrays: items that have a schema each by their place, then items of one kind.</summary>
internal sealed class ArrayRules
{
    /// <summary>Most items that have a schema each.</summary>
    private const int MaxPrefix = 500;

    /// <summary>More items than any output has: a higher maximum is none.</summary>
    private const int MostItems = 100_000;

    private readonly SchemaCompiler _compiler;
    private readonly SchemaSet _set;
    private readonly string _rule;

    public ArrayRules(SchemaCompiler compiler, SchemaSet set, string rule)
    {
        _compiler = compiler;
        _set = set;
        _rule = rule;
    }

    /// <returns>What arrays look like, and the rules they cannot do without.</returns>
    public (string Body, IReadOnlyList<string> Needs) Body()
    {
        int min = _set.Count("minItems", true) ?? 0;
        int? max = _set.Count("maxItems", false) is { } most && most <= MostItems ? most : null;
        if (min > MostItems)
            throw new GrammarException($"'minItems' is more than {MostItems}.", _set.Place);
        if (max < min)
            throw new GrammarException("'maxItems' is less than 'minItems'.", _set.Place);
        int prefix = Prefixes().Select(p => p.Count).DefaultIfEmpty(0).Max();
        if (prefix > MaxPrefix)
            throw new GrammarException($"More than {MaxPrefix} items have a schema each.", _set.Place);
        List<string> places = [];
        for (int i = 0; i < prefix && !(i >= max); i++)
        {
            string? item = _compiler.Rule(SchemasAt(_set, i), _rule + "-item");
            if (item is null && min > i)
                throw new GrammarException($"'minItems' asks for {min} items, but no value fits the one at {i}.", _set.Place);
            if (item is null)
            {
                max = i;
                break;
            }
            places.Add(item);
        }
        // Where the schema lists items and says nothing of others, the list is taken to be complete.
        bool isComplete = places.Count > 0 && min <= places.Count && !_set.All("items").Any(i => i.Value.ValueKind != JsonValueKind.Array) && !_set.Has("additionalItems");
        string? other = isComplete || max <= places.Count ? null : _compiler.Rule(SchemasAt(_set, int.MaxValue), _rule + "-item");
        if (other is null && min > places.Count)
            throw new GrammarException($"'minItems' asks for {min} items, but only {places.Count} are allowed.", _set.Place);
        List<string> needs = [.. places.Take(min)];
        if (min > places.Count)
            needs.Add(other!);
        return (Sequence(places, other, min, other is null ? places.Count : max), needs);
    }

    /// <summary>Schemas by place: <c>prefixItems</c>, or <c>items</c> as a list as it was before 2020.</summary>
    private IEnumerable<(SchemaNode Node, string Keyword, JsonElement List, int Count)> Prefixes()
    {
        foreach (SchemaNode node in _set.Nodes)
            if (PrefixOf(node) is var (keyword, list))
                yield return (node, keyword, list, list.GetArrayLength());
    }

    private static (string Keyword, JsonElement List)? PrefixOf(SchemaNode node)
    {
        if (node.Element.TryGetProperty("prefixItems", out JsonElement list))
            return list.ValueKind == JsonValueKind.Array ? ("prefixItems", list) : throw new GrammarException("'prefixItems' must be a list of schemas.", node.At("prefixItems"));
        return node.Element.TryGetProperty("items", out list) && list.ValueKind == JsonValueKind.Array ? ("items", list) : null;
    }

    /// <summary>All schemas that the item at a place must fit.</summary>
    public static List<SchemaNode> SchemasAt(SchemaSet set, int place)
    {
        List<SchemaNode> schemas = [];
        foreach (SchemaNode node in set.Nodes)
        {
            if (PrefixOf(node) is var (keyword, list) && place < list.GetArrayLength())
                schemas.Add(node.Child(list[place], keyword, place.ToString(CultureInfo.InvariantCulture)));
            else if (node.Element.TryGetProperty("items", out JsonElement items) && items.ValueKind != JsonValueKind.Array)
                schemas.Add(node.Child(items, "items"));
            else if (node.Element.TryGetProperty("additionalItems", out JsonElement additional) && PrefixOf(node) is not null)
                schemas.Add(node.Child(additional, "additionalItems"));
        }
        return schemas;
    }

    private string Sequence(List<string> places, string? other, int min, int? max)
    {
        GrammarBuilder builder = _compiler.Builder;
        if (places.Count == 0)
            return other is null ? JsonRules.List(builder, "", 0, 0) : JsonRules.List(builder, other, min, max);
        string ws = JsonRules.Space(builder);
        string rest = other is null ? "" : builder.Repeat(builder.AddRule("next", $"\",\" {ws} {other}"), Math.Max(0, min - places.Count), max - places.Count);
        for (int i = places.Count - 1; i > 0; i--)
        {
            string from = $"\",\" {ws} {places[i]} {rest}".TrimEnd();
            rest = builder.AddRule(_rule + "-rest", min > i ? from : $"({from})?");
        }
        string content = $"{places[0]} {rest} {ws}".Replace("  ", " ", StringComparison.Ordinal);
        return min > 0 ? $"\"[\" {ws} {content} \"]\"" : $"\"[\" {ws} ({content})? \"]\"";
    }
}
