using System.Globalization;
using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Rules for numbers within bounds. Numbers with bounds have no exponent.</summary>
internal static class NumberRules
{
    /// <summary>Beyond this a bound has no effect: numbers have 16 digits before the point.</summary>
    private const decimal Largest = 9_999_999_999_999_999m;

    public static string Body(GrammarBuilder builder, SchemaSet set)
    {
        int? decimals = Decimals(set);
        bool isWhole = decimals == 0 || !set.Types.HasFlag(JsonTypes.Number);
        NumberBounds bounds = Bounds(set);
        if (!bounds.IsAny)
            return (isWhole ? NumberRange.Integers(bounds) : NumberRange.Decimals(bounds, decimals ?? JsonRules.MaxDigits))
                ?? throw new GrammarException("No number lies within these bounds.", set.Place);
        if (isWhole)
            return JsonRules.Integer(builder);
        return decimals is null ? JsonRules.Number(builder) : NumberRange.Decimals(bounds, decimals.Value)!;
    }

    /// <summary>Whether a number lies within the schema's bounds.</summary>
    public static bool IsWithin(SchemaSet set, double number)
    {
        NumberBounds bounds = Bounds(set);
        bool isAbove = bounds.Min is not { } min || (bounds.ExcludesMin ? number > (double)min : number >= (double)min);
        bool isBelow = bounds.Max is not { } max || (bounds.ExcludesMax ? number < (double)max : number <= (double)max);
        return isAbove && isBelow;
    }

    private static NumberBounds Bounds(SchemaSet set)
    {
        NumberBounds bounds = new();
        foreach ((SchemaNode node, JsonElement value) in set.All("minimum"))
            bounds = bounds.AtLeast(Number(node, "minimum", value), Flag(node, "exclusiveMinimum"));
        foreach ((SchemaNode node, JsonElement value) in set.All("maximum"))
            bounds = bounds.AtMost(Number(node, "maximum", value), Flag(node, "exclusiveMaximum"));
        // Before 2019 these were true or false, beside a bound.
        foreach ((SchemaNode node, JsonElement value) in set.All("exclusiveMinimum").Where(e => e.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)))
            bounds = bounds.AtLeast(Number(node, "exclusiveMinimum", value), true);
        foreach ((SchemaNode node, JsonElement value) in set.All("exclusiveMaximum").Where(e => e.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)))
            bounds = bounds.AtMost(Number(node, "exclusiveMaximum", value), true);
        if (bounds.Min > Largest || bounds.Max < -Largest)
            throw new GrammarException($"Numbers beyond {Largest} are not supported as bounds.", set.Place);
        return bounds with { Min = bounds.Min < -Largest ? null : bounds.Min, Max = bounds.Max > Largest ? null : bounds.Max };
    }

    private static bool Flag(SchemaNode node, string keyword) => node.Element.TryGetProperty(keyword, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static decimal Number(SchemaNode node, string keyword, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
            throw new GrammarException($"'{keyword}' must be a number.", node.At(keyword));
        double number = value.GetDouble();
        if (Math.Abs(number) > 1e17)
            return number > 0 ? Largest + 1 : -Largest - 1;
        if (!decimal.TryParse(value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exact) || decimal.Round(exact, JsonRules.MaxDigits) != exact || (exact == 0 && number != 0))
            throw new GrammarException($"'{keyword}' has more than {JsonRules.MaxDigits} digits after the point.", node.At(keyword));
        return exact;
    }

    /// <summary>Digits after the point that <c>multipleOf</c> leaves; null where there is none.</summary>
    private static int? Decimals(SchemaSet set)
    {
        int? decimals = null;
        foreach ((SchemaNode node, JsonElement value) in set.All("multipleOf"))
        {
            decimal step = Number(node, "multipleOf", value);
            int digits = 0;
            while (step < 1 && step > 0 && digits < JsonRules.MaxDigits)
            {
                step *= 10;
                digits++;
            }
            if (step != 1)
                throw new GrammarException("'multipleOf' is supported for 1, 0.1, 0.01 and so on only.", node.At("multipleOf"));
            decimals = Math.Min(decimals ?? digits, digits);
        }
        return decimals;
    }
}

/// <summary>From where to where numbers go; null is no bound.</summary>
internal readonly record struct NumberBounds(decimal? Min, bool ExcludesMin, decimal? Max, bool ExcludesMax)
{
    public bool IsAny => Min is null && Max is null;

    public NumberBounds AtLeast(decimal min, bool excludes) => Min is { } other && (other > min || (other == min && ExcludesMin)) ? this : this with { Min = min, ExcludesMin = excludes };

    public NumberBounds AtMost(decimal max, bool excludes) => Max is { } other && (other < max || (other == max && ExcludesMax)) ? this : this with { Max = max, ExcludesMax = excludes };
}
