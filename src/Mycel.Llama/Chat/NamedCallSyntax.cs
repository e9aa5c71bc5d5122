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

    public override IReadOnlyList<string> Openings => SectionOpening.Length > 0 ? [SectionOpening, CallOpening] : [CallOpening];

    public override IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        if (SectionOpening.Length > 0)
            _ = text.TrySkip(SectionOpening);
        while (true)
        {
            var isThere = false;
            foreach (var wait in Skip(text, CallOpening, found => isThere = found))
                yield return wait;
            if (!isThere)
                break;
            foreach (var wait in ReadOne(text, output))
                yield return wait;
            if (output.Failed)
                yield break;
            foreach (var wait in Skip(text, CallClosing.Trim(), _ => { }))
                yield return wait;
            text.Mark();
        }

        foreach (var wait in Skip(text, SectionClosing, _ => { }))
            yield return wait;
        text.Release();
    }

    /// <summary>Goes past a text and the blank space before it, if it stands here.</summary>
    private static IEnumerable<bool> Skip(Cursor text, string what, Action<bool> tell)
    {
        while (what.Length > 0)
        {
            var blank = text.Rest.Length - text.Rest.TrimStart().Length;
            var rest = text.Rest[blank..];
            if (rest.StartsWith(what, StringComparison.Ordinal))
            {
                text.Take(blank + what.Length);
                tell(true);
                yield break;
            }

            if (text.IsEnd || !what.AsSpan().StartsWith(rest, StringComparison.Ordinal))
                yield break;
            yield return true;
        }
    }

    private IEnumerable<bool> ReadOne(Cursor text, OutputWriter output)
    {
        var end = -1;
        while ((end = text.Rest[..Math.Min(text.Rest.Length, MaxHead)].IndexOf(NameEnd, StringComparison.Ordinal)) < 0)
        {
            if (text.IsEnd || text.Rest.Length >= MaxHead)
            {
                output.Failed = true;
                yield break;
            }

            yield return true;
        }

        var name = text.Take(end).Trim();
        text.Take(NameEnd.Length);
        if (name.StartsWith(NamePrefix, StringComparison.Ordinal))
            name = name[NamePrefix.Length..];
        if (NameSuffix.Length > 0 && name.IndexOf(NameSuffix, StringComparison.Ordinal) is var suffix and >= 0)
            name = name[..suffix];
        while (true)
        {
            text.SkipSpace();
            if (!text.Rest.IsEmpty || text.IsEnd)
                break;
            yield return true;
        }

        if (output.Find(name) is not { } tool || !text.Rest.StartsWith("{"))
        {
            output.Failed = true;
            yield break;
        }

        text.Release();
        output.Call(tool.Name);
        foreach (var wait in StreamObject(text, output))
            yield return wait;
    }

    public override string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel)
    {
        var blank = Blank(grammar);
        var number = NameSuffix == ":" ? " \":\" [0-9]{1,3}" : "";
        var call = grammar.AddRule("call", OneOf(tools.Select(tool =>
            $"{GrammarBuilder.Literal(CallOpening + NamePrefix + tool.Name)}{number} {GrammarBuilder.Literal(NameEnd)} {tool.Arguments}"
            + (CallClosing.Length > 0 ? " " + GrammarBuilder.Literal(CallClosing) : ""))));
        var calls = isParallel ? $"{call} ({blank} {call})*" : call;
        return SectionOpening.Length == 0 ? calls : $"{GrammarBuilder.Literal(SectionOpening)} {blank} {calls} {blank} {GrammarBuilder.Literal(SectionClosing)}";
    }
}
