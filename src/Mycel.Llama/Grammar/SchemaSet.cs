using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Schemas that must all hold at once: references and <c>allOf</c> are followed, alternatives (<c>anyOf</c>, <c>oneOf</c>) still open.</summary>
internal sealed class SchemaSet
{
    private static readonly string[] StringKeywords = ["minLength", "maxLength", "pattern", "format"];
    private static readonly string[] NumberKeywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    private static readonly string[] ObjectKeywords = ["properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties"];
    private static readonly string[] ArrayKeywords = ["items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"];
    private static readonly HashSet<string> Assertions = ["type", "nullable", "enum", "const", .. StringKeywords, .. NumberKeywords, .. ObjectKeywords, .. ArrayKeywords];

    /// <summary>Most alternatives that the unions of one schema may come to.</summary>
    private const int MaxAlternatives = 500;

    private readonly List<SchemaNode> _nodes = [];

    private SchemaSet(IEnumerable<SchemaNode> nodes, SchemaResolver resolver)
    {
        Dictionary<string, SchemaNode> seen = [];
        Dictionary<string, string> parents = [];
        Stack<SchemaNode> open = new(nodes.Reverse());
        while (open.TryPop(out SchemaNode node))
        {
            if (node.Element.ValueKind == JsonValueKind.True || !seen.TryAdd(node.Key, node))
                continue;
            if (node.Element.ValueKind == JsonValueKind.False)
            {
                IsImpossible = true;
                continue;
            }
            resolver.Check(node);
            foreach (SchemaNode part in PartsOf(node, resolver))
            {
                CheckCircle(node, part, parents);
                parents.TryAdd(part.Key, node.Key);
                open.Push(part);
            }
            Keep(node with { Done = node.Done | SchemaParts.References });
        }
        Place = _nodes.Count > 0 ? _nodes[0].Pointer : seen.Count > 0 ? seen.Values.First().Pointer : "#";
        Types = FindTypes();
        IsEnumeration = Has("enum") || Has("const");
        IsImpossible |= Types == JsonTypes.None || (IsEnumeration && EnumRules.Values(this, resolver).Count == 0);
        Key = string.Join('&', _nodes.Select(n => n.Key).Order(StringComparer.Ordinal));
    }

    public static SchemaSet Of(IEnumerable<SchemaNode> nodes, SchemaResolver resolver) => new(nodes, resolver);

    /// <summary>Tells equal sets.</summary>
    public string Key { get; }

    /// <summary>A place in the schema for messages.</summary>
    public string Place { get; }

    /// <summary>Whether nothing fits.</summary>
    public bool IsImpossible { get; }

    /// <summary>Types that values may have; where no schema says so, those that its keywords are about.</summary>
    public JsonTypes Types { get; }

    /// <summary>The schemas, without those that say nothing.</summary>
    public IReadOnlyList<SchemaNode> Nodes => _nodes;

    /// <summary>Whether the values are listed.</summary>
    public bool IsEnumeration { get; }

    /// <summary>Whether any value fits.</summary>
    public bool IsAny => _nodes.Count == 0 && !IsImpossible;

    /// <summary>The schemas that hold along with one: what it refers to and its <c>allOf</c>, the first last.</summary>
    private static List<SchemaNode> PartsOf(SchemaNode node, SchemaResolver resolver)
    {
        List<SchemaNode> parts = [];
        if (node.Done.HasFlag(SchemaParts.References))
            return parts;
        if (node.Element.TryGetProperty("allOf", out JsonElement all))
            parts.AddRange(SchemaResolver.List(node, "allOf", all).Reverse());
        if (node.Element.TryGetProperty("$ref", out JsonElement reference))
            parts.Add(resolver.Resolve(node, reference));
        return parts;
    }

    /// <exception cref="GrammarException">A part is the schema itself or one that led to it: nothing is said.</exception>
    private static void CheckCircle(SchemaNode node, SchemaNode part, Dictionary<string, string> parents)
    {
        for (string? at = node.Key; at is not null; at = parents.GetValueOrDefault(at))
            if (at == part.Key)
                throw new GrammarException("This reference leads back to itself.", node.Pointer);
    }

    private void Keep(SchemaNode node)
    {
        if (!HasUnion(node, SchemaParts.AnyOf) && !HasUnion(node, SchemaParts.OneOf) && !node.Element.EnumerateObject().Any(p => Assertions.Contains(p.Name)))
            return;
        if (!_nodes.Any(n => n.Key == node.Key))
            _nodes.Add(node);
    }

