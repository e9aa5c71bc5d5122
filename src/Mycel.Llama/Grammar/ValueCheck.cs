using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Tells whether a value that a schema lists fits the rest of it.</summary>
internal sealed class ValueCheck(SchemaResolver resolver)
{
    /// <summary>Whether a value fits a schema, its <c>enum</c> aside.</summary>
    public bool Fits(SchemaSet set, JsonElement value)
    {
        resolver.Spend(1, set.Place);
        return value.ValueKind switch
        {
            JsonValueKind.String => set.Types.HasFlag(JsonTypes.String) && FitsText(set, value.GetString()!),
            JsonValueKind.Number => FitsNumber(set, value.GetDouble()),
            JsonValueKind.True or JsonValueKind.False => set.Types.HasFlag(JsonTypes.Boolean),
            JsonValueKind.Null => set.Types.HasFlag(JsonTypes.Null),
            JsonValueKind.Object => set.Types.HasFlag(JsonTypes.Object) && FitsObject(set, value),
            _ => set.Types.HasFlag(JsonTypes.Array) && FitsArray(set, value),
        };
    }

    /// <summary>Whether a part of a value fits the schemas for it.</summary>
    private bool Fits(IEnumerable<SchemaNode> schemas, JsonElement value)
    {
        SchemaSet set = SchemaSet.Of(schemas, resolver);
        if (set.IsImpossible)
            return false;
        string text = EnumRules.Compact(value);
        return set.Expand(resolver).Any(way => Fits(way, value) && (!way.IsEnumeration || EnumRules.Values(way, resolver).Contains(text)));
    }

    private static bool FitsNumber(SchemaSet set, double number)
    {
        bool isType = set.Types.HasFlag(JsonTypes.Number) || (set.Types.HasFlag(JsonTypes.Integer) && number == Math.Floor(number));
        return isType && NumberRules.IsWithin(set, number);
    }

    private bool FitsText(SchemaSet set, string text)
    {
        int[] characters = [.. text.EnumerateRunes().Select(r => r.Value)];
        if (characters.Length < (set.Count("minLength", true) ?? 0) || characters.Length > (set.Count("maxLength", false) ?? int.MaxValue))
            return false;
        foreach ((string pattern, string place) in StringRules.Patterns(set))
        {
            resolver.Spend(characters.Length, place);
            if (!PatternMatch.IsMatch(PatternRules.Parse(pattern, place), characters))
                return false;
        }
        return true;
    }

    private bool FitsObject(SchemaSet set, JsonElement value)
    {
        int count = value.EnumerateObject().Count();
        if (count < (set.Count("minProperties", true) ?? 0) || count > (set.Count("maxProperties", false) ?? int.MaxValue))
            return false;
        foreach ((_, JsonElement names) in set.All("required"))
            if (names.ValueKind == JsonValueKind.Array && names.EnumerateArray().Any(n => n.ValueKind == JsonValueKind.String && !value.TryGetProperty(n.GetString()!, out _)))
                return false;
        return value.EnumerateObject().All(p => Fits(ObjectRules.SchemasOf(set, p.Name), p.Value));
    }

    private bool FitsArray(SchemaSet set, JsonElement value)
    {
        int count = value.GetArrayLength();
        if (count < (set.Count("minItems", true) ?? 0) || count > (set.Count("maxItems", false) ?? int.MaxValue))
            return false;
        return value.EnumerateArray().Select((item, place) => (item, place)).All(i => Fits(ArrayRules.SchemasAt(set, i.place), i.item));
    }
}
