using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>How values show as text, as in Python.</summary>
internal static class Text
{
    /// <summary>What Python's <c>str.isspace</c> takes for whitespace: four control characters more than .NET.</summary>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';

    public static string Trim(string text) => TrimStart(TrimEnd(text));

    public static string TrimStart(string text)
    {
        var start = 0;
        while (start < text.Length && IsSpace(text[start]))
            start++;
        return text[start..];
    }

    public static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
            end--;
        return text[..end];
    }

    /// <summary>Number of code points.</summary>
    public static int Length(string text)
    {
        var length = text.Length;
        for (var index = 1; index < text.Length; index++)
        {
            if (char.IsLowSurrogate(text[index]) && char.IsHighSurrogate(text[index - 1]))
                length--;
        }

        return length;
    }

    /// <summary>The code points, each as a text.</summary>
    public static IEnumerable<string> Characters(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
            {
                yield return text.Substring(index, 2);
                index++;
            }
            else
            {
                yield return text[index].ToString();
            }
        }
    }

    /// <summary>The lines without their ends, as Python's <c>str.splitlines</c>.</summary>
    public static List<string> SplitLines(string text, bool keepEnds = false)
    {
        var lines = new List<string>();
        var start = 0;
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029'))
                continue;
            var end = index;
            if (text[index] == '\r' && index + 1 < text.Length && text[index + 1] == '\n')
                index++;
            lines.Add(text[start..(keepEnds ? index + 1 : end)]);
            start = index + 1;
        }

        if (start < text.Length)
            lines.Add(text[start..]);
        return lines;
    }

    public static string TypeName(object? value) => value switch
    {
        null => "None",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string or Markup => "str",
        Dict => "dict",
        Sequence { Kind: SequenceKind.List } => "list",
        Sequence { Kind: SequenceKind.Tuple } => "tuple",
        Sequence { Kind: SequenceKind.Range } => "range",
        Sequence { Kind: SequenceKind.Keys } => "dict_keys",
        Sequence { Kind: SequenceKind.Values } => "dict_values",
        Sequence => "dict_items",
        Namespace => "namespace",
        Callable => "function",
        Undefined => "undefined",
        Generator => "generator",
        _ => "value",
    };

    /// <summary>A value as an output shows it (Python's <c>str</c>).</summary>
    public static string Show(object? value) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        Undefined => "",
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => Represent(value),
    };

    /// <summary>A value as it shows inside a list (Python's <c>repr</c>).</summary>
    public static string Represent(object? value)
    {
        if (value is string text)
            return Quote(text);
        var builder = new StringBuilder();
        Represent(value, builder);
        return builder.ToString();
    }

    private static void Represent(object? value, StringBuilder builder)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack() || builder.Length > RenderState.MaxTextLength)
            throw RenderState.TooDeep();
        switch (value)
        {
            case null:
                builder.Append("None");
                break;
            case bool flag:
                builder.Append(flag ? "True" : "False");
                break;
            case long or BigInteger:
                builder.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                builder.Append(ShowFloat(number));
                break;
            case string text:
                builder.Append(Quote(text));
                break;
            case Markup markup:
                builder.Append("Markup(").Append(Quote(markup.Text)).Append(')');
                break;
            case Undefined:
                builder.Append("Undefined");
                break;
            case Sequence sequence:
                RepresentSequence(sequence, builder);
                break;
            case Dict dict:
                RepresentDict(dict, builder);
                break;
            default:
                throw new TemplateException($"a {TypeName(value)} cannot be shown as text");
        }
    }

    private static void RepresentSequence(Sequence sequence, StringBuilder builder)
    {
        var items = sequence.Items;
        if (sequence.Kind == SequenceKind.Range)
        {
            throw new TemplateException("a range cannot be shown as text; turn it into a list");
        }

        var (open, close) = sequence.Kind switch
        {
            SequenceKind.List => ("[", "]"),
            SequenceKind.Tuple => ("(", items.Count == 1 ? ",)" : ")"),
            _ => (TypeName(sequence) + "([", "])"),
        };
        builder.Append(open);
        for (var index = 0; index < items.Count; index++)
        {
            if (index > 0)
                builder.Append(", ");
            Represent(items[index], builder);
        }

        builder.Append(close);
    }

    private static void RepresentDict(Dict dict, StringBuilder builder)
    {
        builder.Append('{');
        var isFirst = true;
        foreach (var (key, value) in dict.Entries)
        {
            if (!isFirst)
                builder.Append(", ");
            isFirst = false;
            Represent(key, builder);
            builder.Append(": ");
            Represent(value, builder);
        }

        builder.Append('}');
    }

    /// <summary>The shortest text that reads back as the number, in Python's form.</summary>
    public static string ShowFloat(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        if (number == 0)
            return double.IsNegative(number) ? "-0.0" : "0.0";
        // "E16" carries 17 digits; "R" carries just enough of them.
        var shortest = number.ToString("R", CultureInfo.InvariantCulture);
        var sign = shortest.StartsWith('-') ? "-" : "";
        var (mantissa, exponent) = shortest.TrimStart('-').Split('E') is [var left, var right]
            ? (left, int.Parse(right, CultureInfo.InvariantCulture))
            : (shortest.TrimStart('-'), 0);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa : mantissa[..point];
        var digits = whole + (point < 0 ? "" : mantissa[(point + 1)..]);
        var leading = digits.Length - digits.TrimStart('0').Length;
        // Value = 0.DIGITS × 10^scale.
        var scale = whole.Length + exponent - leading;
        digits = digits.Trim('0');
        if (scale is > -4 and <= 16)
        {
            if (scale <= 0)
                return sign + "0." + new string('0', -scale) + digits;
            return digits.Length <= scale
                ? sign + digits.PadRight(scale, '0') + ".0"
                : sign + digits[..scale] + "." + digits[scale..];
        }

        var power = scale - 1;
        return sign + digits[..1] + (digits.Length > 1 ? "." + digits[1..] : "") + "e" + (power < 0 ? "-" : "+") + Math.Abs(power).ToString("00", CultureInfo.InvariantCulture);
    }

    private static string Quote(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var builder = new StringBuilder(text.Length + 2).Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\\':
                    builder.Append("\\\\");
                    break;
                case '\n':
                    builder.Append("\\n");
                    break;
                case '\r':
                    builder.Append("\\r");
                    break;
                case '\t':
                    builder.Append("\\t");
                    break;
                default:
                    if (rune.Value == quote)
                        builder.Append('\\').Append(quote);
                    else if (IsPrintable(rune))
                        builder.Append(rune.ToString());
                    else
                        AppendCode(rune.Value, builder);
                    break;
            }
        }

        return builder.Append(quote).ToString();
    }

    private static void AppendCode(int value, StringBuilder builder) => _ = value switch
    {
        < 0x100 => builder.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}"),
        < 0x10000 => builder.Append(CultureInfo.InvariantCulture, $"\\u{value:x4}"),
        _ => builder.Append(CultureInfo.InvariantCulture, $"\\U{value:x8}"),
    };

    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    public static string Upper(string text) => text.ToUpperInvariant().Replace("ß", "SS", StringComparison.Ordinal);

    public static string Lower(string text) => text.Replace("İ", "i̇", StringComparison.Ordinal).ToLowerInvariant();

    public static string Escape(string text) => new StringBuilder(text)
        .Replace("&", "&amp;").Replace(">", "&gt;").Replace("<", "&lt;").Replace("'", "&#39;").Replace("\"", "&#34;").ToString();
}