    private static bool HasUnion(SchemaNode node, SchemaParts union) =>
        !node.Done.HasFlag(union) && node.Element.TryGetProperty(union == SchemaParts.AnyOf ? "anyOf" : "oneOf", out _);

    /// <summary>Chooses among the alternatives of the first union that is open; null where none is.</summary>
    public IEnumerable<SchemaSet>? Alternatives(SchemaResolver resolver)
    {
        foreach (SchemaParts union in new[] { SchemaParts.AnyOf, SchemaParts.OneOf })
        {
            int index = _nodes.FindIndex(n => HasUnion(n, union));
            if (index < 0)
                continue;
            SchemaNode node = _nodes[index];
            string keyword = union == SchemaParts.AnyOf ? "anyOf" : "oneOf";
            List<SchemaNode> rest = [.. _nodes];
            rest[index] = node with { Done = node.Done | union };
            return SchemaResolver.List(node, keyword, node.Element.GetProperty(keyword)).Select(choice => Of([.. rest, choice], resolver));
        }
        return null;
    }

    /// <summary>
    /// All ways to choose from the unions of a schema, unions within unions and those that refer to themselves included. Every rule so begins
    /// with a character after two steps at most: llama.cpp does not bear left recursion, and looks for it along all paths.
    /// </summary>
    public IReadOnlyList<SchemaSet> Expand(SchemaResolver resolver)
    {
        List<SchemaSet> choices = [];
        HashSet<string> seen = [Key];
        Stack<SchemaSet> open = new([this]);
        while (open.TryPop(out SchemaSet? next))
        {
            if (next.Alternatives(resolver) is not { } alternatives)
            {
                choices.Add(next);
                continue;
            }
            foreach (SchemaSet alternative in alternatives.Reverse())
                if (!alternative.IsImpossible && seen.Add(alternative.Key))
                    open.Push(alternative);
            if (seen.Count > MaxAlternatives)
                throw new GrammarException($"The schema leaves more than {MaxAlternatives} alternatives here: use fewer or smaller 'anyOf'.", Place);
        }
        return choices;
    }

    /// <summary>A keyword's values in all schemas that have it.</summary>
    public IEnumerable<(SchemaNode Node, JsonElement Value)> All(string keyword)
    {
        foreach (SchemaNode node in _nodes)
            if (node.Element.TryGetProperty(keyword, out JsonElement value))
                yield return (node, value);
    }

    public bool Has(string keyword) => All(keyword).Any();

    /// <summary>A count that several schemas may give: the strictest.</summary>
    /// <exception cref="GrammarException">It is no whole number from 0 on.</exception>
    public int? Count(string keyword, bool isLeast)
    {
        int? strictest = null;
        foreach ((SchemaNode node, JsonElement value) in All(keyword))
        {
            if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || number < 0 || number != Math.Floor(number))
                throw new GrammarException($"'{keyword}' must be a whole number from 0 on.", node.At(keyword));
            int count = (int)Math.Min(number, int.MaxValue);
            strictest = strictest is { } other ? isLeast ? Math.Max(other, count) : Math.Min(other, count) : count;
        }
        return strictest;
    }

    private JsonTypes FindTypes()
    {
        JsonTypes types = JsonTypes.All;
        JsonTypes implied = JsonTypes.None;
        bool isExplicit = false;
        foreach (SchemaNode node in _nodes)
        {
            if (node.Element.TryGetProperty("type", out JsonElement type))
            {
                JsonTypes own = SchemaResolver.Types(node, type);
                if (node.Element.TryGetProperty("nullable", out JsonElement nullable) && nullable.ValueKind == JsonValueKind.True)
                    own |= JsonTypes.Null;
                types &= own;
                isExplicit = true;
            }
            foreach (JsonProperty property in node.Element.EnumerateObject())
                implied |= ImpliedBy(property.Name);
        }
        if (isExplicit || implied == JsonTypes.None || Has("enum") || Has("const"))
            return types;
        return implied;
    }

    private static JsonTypes ImpliedBy(string keyword)
    {
        if (StringKeywords.Contains(keyword))
            return JsonTypes.String;
        if (NumberKeywords.Contains(keyword))
            return JsonTypes.Number | JsonTypes.Integer;
        if (ObjectKeywords.Contains(keyword))
            return JsonTypes.Object;
        return ArrayKeywords.Contains(keyword) ? JsonTypes.Array : JsonTypes.None;
    }
}
