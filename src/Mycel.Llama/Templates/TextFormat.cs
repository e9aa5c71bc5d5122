using System.Globalization;
using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>Python's two ways of putting values into a text: <c>'%s' % x</c> and <c>'{}'.format(x)</c>.</summary>
internal static class TextFormat
{
    /// <summary>Widest field.</summary>
    private const int MaxWidth = 1000;

    public static string Percent(RenderState state, string format, object? values)
    {
        var items = values is Sequence { Kind: SequenceKind.Tuple } tuple ? tuple.Items : [values];
        var result = new StringBuilder();
        var next = 0;
        for (var index = 0; index < format.Length; index++)
        {
            if (format[index] != '%')
            {
                result.Append(format[index]);
                continue;
            }

            var end = index + 1;
            while (end < format.Length && format[end] is '-' or '+' or ' ' or '0' or '.' or (>= '0' and <= '9'))
                end++;
            if (end == format.Length)
                throw new TemplateException("a format ends within a field");
            if (format[end] == '(')
                throw new TemplateException("fields with names in '%' formats are not supported in templates");
            if (format[end] == '%')
            {
                result.Append('%');
            }
            else
            {
                if (next == items.Count)
                    throw new TemplateException("there are fewer values than fields in a format");
                result.Append(PercentField(format[(index + 1)..end], format[end], items[next++]));
            }

            state.ChargeText(result.Length);
            index = end;
        }

        if (next < items.Count && values is not Dict)
            throw new TemplateException("there are more values than fields in a format");
        return result.ToString();
    }

    private static string PercentField(string options, char kind, object? value)
    {
        var flags = options.Length - options.TrimStart('-', '+', ' ', '0').Length;
        var parts = options[flags..].Split('.');
        var width = parts[0].Length == 0 ? 0 : ReadNumber(parts[0]);
        int? precision = parts.Length < 2 ? null : parts[1].Length == 0 ? 0 : ReadNumber(parts[1]);
        var text = kind switch
        {
            's' => Cut(Text.Show(value), precision),
            'r' => Cut(Text.Represent(value), precision),
            'd' or 'i' or 'u' => (value is double number ? (long)number : Operators.ToLong(value)).ToString(CultureInfo.InvariantCulture),
            'x' => Operators.ToLong(value).ToString("x", CultureInfo.InvariantCulture),
            'f' or 'F' => Fixed(Number(value), precision ?? 6),
            _ => throw new TemplateException($"the field '%{kind}' is not supported in templates"),
        };
        var isNumber = kind is not ('s' or 'r');
        var flagText = options[..flags];
        if (isNumber && !text.StartsWith('-'))
            text = (flagText.Contains('+', StringComparison.Ordinal) ? "+" : flagText.Contains(' ', StringComparison.Ordinal) ? " " : "") + text;
        return flagText.Contains('-', StringComparison.Ordinal) ? text.PadRight(width)
            : isNumber && flagText.Contains('0', StringComparison.Ordinal) ? PadZeros(text, width)
            : text.PadLeft(width);
    }

    private static string PadZeros(string text, int width)
    {
        var sign = text.Length > 0 && text[0] is '-' or '+' or ' ' ? text[..1] : "";
        return sign + text[sign.Length..].PadLeft(width - sign.Length, '0');
    }

    private static string Cut(string text, int? length) =>
        length is { } most && Text.Length(text) > most ? string.Concat(Text.Characters(text).Take(most)) : text;

