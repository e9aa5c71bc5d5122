using System.Globalization;
using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Finds the schemas that others refer to, and refuses keywords that a grammar cannot ensure.</summary>
internal sealed class SchemaResolver(JsonElement root)
{
    private static readonly string[] Refused =
        ["not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "contains", "$dynamicRef", "$recursiveRef"];

    /// <summary>Keywords that say nothing when they are false.</summary>
    private static readonly string[] RefusedUnlessFalse = ["uniqueItems"];

    /// <summary>Most characters of listed values that are held against other parts of the schema.</summary>
    private const int MaxCompared = 1 << 20;

    private readonly HashSet<string> _checked = [];
    private int _compared;

    /// <summary>Counts work that a small schema could ask for many times over.</summary>
    /// <exception cref="GrammarException">It is too much.</exception>
    public void Spend(int characters, string place)
    {
        _compared += characters;
        if (_compared > MaxCompared)
            throw new GrammarException("The schema has too many combinations of 'enum' and alternatives: use fewer.", place);
    }

    /// <exception cref="GrammarException">It is no schema, or has a keyword that cannot be ensured.</exception>
    public void Check(SchemaNode node)
    {
        if (!_checked.Add(node.Pointer))
            return;
        if (node.Element.ValueKind != JsonValueKind.Object)
            throw new GrammarException("A schema must be an object, or true or false.", node.Pointer);
        foreach (JsonProperty property in node.Element.EnumerateObject())
        {
            bool isFalse = property.Value.ValueKind == JsonValueKind.False;
            if (Refused.Contains(property.Name) || (RefusedUnlessFalse.Contains(property.Name) && !isFalse && !AtMostOneItem(node)))
                throw new GrammarException($"'{property.Name}' cannot be ensured by a grammar: leave it out, and check the answer instead.", node.At(property.Name));
            if (property.Name is "unevaluatedProperties" or "unevaluatedItems" && property.Value.ValueKind == JsonValueKind.Object)
                throw new GrammarException($"'{property.Name}' is supported as true or false only.", node.At(property.Name));
        }
    }

    private static bool AtMostOneItem(SchemaNode node) =>
        node.Element.TryGetProperty("maxItems", out JsonElement most) && most.ValueKind == JsonValueKind.Number && most.TryGetInt32(out int count) && count <= 1;

    /// <summary>The schemas of a keyword such as <c>anyOf</c>.</summary>
    public static IEnumerable<SchemaNode> List(SchemaNode node, string keyword, JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
            throw new GrammarException($"'{keyword}' must be a list of schemas that is not empty.", node.At(keyword));
        return list.EnumerateArray().Select((element, index) => node.Child(element, keyword, index.ToString(CultureInfo.InvariantCulture)));
    }

    public static JsonTypes Types(SchemaNode node, JsonElement type)
    {
        if (type.ValueKind != JsonValueKind.Array)
            return Type(node, type);
        return type.EnumerateArray().Aggregate(JsonTypes.None, (types, one) => types | Type(node, one));
    }

    private static JsonTypes Type(SchemaNode node, JsonElement type) => (type.ValueKind == JsonValueKind.String ? type.GetString() : null) switch
    {
        "string" => JsonTypes.String,
        "number" => JsonTypes.Number | JsonTypes.Integer,
        "integer" => JsonTypes.Integer,
        "boolean" => JsonTypes.Boolean,
        "null" => JsonTypes.Null,
        "object" => JsonTypes.Object,
        "array" => JsonTypes.Array,
        _ => throw new GrammarException("'type' must be string, number, integer, boolean, null, object, array, or a list of these.", node.At("type")),
    };

    /// <summary>The schema that a <c>$ref</c> means.</summary>
    public SchemaNode Resolve(SchemaNode node, JsonElement reference)
    {
        string place = node.At("$ref");
        if (reference.ValueKind != JsonValueKind.String)
            throw new GrammarException("'$ref' must be a text such as \"#/$defs/name\".", place);
        string target = reference.GetString()!;
        if (target.Length > 0 && target[0] != '#')
            throw new GrammarException("References to other documents are not supported: put the schema under '$defs' and refer to it as \"#/$defs/name\".", place);
        if (target is "" or "#")
            return new SchemaNode(root, "#");
        if (target[1] != '/')
            throw new GrammarException("References by '$anchor' are not supported: refer to the schema as \"#/$defs/name\".", place);
        SchemaNode found = new(root, "#");
        foreach (string part in Uri.UnescapeDataString(target[2..]).Split('/'))
        {
            string name = part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            JsonElement next = default;
            bool exists = found.Element.ValueKind switch
            {
                JsonValueKind.Object => found.Element.TryGetProperty(name, out next),
                JsonValueKind.Array => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < found.Element.GetArrayLength() && (next = found.Element[index]).ValueKind != JsonValueKind.Undefined,
                _ => false,
            };
            if (!exists)
                throw new GrammarException("This reference leads nowhere: nothing in the schema has that name.", place);
            found = found.Child(next, name);
        }
        return found;
    }
}
