using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mycel.Llama.Tests.Grammar;

/// <summary>A plain validator for the keywords that the tests' schemas use.</summary>
internal sealed class SchemaCheck(JsonElement root)
{
    private readonly Stack<(string Reference, JsonElement Value)> _asked = new();

    public bool Fits(JsonElement value) => Fits(root, value);

    private bool Fits(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            return schema.ValueKind == JsonValueKind.True;
        return schema.EnumerateObject().All(k => Fits(schema, k.Name, k.Value, value));
    }

    private bool Fits(JsonElement schema, string keyword, JsonElement given, JsonElement value)
    {
        switch (keyword)
        {
            case "$ref": return FitsReference(given.GetString()!, value);
            case "anyOf" or "oneOf": return given.EnumerateArray().Any(s => Fits(s, value));
            case "allOf": return given.EnumerateArray().All(s => Fits(s, value));
            case "enum": return given.EnumerateArray().Any(e => JsonElement.DeepEquals(e, value));
            case "const": return JsonElement.DeepEquals(given, value);
            case "type": return given.ValueKind == JsonValueKind.Array ? given.EnumerateArray().Any(t => Is(t.GetString()!, value)) : Is(given.GetString()!, value);
        }
        return value.ValueKind switch
        {
            JsonValueKind.String => FitsText(keyword, given, value.GetString()!),
            JsonValueKind.Number => FitsNumber(keyword, given, value.GetDouble()),
            JsonValueKind.Object => FitsObject(schema, keyword, given, value),
            JsonValueKind.Array => FitsArray(schema, keyword, given, value),
            _ => true,
        };
    }

    /// <summary>A schema that is asked about the same value again has an alternative that says nothing.</summary>
    private bool FitsReference(string reference, JsonElement value)
    {
        if (_asked.Any(a => a.Reference == reference && a.Value.Equals(value)))
            return false;
        _asked.Push((reference, value));
        bool fits = Fits(Find(reference), value);
        _asked.Pop();
        return fits;
    }

    private static bool Is(string type, JsonElement value) => type switch
    {
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() == Math.Floor(value.GetDouble()),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => value.ValueKind == JsonValueKind.Array,
    };

    private static bool FitsText(string keyword, JsonElement given, string text) => keyword switch
    {
        "minLength" => text.EnumerateRunes().Count() >= given.GetInt32(),
        "maxLength" => text.EnumerateRunes().Count() <= given.GetInt32(),
        "pattern" => Regex.IsMatch(text, given.GetString()!.Replace("$", "\\z", StringComparison.Ordinal), RegexOptions.CultureInvariant),
        "format" when given.GetString() == "date-time" => DateTime.TryParseExact(text[..19], "yyyy-MM-ddTHH:mm:ss", System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.None, out _),
        "format" when given.GetString() == "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", out _),
        "format" when given.GetString() == "uuid" => Guid.TryParseExact(text, "D", out _),
        "format" when given.GetString() is "ipv4" or "ipv6" => System.Net.IPAddress.TryParse(text, out _),
        _ => true,
    };

    private static bool FitsNumber(string keyword, JsonElement given, double number) => keyword switch
    {
        "minimum" => number >= given.GetDouble(),
        "maximum" => number <= given.GetDouble(),
        "exclusiveMinimum" => number > given.GetDouble(),
        "exclusiveMaximum" => number < given.GetDouble(),
        "multipleOf" => (decimal)number % given.GetDecimal() == 0,
        _ => true,
    };

    private bool FitsObject(JsonElement schema, string keyword, JsonElement given, JsonElement value) => keyword switch
    {
        "properties" => given.EnumerateObject().All(p => !value.TryGetProperty(p.Name, out JsonElement property) || Fits(p.Value, property)),
        "required" => given.EnumerateArray().All(n => value.TryGetProperty(n.GetString()!, out _)),
        "additionalProperties" => value.EnumerateObject().All(p => (schema.TryGetProperty("properties", out JsonElement listed) && listed.TryGetProperty(p.Name, out _)) || Fits(given, p.Value)),
        "minProperties" => value.EnumerateObject().Count() >= given.GetInt32(),
        "maxProperties" => value.EnumerateObject().Count() <= given.GetInt32(),
        _ => true,
    };

    private bool FitsArray(JsonElement schema, string keyword, JsonElement given, JsonElement value)
    {
        int prefix = schema.TryGetProperty("prefixItems", out JsonElement places) ? places.GetArrayLength() : 0;
        return keyword switch
        {
            "prefixItems" => value.EnumerateArray().Zip(given.EnumerateArray()).All(p => Fits(p.Second, p.First)),
            "items" => value.EnumerateArray().Skip(prefix).All(v => Fits(given, v)),
            "minItems" => value.GetArrayLength() >= given.GetInt32(),
            "maxItems" => value.GetArrayLength() <= given.GetInt32(),
            _ => true,
        };
    }

    private JsonElement Find(string reference) => reference == "#" ? root : root.GetProperty("$defs").GetProperty(reference["#/$defs/".Length..]);
}