    private static int ReadNumber(string digits) =>
        int.TryParse(digits, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= MaxWidth
            ? number
            : throw new TemplateException($"the width or precision '{digits}' of a format is wrong");

    private static double Number(object? value) => Operators.IsNumber(value)
        ? Operators.ToDouble(value!)
        : throw ((value as Undefined)?.Error() ?? new TemplateException($"a number is needed in a format, not a {Text.TypeName(value)}"));

    private static string Fixed(double number, int precision) =>
        double.IsFinite(number) ? number.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : Text.ShowFloat(number);

    public static string Format(RenderState state, string format, Arguments arguments)
    {
        var result = new StringBuilder();
        var next = 0;
        for (var index = 0; index < format.Length; index++)
        {
            var current = format[index];
            if (current is '{' or '}' && index + 1 < format.Length && format[index + 1] == current)
            {
                result.Append(current);
                index++;
            }
            else if (current == '}')
            {
                throw new TemplateException("a format has a '}' without its '{'");
            }
            else if (current == '{')
            {
                var end = format.IndexOf('}', index);
                if (end < 0)
                    throw new TemplateException("a format has a '{' without its '}'");
                result.Append(Field(format[(index + 1)..end], arguments, ref next));
                index = end;
            }
            else
            {
                result.Append(current);
            }

            if ((index & 255) == 0)
                state.ChargeText(result.Length);
        }

        state.ChargeText(result.Length);
        return result.ToString();
    }

    private static string Field(string field, Arguments arguments, ref int next)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        var (name, options) = colon < 0 ? (field, "") : (field[..colon], field[(colon + 1)..]);
        var bang = name.IndexOf('!', StringComparison.Ordinal);
        var conversion = bang < 0 ? "" : name[(bang + 1)..];
        name = bang < 0 ? name : name[..bang];
        object? value;
        if (name.Length == 0 || name.All(char.IsAsciiDigit))
        {
            var place = name.Length == 0 ? next++ : ReadNumber(name);
            if (place >= arguments.Positional.Count)
                throw new TemplateException("there are fewer values than fields in a format");
            value = arguments.Positional[place];
        }
        else if (arguments.Named is null || !arguments.Named.TryGetValue(name, out value))
        {
            throw new TemplateException($"the field '{name}' of a format is not among its values");
        }

        value = conversion switch
        {
            "" => value,
            "s" => Text.Show(value),
            "r" => Text.Represent(value),
            _ => throw new TemplateException($"the conversion '!{conversion}' is not supported in templates"),
        };
        return options.Length == 0 ? Text.Show(value) : WithOptions(value, options);
    }

    /// <summary>Python's format options, less those that no template was seen to use: <c>[[fill]align][sign][0][width][,][.precision][d|f|s|x|%]</c>.</summary>
    private static string WithOptions(object? value, string options)
    {
        var (fill, align, rest) = (' ', '\0', options);
        if (rest.Length > 1 && rest[1] is '<' or '>' or '^')
            (fill, align, rest) = (rest[0], rest[1], rest[2..]);
        else if (rest[0] is '<' or '>' or '^')
            (align, rest) = (rest[0], rest[1..]);
        var sign = rest.StartsWith('+');
        rest = sign ? rest[1..] : rest;
        var zeros = rest.StartsWith('0');
        var digits = new string([.. rest.TakeWhile(char.IsAsciiDigit)]);
        rest = rest[digits.Length..];
        var groups = rest.StartsWith(',');
        rest = groups ? rest[1..] : rest;
        int? precision = null;
        if (rest.StartsWith('.'))
        {
            var shown = new string([.. rest.Skip(1).TakeWhile(char.IsAsciiDigit)]);
            precision = ReadNumber(shown);
            rest = rest[(shown.Length + 1)..];
        }

        var isNumber = Operators.IsNumber(value) && value is not bool;
        var text = Convert(value, rest, precision, groups);
        if (sign && !text.StartsWith('-'))
            text = "+" + text;
        var width = digits.Length == 0 ? 0 : ReadNumber(digits);
        return align switch
        {
            '<' => text.PadRight(width, fill),
            '^' => text.PadLeft(text.Length + (Math.Max(0, width - text.Length) / 2), fill).PadRight(width, fill),
            '>' => text.PadLeft(width, fill),
            _ => zeros && isNumber ? PadZeros(text, width) : isNumber ? text.PadLeft(width) : text.PadRight(width),
        };
    }

    private static string Convert(object? value, string kind, int? precision, bool groups)
    {
        var grouped = groups ? "N" : "F";
        return (kind, value) switch
        {
            ("" or "d", long number) when precision is null => groups ? number.ToString("N0", CultureInfo.InvariantCulture) : number.ToString(CultureInfo.InvariantCulture),
            ("x", long number) when precision is null && !groups => number.ToString("x", CultureInfo.InvariantCulture),
            ("f", _) => Number(value).ToString(grouped + (precision ?? 6).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
            ("%", _) when !groups => Fixed(Number(value) * 100, precision ?? 6) + "%",
            ("" or "s", string text) when !groups => Cut(text, precision),
            _ => throw new TemplateException($"a format of a {Text.TypeName(value)} is not supported in templates"),
        };
    }
}
