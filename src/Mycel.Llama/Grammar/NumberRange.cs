using System.Globalization;

namespace Mycel.Llama.Grammar;

/// <summary>Expressions for exactly the decimal numbers between two bounds.</summary>
internal static class NumberRange
{
    private static readonly decimal Largest = Nines(JsonRules.MaxDigits);

    /// <returns>Null where no whole number lies within.</returns>
    public static string? Integers(NumberBounds bounds)
    {
        decimal min = bounds.Min is { } low ? decimal.Ceiling(low) + (bounds.ExcludesMin && low == decimal.Ceiling(low) ? 1 : 0) : -Largest;
        decimal max = bounds.Max is { } high ? decimal.Floor(high) - (bounds.ExcludesMax && high == decimal.Floor(high) ? 1 : 0) : Largest;
        min = Math.Max(min, -Largest);
        max = Math.Min(max, Largest);
        List<string> parts = [];
        if (min < 0 && min <= max)
            parts.Add($"\"-\" ({string.Join(" | ", Whole(Math.Max(1, -max), -min))})");
        if (max >= 0 && min <= max)
            parts.AddRange(Whole(Math.Max(0, min), max));
        return parts.Count > 0 ? string.Join(" | ", parts) : null;
    }

    /// <param name="bounds">The bounds; none takes all.</param>
    /// <param name="digits">Most digits after the point, at least 1.</param>
    /// <returns>Null where no number of so many digits lies within.</returns>
    public static string? Decimals(NumberBounds bounds, int digits)
    {
        List<string> parts = [];
        // What is below zero is what lies above it between the bounds' opposites; zero itself has no sign.
        if (bounds.Min is null or < 0)
        {
            (decimal low, bool excludesLow) = bounds.Max is { } max && max < 0 ? (-max, bounds.ExcludesMax) : (0, true);
            List<string> below = Positive(low, excludesLow, -bounds.Min, bounds.ExcludesMin, digits);
            if (below.Count > 0)
                parts.Add($"\"-\" ({string.Join(" | ", below)})");
        }
        if (bounds.Max is null or >= 0)
        {
            (decimal low, bool excludesLow) = bounds.Min is { } min && min >= 0 ? (min, bounds.ExcludesMin) : (0, false);
            parts.AddRange(Positive(low, excludesLow, bounds.Max, bounds.ExcludesMax, digits));
        }
        return parts.Count > 0 ? string.Join(" | ", parts) : null;
    }

    /// <summary>Numbers from <paramref name="min"/> (0 or more) on: by their whole part, those at the bounds with a bound on their digits after the point.</summary>
    private static List<string> Positive(decimal min, bool excludesMin, decimal? max, bool excludesMax, int digits)
    {
        List<string> parts = [];
        if (max < min)
            return parts;
        decimal first = decimal.Truncate(min);
        decimal last = max is { } bound ? Math.Min(decimal.Truncate(bound), Largest) : Largest;
        FractionBound low = new(Fraction(min), excludesMin);
        FractionBound? high = max is { } limit && limit <= Largest ? new(Fraction(limit), excludesMax) : null;
        if (first == last)
        {
            AddAt(parts, first, low, high, digits);
            return parts;
        }
        AddAt(parts, first, low, null, digits);
        if (last - 1 >= first + 1)
            parts.Add($"({string.Join(" | ", Whole(first + 1, last - 1))}) (\".\" [0-9]{{1,{digits}}})?");
        AddAt(parts, last, null, high, digits);
        return parts;
    }

    private static void AddAt(List<string> parts, decimal whole, FractionBound? low, FractionBound? high, int digits)
    {
        (string? some, bool none) = Digits(low, high, digits);
        string start = $"\"{whole.ToString(CultureInfo.InvariantCulture)}\"";
        if (some is not null)
            parts.Add(none ? $"{start} (\".\" ({some}))?" : $"{start} \".\" ({some})");
        else if (none)
            parts.Add(start);
    }

    /// <summary>A bound on the digits after the point, without zeros at the end.</summary>
    private readonly record struct FractionBound(string Digits, bool Excludes)
    {
        public FractionBound Rest => this with { Digits = Digits[1..] };
    }

    private static string Fraction(decimal number)
    {
        string text = (number - decimal.Truncate(number)).ToString("0.################", CultureInfo.InvariantCulture);
        return text.Length > 2 ? text[2..] : "";
    }

