using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>
/// Calls with each argument in tags: <c>&lt;function=name&gt;&lt;parameter=key&gt;value&lt;/parameter&gt;&lt;/function&gt;</c> (Qwen3-Coder) and
/// <c>name&lt;arg_key&gt;key&lt;/arg_key&gt;&lt;arg_value&gt;value&lt;/arg_value&gt;</c> (GLM), within <c>&lt;tool_call&gt;</c>.
/// </summary>
internal sealed class XmlCallSyntax : CallSyntax
{
    private const string Opening = "<tool_call>";
    private const string Closing = "</tool_call>";

    /// <summary>What stands before the name; empty where it stands alone.</summary>
    public required string NameOpening { get; init; }

    public required string KeyOpening { get; init; }

    /// <summary>What stands between a key and its value.</summary>
    public required string KeyEnd { get; init; }

    public required string ValueOpening { get; init; }

    public required string ValueEnd { get; init; }

    /// <summary>What ends the arguments; empty where the call itself does.</summary>
    public required string BodyEnd { get; init; }

    /// <summary>Whether values stand on lines of their own.</summary>
    public required bool HasLines { get; init; }

    public override IReadOnlyList<string> Openings => NameOpening.Length > 0 ? [Opening, NameOpening] : [Opening];

    public override IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        var isWrapped = text.TrySkip(Opening) == true;
        var found = false;
        if (NameOpening.Length > 0)
        {
            foreach (var wait in Skip(text, NameOpening, () => found = true))
                yield return wait;
            output.Failed = !found;
        }

        if (output.Failed)
            yield break;
        while (!text.IsEnd && text.Rest.Length < MaxHead && NameLength(text) < 0)
            yield return true;
        if (NameLength(text) is var length && (length < 0 || output.Find(text.Rest[..length].Trim().ToString()) is null))
        {
            output.Failed = true;
            yield break;
        }

        var tool = output.Find(text.Take(length).Trim())!;
        if (NameOpening.Length > 0)
            text.Take(1);
        text.Release();
        output.Call(tool.Name);
        foreach (var wait in ReadArguments(text, output, tool))
            yield return wait;
        if (isWrapped)
        {
            foreach (var wait in Skip(text, Closing, () => { }))
                yield return wait;
        }
    }

    /// <summary>Length of the name that stands here; -1 where its end did not come.</summary>
    private int NameLength(Cursor text) => NameOpening.Length > 0
        ? text.Rest.IndexOf('>')
        : text.Rest.TrimStart() is var name && name.IndexOfAny('\n', '<') is var end and >= 0 ? text.Rest.Length - name.Length + end : -1;

    private static IEnumerable<bool> Skip(Cursor text, string what, Action tell)
    {
        while (true)
        {
            var blank = text.Rest.Length - text.Rest.TrimStart().Length;
            var rest = text.Rest[blank..];
            if (rest.StartsWith(what, StringComparison.Ordinal))
            {
                text.Take(blank + what.Length);
                tell();
                yield break;
            }

            if (text.IsEnd || !what.AsSpan().StartsWith(rest, StringComparison.Ordinal))
                yield break;
            yield return true;
        }
    }

    private IEnumerable<bool> ReadArguments(Cursor text, OutputWriter output, Tool tool)
    {
        var count = 0;
        while (true)
        {
            var found = false;
            foreach (var wait in Skip(text, KeyOpening, () => found = true))
                yield return wait;
            if (!found)
                break;
            string? key;
            while ((key = text.TryTakeUntil(KeyEnd)) is null && !text.IsEnd)
                yield return true;
            if (ValueOpening.Length > 0)
            {
                foreach (var wait in Skip(text, ValueOpening, () => { }))
                    yield return wait;
            }

            string? value;
            while ((value = text.TryTakeUntil(ValueEnd)) is null && !text.IsEnd)
                yield return true;
            // Cut off: what came so far is told, as a call that is cut off anywhere else.
            value ??= text.Take(text.Rest.Length);
            if (key is null)
                break;
            if (HasLines)
                value = WithoutLineEnds(value);
            output.Arguments($"{(count++ == 0 ? "{" : ", ")}{Quote(key.Trim())}: {ToJson(tool, key.Trim(), value)}");
        }

        output.Arguments(count == 0 ? "{}" : "}");
        if (BodyEnd.Length > 0)
        {
            foreach (var wait in Skip(text, BodyEnd, () => { }))
                yield return wait;
        }
    }

    private static string WithoutLineEnds(string value)
    {
        if (value.StartsWith('\n'))
            value = value[1..];
        return value.EndsWith('\n') ? value[..^1] : value;
    }

    public override string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel)
    {
        var blank = Blank(grammar);
        // Everything up to the tag that ends a value; a value cannot hold another closing tag.
        var free = grammar.AddRule("text", "([^<] | \"<\" [^/])*");
        var call = grammar.AddRule("call", OneOf(tools.Select(tool =>
            $"{GrammarBuilder.Literal(Opening + (HasLines ? "\n" : "") + NameOpening + tool.Name + (NameOpening.Length > 0 ? ">\n" : "\n"))} {ArgumentRules(grammar, tool.Tool, free)}"
            + $"{GrammarBuilder.Literal(BodyEnd + (HasLines ? "\n" : "") + Closing)}")));
        return isParallel ? $"{call} ({blank} {call})*" : call;
    }

    /// <summary>The required arguments in the order of the schema, then any others.</summary>
    private string ArgumentRules(GrammarBuilder grammar, Tool tool, string free)
    {
        if (tool.Parameters is not { ValueKind: JsonValueKind.Object } schema
            || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
            return "";
        var required = schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
            ? names.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!).ToHashSet(StringComparer.Ordinal)
            : [];
        var line = HasLines ? "\n" : "";
        var rules = properties.EnumerateObject().Select(property =>
        {
            var value = tool.TakesText(property.Name) || property.Value.ValueKind != JsonValueKind.Object ? free : grammar.AddSchema("value", property.Value);
            var before = GrammarBuilder.Literal(KeyOpening + property.Name + KeyEnd + (ValueOpening.Length > 0 ? "\n" : "") + ValueOpening + line);
            return (IsRequired: required.Contains(property.Name), Rule: grammar.AddRule("argument", $"{before} {value} {GrammarBuilder.Literal(line + ValueEnd + "\n")}"));
        }).ToList();
        var others = rules.Where(rule => !rule.IsRequired).Select(rule => rule.Rule).ToList();
        return string.Concat(rules.Where(rule => rule.IsRequired).Select(rule => rule.Rule + " ")) + (others.Count > 0 ? $"({OneOf(others)})* " : "");
    }
}
