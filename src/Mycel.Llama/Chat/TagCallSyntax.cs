using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>
/// Calls with each argument in tags: <c>&lt;function=name&gt;&lt;parameter=key&gt;value&lt;/parameter&gt;&lt;/function&gt;</c> (Qwen3-Coder),
/// <c>name&lt;arg_key&gt;key&lt;/arg_key&gt;&lt;arg_value&gt;value&lt;/arg_value&gt;</c> (GLM),
/// <c>&lt;invoke name="…"&gt;&lt;parameter name="…"&gt;value&lt;/parameter&gt;&lt;/invoke&gt;</c> (MiniMax, DeepSeek from 3.2 on), and their like.
/// </summary>
internal sealed class TagCallSyntax : CallSyntax
{
    /// <summary>The mark before all calls; empty where there is none.</summary>
    public string SectionOpening { get; init; } = "";

    public string SectionClosing { get; init; } = "";

    /// <summary>The mark before each call; empty where its name's tag is all there is.</summary>
    public string CallOpening { get; init; } = "";

    public string CallClosing { get; init; } = "";

    /// <summary>What stands before the name; empty where the call's mark is all there is.</summary>
    public string NameOpening { get; init; } = "";

    /// <summary>What ends the name; empty where the end of the line or the next tag does.</summary>
    public string NameEnd { get; init; } = "";

    public required string KeyOpening { get; init; }

    /// <summary>What ends the key; where it begins with a quotation mark, the tag may have more attributes.</summary>
    public required string KeyEnd { get; init; }

    /// <summary>What ends the key of an argument that is no text, where that differs.</summary>
    public string? OtherKeyEnd { get; init; }

    public string ValueOpening { get; init; } = "";

    public required string ValueEnd { get; init; }

    /// <summary>What ends the arguments; empty where the call's closing does.</summary>
    public string BodyEnd { get; init; } = "";

    /// <summary>Whether values stand on lines of their own.</summary>
    public bool HasLines { get; init; }

    public override IReadOnlyList<string> Openings => [.. new[] { SectionOpening, CallOpening, NameOpening }.Where(opening => opening.Length > 0)];

    public override IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        foreach (var wait in Skip(text, SectionOpening, output))
            yield return wait;
        var hasSection = output.Found;
        var count = 0;
        do
        {
            foreach (var wait in Skip(text, CallOpening, output))
                yield return wait;
            var hasOpening = output.Found;
            if (NameOpening.Length > 0)
            {
                foreach (var wait in Skip(text, NameOpening, output))
                    yield return wait;
            }

            output.Failed = !output.Found && count == 0;
            if (!output.Found)
                break;
            foreach (var wait in ReadOne(text, output))
                yield return wait;
            if (output.Failed)
                yield break;
            if (hasOpening)
            {
                foreach (var wait in SkipClosing(text, CallClosing, output))
                    yield return wait;
            }

            text.Mark();
            count++;
        }
        while (hasSection);

        if (hasSection && !output.Failed)
        {
            foreach (var wait in SkipClosing(text, SectionClosing, output))
                yield return wait;
        }

        if (!output.Failed)
            text.Release();
    }

    private IEnumerable<bool> ReadOne(Cursor text, OutputWriter output)
    {
        foreach (var wait in SkipSpace(text))
            yield return wait;
        int end;
        while ((end = FindNameEnd(text.Rest)) < 0 && !text.IsEnd && output.MayName(text.Rest))
            yield return true;
        if ((end < 0 ? null : output.Find(text.Rest[..end].TrimEnd())) is not { } tool)
        {
            output.Failed = true;
            yield break;
        }

        text.Skip(end);
        foreach (var wait in Skip(text, NameEnd, output))
            yield return wait;
        text.Release();
        output.Call(tool.Name);
        foreach (var wait in new TagArguments(this, tool, text, output).Read())
            yield return wait;
        foreach (var wait in SkipClosing(text, BodyEnd, output))
            yield return wait;
    }

    private int FindNameEnd(ReadOnlySpan<char> text) => NameEnd.Length > 0 ? text.IndexOf(NameEnd, StringComparison.Ordinal) : text.IndexOfAny('\n', '<');

    public override string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel, bool isOpen)
    {
        var line = grammar.Shared("line", () => "\"\\n\"?");
        var call = grammar.AddRule("tag-call", OneOf(tools.Select(tool =>
        {
            var opening = CallOpening.Length > 0 && NameOpening.Length > 0 ? $"{Literal(CallOpening)} {line} {Literal(NameOpening)}" : Literal(CallOpening + NameOpening);
            var arguments = string.Concat(ArgumentRules(grammar, tool.Tool, line));
            var closing = BodyEnd.Length > 0 && CallClosing.Length > 0 ? $"{Literal(BodyEnd)} {line} {Literal(CallClosing)}" : Literal(BodyEnd + CallClosing);
            return $"{opening} {Literal(tool.Name + NameEnd)} {line} {arguments}{closing}";
        })));
        var calls = isParallel ? $"{call} ({line} {call})*" : call;
        return SectionOpening.Length == 0 ? calls : $"{Literal(SectionOpening)} {line} {calls} {line} {Literal(SectionClosing)}";
    }

    private static string Literal(string text) => GrammarBuilder.Literal(text);

    /// <summary>The required arguments in the order of the schema, then any others.</summary>
    private string ArgumentRules(GrammarBuilder grammar, Tool tool, string line)
    {
        if (tool.Parameters is not { ValueKind: JsonValueKind.Object } schema
            || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
            return "";
        var required = schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
            ? names.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!).ToHashSet(StringComparer.Ordinal)
            : [];
        var rules = properties.EnumerateObject()
            .Select(property => (IsRequired: required.Contains(property.Name), Rule: grammar.AddRule("argument", ArgumentRule(grammar, tool, property, line)))).ToList();
        var others = rules.Where(rule => !rule.IsRequired).Select(rule => rule.Rule).ToList();
        return string.Concat(rules.Where(rule => rule.IsRequired).Select(rule => rule.Rule + " ")) + (others.Count > 0 ? $"({OneOf(others)}){{0,{others.Count}}} " : "");
    }

    private string ArgumentRule(GrammarBuilder grammar, Tool tool, JsonProperty property, string line)
    {
        var isText = tool.TakesText(property.Name);
        var opening = Literal(KeyOpening + property.Name + (isText ? KeyEnd : OtherKeyEnd ?? KeyEnd));
        if (ValueOpening.Length > 0)
            opening += $" {line} {Literal(ValueOpening)}";
        if (HasLines)
            opening += " \"\\n\"";
        if (!isText)
            return $"{opening} {ValueRule(grammar, property.Value)} {line} {Literal(ValueEnd)} {line}";
        var ending = (HasLines ? "\n" : "") + ValueEnd;
        var value = property.Value.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array
            ? $"({OneOf(values.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => Literal(item.GetString()!)))}) {Literal(ending)}"
            : TextRules.Until(grammar, ending);
        return $"{opening} {value} {line}";
    }

    private static string ValueRule(GrammarBuilder grammar, JsonElement schema)
    {
        try
        {
            // Tried aside: half of a schema must not stay in the grammar. What refers to other parts of the tool's schema is found wrong here.
            _ = JsonSchemaGrammar.FromSchema(schema);
            return grammar.AddSchema("value", schema);
        }
        catch (GrammarException)
        {
            return JsonRules.Any(grammar);
        }
    }
}
