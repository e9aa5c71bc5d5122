using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>
/// Calls with the name in plain text before the arguments as JSON: <c>[TOOL_CALLS]name[ARGS]{…}</c> (newer Mistral),
/// <c>&lt;function=name&gt;{…}&lt;/function&gt;</c> and <c>&gt;&gt;&gt;name\n{…}</c> (Functionary), and the sections of DeepSeek and Kimi.
/// </summary>
internal sealed class NamedCallSyntax : CallSyntax
{
    /// <summary>The mark before all calls; empty where there is none.</summary>
    public string SectionOpening { get; init; } = "";

    public string SectionClosing { get; init; } = "";

    public required string CallOpening { get; init; }

    /// <summary>What stands before the name, beside the opening.</summary>
    public string NamePrefix { get; init; } = "";

    /// <summary>What ends the name.</summary>
    public required string NameEnd { get; init; }

    /// <summary>From this text on the name is something else, such as a number; empty for nothing.</summary>
    public string NameSuffix { get; init; } = "";

    /// <summary>What stands after the arguments; empty for nothing.</summary>
    public string CallClosing { get; init; } = "";

    /// <summary>Whether prompts end with the opening, so that the first call begins with its name.</summary>
    public bool IsOpenedByPrompt { get; init; }

    public override IReadOnlyList<string> Openings => SectionOpening.Length > 0 ? [SectionOpening, CallOpening] : [CallOpening];

    public override IReadOnlyList<string> Triggers(IReadOnlyList<ToolRule> tools) =>
        IsOpenedByPrompt ? [.. tools.Select(tool => $"{tool.Name}{NameEnd}{{")] : base.Triggers(tools);

    public override IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        foreach (var wait in Skip(text, SectionOpening, output))
            yield return wait;
        for (var count = 0; ; count++)
        {
            foreach (var wait in Skip(text, CallOpening, output))
                yield return wait;
            output.Failed = !output.Found && count == 0;
            if (!output.Found)
                break;
            foreach (var wait in ReadOne(text, output))
                yield return wait;
            if (output.Failed)
                yield break;
            foreach (var wait in SkipClosing(text, CallClosing.Trim(), output))
                yield return wait;
            text.Mark();
        }

        if (output.Failed)
            yield break;
        foreach (var wait in SkipClosing(text, SectionClosing, output))
            yield return wait;
        text.Release();
    }

    private IEnumerable<bool> ReadOne(Cursor text, OutputWriter output)
    {
        int end;
        while ((end = text.Rest.IndexOf(NameEnd, StringComparison.Ordinal)) < 0 && !text.IsEnd && text.Rest.Length < MaxHead && MayName(text, output))
            yield return true;
        if (end is < 0 or > MaxHead)
        {
            output.Failed = true;
            yield break;
        }

        var tool = output.Find(Name(text.Rest[..end]));
        text.Skip(end + NameEnd.Length);
        foreach (var wait in SkipSpace(text))
            yield return wait;
        if (tool is null || !text.Rest.StartsWith("{"))
        {
            output.Failed = true;
            yield break;
        }

        text.Release();
        output.Call(tool.Name);
        foreach (var wait in StreamObject(text, output))
            yield return wait;
    }

    private ReadOnlySpan<char> Name(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text.StartsWith(NamePrefix, StringComparison.Ordinal))
            text = text[NamePrefix.Length..];
        var suffix = NameSuffix.Length == 0 ? -1 : text.IndexOf(NameSuffix, StringComparison.Ordinal);
        return suffix < 0 ? text : text[..suffix];
    }

    private bool MayName(Cursor text, OutputWriter output)
    {
        var rest = text.Rest.TrimStart();
        return NamePrefix.AsSpan().StartsWith(rest, StringComparison.Ordinal) || output.MayName(Name(rest));
    }

    public override string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel, bool isOpen)
    {
        var blank = Blank(grammar);
        // Kimi numbers its calls.
        var number = NameSuffix == ":" ? " \":\" [0-9]{1,3}" : "";
        var body = grammar.AddRule("named-call", OneOf(tools.Select(tool =>
            $"{GrammarBuilder.Literal(NamePrefix + tool.Name)}{number} {GrammarBuilder.Literal(NameEnd)} {tool.Arguments}"
            + (CallClosing.Length > 0 ? " " + GrammarBuilder.Literal(CallClosing) : ""))));
        var call = $"{GrammarBuilder.Literal(CallOpening)} {body}";
        var calls = (isOpen && IsOpenedByPrompt ? body : call) + (isParallel ? $" ({blank} {call})*" : "");
        return SectionOpening.Length == 0 ? calls : $"{GrammarBuilder.Literal(SectionOpening)} {blank} {calls} {blank} {GrammarBuilder.Literal(SectionClosing)}";
    }
}
