using System.Globalization;
using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>A filter: makes a value of another.</summary>
internal delegate object? Filter(RenderState state, object? value, Arguments arguments);

/// <summary>Filters on texts, numbers and single values; those on lists are in <see cref="ListFilters"/>.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Filter> All = new(ListFilters.All, StringComparer.Ordinal)
    {
        ["tojson"] = ToJson,
        ["trim"] = (state, value, arguments) => TrimText(state, value, arguments),
        ["default"] = Default,
        ["d"] = Default,
        ["upper"] = (state, value, _) => OnText(state, value, Text.Upper),
        ["lower"] = (state, value, _) => OnText(state, value, Text.Lower),
        ["capitalize"] = (state, value, _) => OnText(state, value, TextMethods.Capitalize),
        ["title"] = (state, value, _) => OnText(state, value, Title),
        ["replace"] = ReplaceText,
        ["indent"] = Indent,
        ["string"] = (_, value, _) => value is Markup ? value : Text.Show(value),
        ["safe"] = (_, value, _) => value as Markup ?? new Markup(Text.Show(value)),
        ["escape"] = (_, value, _) => value as Markup ?? new Markup(Text.Escape(Text.Show(value))),
        ["e"] = (_, value, _) => value as Markup ?? new Markup(Text.Escape(Text.Show(value))),
        ["forceescape"] = (_, value, _) => new Markup(Text.Escape(Text.Show(value))),
        ["int"] = ToWhole,
        ["float"] = (_, value, arguments) => ToFloat(value) ?? arguments.Next("default", 0.0),
        ["abs"] = (_, value, _) => value switch
        {
            double number => (object)Math.Abs(number),
            _ => Operators.ToLong(value) < 0 ? Operators.Arithmetic("-", 0L, value) : Operators.ToLong(value),
        },
        ["round"] = Round,
        ["format"] = (state, value, arguments) => arguments.Named is null
            ? TextFormat.Percent(state, Text.Show(value), Sequence.Tuple([.. arguments.Positional]))
            : throw new TemplateException("'format' with names is not supported in templates"),
        ["attr"] = (_, value, arguments) => arguments.Next("name") is string name && value is not Dict
            ? Members.Attribute(value, name)
            : throw new TemplateException("'attr' is not supported on this value"),
        ["wordcount"] = (state, value, _) => OnText(state, value, text => text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).LongLength,
    };

    public static Filter Find(string name) =>
        All.TryGetValue(name, out var filter) ? filter : throw new TemplateException($"the filter '{name}' is not known");

    public static bool Exists(string name) => All.ContainsKey(name);

    private static string OnText(RenderState state, object? value, Func<string, string> change)
    {
        var text = Text.Show(value);
        state.ChargeText(text.Length);
        return change(text);
    }

    /// <summary>Jinja's own: words end at spaces, dashes and opening brackets, unlike those of <c>str.title</c>.</summary>
    private static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        var start = 0;
        for (var index = 0; index <= text.Length; index++)
        {
            if (index < text.Length && !(text[index] is '-' or '(' or '{' or '[' or '<' || Text.IsSpace(text[index])))
                continue;
            title.Append(TextMethods.Capitalize(text[start..index]));
            if (index < text.Length)
                title.Append(text[index]);
            start = index + 1;
        }

        return title.ToString();
    }

    private static object TrimText(RenderState state, object? value, Arguments arguments)
    {
        var text = OnText(state, value, text => text);
        var characters = Operators.AsText(arguments.Next("chars", null))?.ToCharArray();
        var trimmed = characters is null ? Text.Trim(text) : characters.Length == 0 ? text : text.Trim(characters);
        return value is Markup ? new Markup(trimmed) : trimmed;
    }

    private static object? Default(RenderState state, object? value, Arguments arguments)
    {
        var otherwise = arguments.Next("default_value", "");
        var alsoFalse = Operators.IsTrue(arguments.Next("boolean", false));
        return value is Undefined || (alsoFalse && !Operators.IsTrue(value)) ? otherwise : value;
    }

    private static string ReplaceText(RenderState state, object? value, Arguments arguments)
    {
        if (value is Markup)
            throw new TemplateException("'replace' is not supported on a text marked as safe");
        var old = Text.Show(arguments.Next("old"));
        var with = Text.Show(arguments.Next("new"));
        var most = arguments.Next("count", null);
        return TextMethods.Replace(state, Text.Show(value), old, with, most is null ? -1 : Operators.ToLong(most));
    }

    private static string Indent(RenderState state, object? value, Arguments arguments)
    {
        var width = arguments.Next("width", 4L);
        var indention = Operators.AsText(width) ?? Spaces(state, Operators.ToLong(width));
        var first = Operators.IsTrue(arguments.Next("first", false));
        var blank = Operators.IsTrue(arguments.Next("blank", false));
        // The end that Jinja adds makes a last, empty line count.
        var lines = Text.SplitLines(Text.Show(value) + "\n");
        state.ChargeText(Text.Show(value).Length + ((long)lines.Count * indention.Length));
        var text = new StringBuilder();
        for (var index = 0; index < lines.Count; index++)
        {
            if (index > 0)
                text.Append('\n');
            if (index == 0 ? first : blank || lines[index].Length > 0)
                text.Append(indention);
            text.Append(lines[index]);
        }

        return text.ToString();
    }

    private static string Spaces(RenderState state, long count)
    {
        state.ChargeText(count);
        return count > 0 ? new string(' ', (int)count) : "";
    }

    private static object? ToWhole(RenderState state, object? value, Arguments arguments)
    {
        var otherwise = arguments.Next("default", 0L);
        if (arguments.Next("base", 10L) is not 10L)
            throw new TemplateException("'int' in other bases than 10 is not supported in templates");
        if (value is double number)
            return double.IsFinite(number) && Math.Abs(number) < 9e18 ? (long)number : otherwise;
        if (Operators.IsNumber(value))
            return Operators.ToLong(value);
        if (Operators.AsText(value) is not { } text)
            return otherwise;
        if (long.TryParse(Text.Trim(text).Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole;
        return ToFloat(value) is { } read && double.IsFinite(read) && Math.Abs(read) < 9e18 ? (long)read : otherwise;
    }

    private static double? ToFloat(object? value) => value switch
    {
        double number => number,
        _ when Operators.IsNumber(value) => Operators.ToDouble(value!),
        string text when double.TryParse(Text.Trim(text), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    private static object? Round(RenderState state, object? value, Arguments arguments)
    {
        var precision = (int)Math.Clamp(Operators.ToLong(arguments.Next("precision", 0L)), -15, 15);
        var method = arguments.Next("method", "common") as string;
        if (value is long && method == "common")
            return precision >= 0 ? value : throw new TemplateException("'round' before the point is not supported in templates");
        if (!Operators.IsNumber(value))
            throw new TemplateException($"'round' needs a number, not a {Text.TypeName(value)}");
        var number = Operators.ToDouble(value!);
        if (precision < 0)
            throw new TemplateException("'round' before the point is not supported in templates");
        var scale = Math.Pow(10, precision);
        return method switch
        {
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => Math.Round(number, precision, MidpointRounding.ToEven),
        };
    }

    private static string ToJson(RenderState state, object? value, Arguments arguments)
    {
        var ascii = Operators.IsTrue(arguments.Next("ensure_ascii", false));
        var indent = arguments.Next("indent", null);
        var separators = arguments.Next("separators", null) as Sequence;
        var sort = Operators.IsTrue(arguments.Next("sort_keys", false));
        arguments.End("tojson");
        if (separators is not null and not { Items: [string, string] })
            throw new TemplateException("the separators of 'tojson' must be two texts");
        var indention = indent is null ? null : Operators.AsText(indent) ?? Spaces(state, Math.Min(Operators.ToLong(indent), 100));
        return new JsonText(state)
        {
            EscapesNonAscii = ascii,
            SortsKeys = sort,
            Indent = indention,
            ItemSeparator = separators?.Items[0] as string ?? (indention is null ? ", " : ","),
            KeySeparator = separators?.Items[1] as string ?? ": ",
        }.Write(value);
    }
}
