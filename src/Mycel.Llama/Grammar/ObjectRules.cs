using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Rules for objects: the properties that the schema lists in its order, any of the optional ones left out, then further ones where they are allowed.</summary>
internal sealed class ObjectRules
{
    /// <summary>Most properties of an object.</summary>
    private const int MaxProperties = 1_000;

    private readonly SchemaCompiler _compiler;
    private readonly GrammarBuilder _builder;
    private readonly SchemaSet _set;
    private readonly string _rule;
    private readonly string _ws;
    private readonly HashSet<string> _declared = [];
    private readonly HashSet<string> _required = [];
    private readonly List<string> _order = [];

    public ObjectRules(SchemaCompiler compiler, SchemaSet set, string rule)
    {
        _compiler = compiler;
        _builder = compiler.Builder;
        _set = set;
        _rule = rule;
        _ws = JsonRules.Space(_builder);
        foreach ((SchemaNode node, JsonElement properties) in set.All("properties"))
            ReadProperties(node, properties);
        foreach ((SchemaNode node, JsonElement names) in set.All("required"))
            ReadRequired(node, names);
        if (_order.Count > MaxProperties)
            throw new GrammarException($"An object has more than {MaxProperties} properties.", set.Place);
    }

    /// <returns>What objects look like, and the rules they cannot do without.</returns>
    public (string Body, IReadOnlyList<string> Needs) Body()
    {
        if (_order.Count == 0)
            return Map();
        CheckCounts();
        if (_set.Has("patternProperties") || _set.All("propertyNames").Any(p => p.Value.ValueKind != JsonValueKind.True && !IsAnyString(p.Value)))
            throw new GrammarException("'patternProperties' and 'propertyNames' cannot be ensured beside 'properties': leave them out.", _set.Place);
        List<(string Member, string Rule, bool IsRequired)> members = [];
        foreach (string name in _order)
        {
            string? value = _compiler.Rule(SchemasOf(_set, name), name);
            bool isRequired = _required.Contains(name);
            if (value is null && isRequired)
                throw new GrammarException($"The property '{name}' is required, but no value fits it.", _set.Place);
            if (value is not null)
                members.Add(($"{GrammarBuilder.Literal(JsonRules.Text(name) + ":")} {_ws} {value}", value, isRequired));
        }
        return (Sequence(members, Further()), [.. members.Where(m => m.IsRequired).Select(m => m.Rule)]);
    }

    private void ReadProperties(SchemaNode node, JsonElement properties)
    {
        if (properties.ValueKind != JsonValueKind.Object)
            throw new GrammarException("'properties' must be an object of schemas.", node.At("properties"));
        foreach (JsonProperty property in properties.EnumerateObject())
            if (_declared.Add(property.Name))
                _order.Add(property.Name);
    }

    private void ReadRequired(SchemaNode node, JsonElement names)
    {
        if (names.ValueKind != JsonValueKind.Array || names.EnumerateArray().Any(n => n.ValueKind != JsonValueKind.String))
            throw new GrammarException("'required' must be a list of names.", node.At("required"));
        foreach (JsonElement name in names.EnumerateArray())
            if (_required.Add(name.GetString()!) && !_declared.Contains(name.GetString()!))
                _order.Add(name.GetString()!);
    }

    private void CheckCounts()
    {
        int least = _set.Count("minProperties", true) ?? 0;
        int most = _set.Count("maxProperties", false) ?? int.MaxValue;
        bool isClosed = Stated().Count == 0 || Stated().Any(s => s.Element.ValueKind == JsonValueKind.False);
        if (least > _required.Count || (most < _order.Count || (!isClosed && most < int.MaxValue)))
            throw new GrammarException("'minProperties' and 'maxProperties' cannot be ensured beside 'properties': use 'required' instead.", _set.Place);
    }

