using System.Globalization;
using System.Text;

namespace Mycel.Llama.Grammar;

/// <summary>Rules that all JSON texts share.</summary>
internal static class JsonRules
{
    /// <summary>Digits a number may have before its point: more would not be told apart by most programs.</summary>
    public const int MaxDigits = 16;

    /// <summary>One space, or a new line with a bounded indentation: a model cannot go on with blanks for ever.</summary>
    public static string Space(GrammarBuilder builder) => builder.Shared("ws", () => "(\" \" | \"\\n\" [ \\t]{0,20})?");

    /// <summary>One character of a string, be it escaped. Halves of surrogate pairs only come in pairs.</summary>
    public static string Character(GrammarBuilder builder) => builder.Shared("char", () =>
        "[^\"\\\\\\x00-\\x1F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" ([0-9abcefABCEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2} | [dD] [89abAB] [0-9a-fA-F]{2} \"\\\\u\" [dD] [c-fC-F] [0-9a-fA-F]{2}))");

    public static string String(GrammarBuilder builder) => builder.Shared("string", () => $"\"\\\"\" {Character(builder)}* \"\\\"\"");

    public static string Integer(GrammarBuilder builder) => builder.Shared("integer", () => $"\"0\" | \"-\"? [1-9] [0-9]{{0,{MaxDigits - 1}}}");

    /// <summary>Exponents are kept so small that every number is finite.</summary>
    public static string Number(GrammarBuilder builder) => builder.Shared("number", () =>
        $"\"-\"? (\"0\" | [1-9] [0-9]{{0,{MaxDigits - 1}}}) (\".\" [0-9]{{1,{MaxDigits}}})? ([eE] [+-]? [0-9]{{1,2}})?");

    public static string Boolean(GrammarBuilder builder) => builder.Shared("boolean", () => "\"true\" | \"false\"");

    public static string Null(GrammarBuilder builder) => builder.Shared("null", () => "\"null\"");

    public static string Any(GrammarBuilder builder) => builder.Shared("any", () =>
        $"{String(builder)} | {Number(builder)} | {AnyObject(builder)} | {AnyArray(builder)} | {Boolean(builder)} | {Null(builder)}");

    public static string AnyObject(GrammarBuilder builder) => builder.Shared("any-object", () => Map(builder, String(builder), Any(builder), 0, null));

    public static string AnyArray(GrammarBuilder builder) => builder.Shared("any-array", () => List(builder, Any(builder), 0, null));

    /// <summary>An object of members of one kind.</summary>
    public static string Map(GrammarBuilder builder, string key, string value, int min, int? max)
    {
        string ws = Space(builder);
        return Sequence(builder, "{", builder.AddRule("member", $"{key} \":\" {ws} {value}"), "}", min, max);
    }

    /// <summary>An array of items of one kind.</summary>
    public static string List(GrammarBuilder builder, string item, int min, int? max) => Sequence(builder, "[", item, "]", min, max);

    private static string Sequence(GrammarBuilder builder, string open, string item, string close, int min, int? max)
    {
        string ws = Space(builder);
        if (max == 0)
            return $"\"{open}\" {ws} \"{close}\"";
        string following = builder.Repeat(builder.AddRule("next", $"\",\" {ws} {item}"), Math.Max(0, min - 1), max - 1);
        string content = $"{item} {following} {ws}".Replace("  ", " ", StringComparison.Ordinal);
        return min > 0 ? $"\"{open}\" {ws} {content} \"{close}\"" : $"\"{open}\" {ws} ({content})? \"{close}\"";
    }

    /// <summary>A text as JSON, with no more escapes than needed: that is how models write it.</summary>
    public static string Text(string text)
    {
        StringBuilder json = new("\"");
        foreach (char c in text)
            _ = c switch
            {
                '"' or '\\' => json.Append('\\').Append(c),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                < ' ' => json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => json.Append(c),
            };
        return json.Append('"').ToString();
    }
}