    /// <summary>Digits after the point between two bounds: what they may be, and whether there may be none.</summary>
    private static (string? Some, bool None) Digits(FractionBound? low, FractionBound? high, int most)
    {
        // A bound that is used up and included no longer binds from below; from above it leaves zeros only.
        if (low is { Digits: "", Excludes: false })
            low = null;
        if (high is { Digits: "", Excludes: true })
            return (null, false);
        bool none = low is null;
        if (most == 0)
            return (null, none);
        if (high is { Digits: "" })
            return (none ? $"\"0\"{Times(1, most)}" : null, none);
        if (low is null && high is null)
            return ($"[0-9]{Times(1, most)}", true);
        int from = low is { Digits.Length: > 0 } l ? l.Digits[0] - '0' : 0;
        int to = high is { } h ? h.Digits[0] - '0' : 9;
        List<string> parts = [];
        int free = -1;
        for (int digit = from; digit <= to; digit++)
        {
            bool atLow = low is not null && digit == from;
            bool atHigh = high is not null && digit == to;
            if (!atLow && !atHigh)
            {
                free = free < 0 ? digit : free;
                if (digit == to || (digit == to - 1 && high is not null))
                    parts.Add((free == digit ? $"\"{digit}\"" : $"[{free}-{digit}]") + (most > 1 ? $" [0-9]{Times(0, most - 1)}" : ""));
                continue;
            }
            FractionBound? lowRest = !atLow ? null : low!.Value.Digits.Length > 0 ? low.Value.Rest : low;
            (string? some, bool end) = Digits(lowRest, atHigh ? high!.Value.Rest : null, most - 1);
            if (some is not null)
                parts.Add(end ? $"\"{digit}\" ({some})?" : $"\"{digit}\" ({some})");
            else if (end)
                parts.Add($"\"{digit}\"");
        }
        return (parts.Count > 0 ? string.Join(" | ", parts) : null, none);
    }

    private static string Times(int min, int max) => min == max ? min == 1 ? "" : $"{{{min}}}" : $"{{{min},{max}}}";

    /// <summary>Whole numbers from 0 on: one expression for each number of digits, those of all lengths between taken together.</summary>
    private static List<string> Whole(decimal min, decimal max)
    {
        List<string> parts = [];
        if (min == 0)
        {
            parts.Add("\"0\"");
            min = 1;
        }
        string low = min.ToString("0", CultureInfo.InvariantCulture);
        string high = max.ToString("0", CultureInfo.InvariantCulture);
        for (int length = low.Length; length <= high.Length && min <= max; length++)
        {
            string from = length == low.Length ? low : "1" + new string('0', length - 1);
            string to = length == high.Length ? high : new string('9', length);
            bool isFull = from[1..].All(c => c == '0') && from[0] == '1' && to.All(c => c == '9');
            int last = isFull ? high.Length - (high.All(c => c == '9') ? 0 : 1) : length;
            if (isFull && last > length)
            {
                parts.Add($"[1-9] [0-9]{{{length - 1},{last - 1}}}");
                length = last;
                continue;
            }
            parts.Add(Same(from, to));
        }
        return parts;
    }

    /// <summary>Digits of equal number between two.</summary>
    private static string Same(string low, string high)
    {
        if (low.Length == 0)
            return "";
        if (low[0] == high[0])
            return $"\"{low[0]}\" {Same(low[1..], high[1..])}".TrimEnd();
        string rest = low.Length == 1 ? "" : " [0-9]" + Times(low.Length - 1, low.Length - 1);
        bool isLowFull = low[1..].All(c => c == '0');
        bool isHighFull = high[1..].All(c => c == '9');
        char from = isLowFull ? low[0] : (char)(low[0] + 1);
        char to = isHighFull ? high[0] : (char)(high[0] - 1);
        List<string> parts = [];
        if (!isLowFull)
            parts.Add($"\"{low[0]}\" {Same(low[1..], new string('9', low.Length - 1))}");
        if (from <= to)
            parts.Add((from == to ? $"\"{from}\"" : $"[{from}-{to}]") + rest);
        if (!isHighFull)
            parts.Add($"\"{high[0]}\" {Same(new string('0', low.Length - 1), high[1..])}");
        return parts.Count == 1 ? parts[0] : $"({string.Join(" | ", parts)})";
    }

    private static decimal Nines(int count) => decimal.Parse(new string('9', count), CultureInfo.InvariantCulture);
}