    /// <summary>All schemas that a property must fit.</summary>
    public static List<SchemaNode> SchemasOf(SchemaSet set, string name)
    {
        List<SchemaNode> schemas = [];
        foreach (SchemaNode node in set.Nodes)
        {
            if (node.Element.TryGetProperty("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(name, out JsonElement schema))
                schemas.Add(node.Child(schema, "properties", name));
            else if (node.Element.TryGetProperty("additionalProperties", out JsonElement additional))
                schemas.Add(node.Child(additional, "additionalProperties"));
        }
        return schemas;
    }

    private List<SchemaNode> Stated() => [.. _set.All("additionalProperties").Select(a => a.Node.Child(a.Value, "additionalProperties"))];

    /// <summary>The rule for a further member; null where there is none. Where the schema does not say, one that lists properties is taken to be complete.</summary>
    private string? Further()
    {
        List<SchemaNode> stated = Stated();
        if (stated.Count == 0 || _compiler.Rule(stated, _rule + "-other") is not { } value)
            return null;
        string key = new OtherNames(_builder, [.. _order]).Rule(_rule);
        return _builder.AddRule(_rule + "-other-member", $"\"\\\"\" {key} \"\\\":\" {_ws} {value}");
    }

    /// <summary>
    /// Members one after the other. Two chains of rules: before the first member, where no comma may stand, and after it. From each rule every
    /// member can be reached that needs no other before.
    /// </summary>
    private string Sequence(List<(string Member, string Rule, bool IsRequired)> members, string? further)
    {
        string rest = further is null ? "" : $"({_builder.AddRule(_rule + "-next", $"\",\" {_ws} {further}")})*";
        string? first = further is null ? null : $"{further} {rest}";
        for (int i = members.Count - 1; i >= 0; i--)
        {
            (string member, _, bool isRequired) = members[i];
            member = _builder.AddRule(_rule + "-member", member);
            string taken = $"{member} {rest}".TrimEnd();
            first = isRequired || first is null ? taken : $"{taken} | {first}";
            rest = isRequired ? $"\",\" {_ws} {taken}" : rest.Length > 0 ? $"\",\" {_ws} {taken} | {rest}" : $"(\",\" {_ws} {taken})?";
            // The first of all needs no chain behind a comma.
            if (i > 0)
                rest = _builder.AddRule(_rule + "-rest", rest);
            if (i > 0 && !isRequired && first.Contains('|', StringComparison.Ordinal))
                first = _builder.AddRule(_rule + "-first", first);
        }
        if (first is null)
            return $"\"{{\" {_ws} \"}}\"";
        bool canBeEmpty = !members.Any(m => m.IsRequired);
        return canBeEmpty ? $"\"{{\" {_ws} (({first}) {_ws})? \"}}\"" : $"\"{{\" {_ws} ({first}) {_ws} \"}}\"";
    }

    /// <summary>An object whose properties the schema does not list: any names, or those of a pattern.</summary>
    private (string, IReadOnlyList<string>) Map()
    {
        int least = _set.Count("minProperties", true) ?? 0;
        int? most = _set.Count("maxProperties", false);
        if (most < least)
            throw new GrammarException("'maxProperties' is less than 'minProperties'.", _set.Place);
        List<SchemaNode> values = Stated();
        List<SchemaNode> keys = [.. _set.All("propertyNames").Select(n => n.Node.Child(n.Value, "propertyNames"))];
        List<(SchemaNode Node, JsonProperty Pattern)> patterns = [];
        foreach ((SchemaNode node, JsonElement value) in _set.All("patternProperties"))
            if (value.ValueKind == JsonValueKind.Object)
                patterns.AddRange(value.EnumerateObject().Select(p => (node, p)));
        string key = JsonRules.String(_builder);
        if (patterns.Count > 1 || (patterns.Count > 0 && keys.Count > 0))
            throw new GrammarException("Several 'patternProperties', or with 'propertyNames' beside them, cannot be ensured: use one pattern.", _set.Place);
        if (patterns.Count == 1)
        {
            // Names that do not match are left out, which every 'additionalProperties' allows.
            (SchemaNode node, JsonProperty pattern) = patterns[0];
            values = [node.Child(pattern.Value, "patternProperties", pattern.Name)];
            (string text, _, _) = PatternRules.Compile(_builder, pattern.Name, node.At("patternProperties"));
            key = _builder.AddRule(_rule + "-key", $"\"\\\"\" {text} \"\\\"\"");
        }
        else if (keys.Count > 0)
        {
            key = KeyRule(keys);
        }
        if (_compiler.Rule(values, _rule + "-value") is not { } rule)
            return least > 0 ? throw new GrammarException("'minProperties' asks for properties, but none are allowed.", _set.Place) : (JsonRules.Map(_builder, key, key, 0, 0), []);
        return (JsonRules.Map(_builder, key, rule, least, most), least > 0 ? [rule] : []);
    }

    private string KeyRule(List<SchemaNode> keys)
    {
        using JsonDocument text = JsonDocument.Parse("""{"type":"string"}""");
        SchemaNode isText = new(text.RootElement.Clone(), _set.Place + "/propertyNames#text");
        return _compiler.Rule([.. keys, isText], _rule + "-key") ?? throw new GrammarException("No name fits 'propertyNames'.", _set.Place);
    }

    private static bool IsAnyString(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.EnumerateObject().All(p => p.Name == "type" && p.Value.ValueKind == JsonValueKind.String && p.Value.ValueEquals("string"));
}
