using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>
/// Reads gpt-oss's channels: <c>&lt;|channel|&gt;analysis&lt;|message|&gt;…&lt;|end|&gt;</c> is reasoning, <c>final</c> and
/// <c>commentary</c> are content, and a header with <c>to=functions.NAME</c> is a call.
/// </summary>
internal static class ChannelReader
{
    /// <summary>What shows that a call has begun.</summary>
    public const string Trigger = "to=functions.";

    private const int MaxHeader = 512;
    private const string Body = "<|message|>";
    private static readonly MarkSet Ends = new(["<|end|>", "<|start|>", "<|return|>", "<|call|>", "<|channel|>"]);
    private static readonly MarkSet Headers = new(["<|channel|>", "<|start|>", " to="]);

    public static IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        while (!text.IsEnd || !text.Rest.IsEmpty)
        {
            while (text.Rest.IsEmpty ? !text.IsEnd : Headers.At(text.Rest, text.IsEnd).IsCut)
                yield return true;
            var header = "";
            if (Headers.At(text.Rest, isEnd: true).Mark is not null)
            {
                int end;
                while ((end = text.Rest.IndexOf(Body, StringComparison.Ordinal)) < 0 && !text.IsEnd && text.Rest.Length < MaxHeader)
                    yield return true;
                if (end is < 0 or > MaxHeader)
                {
                    // A header that never ends is told as it stands.
                    output.Text(text.Take(Math.Min(text.Rest.Length, MaxHeader)), isReasoning: false);
                    continue;
                }

                header = text.Take(end);
                text.Skip(Body.Length);
            }

            foreach (var wait in ReadBody(text, output, header))
                yield return wait;
        }
    }

    private static IEnumerable<bool> ReadBody(Cursor text, OutputWriter output, string header)
    {
        output.DropBlank();
        var isCall = false;
        if (FindTool(header, output) is { } tool)
        {
            foreach (var wait in CallSyntax.SkipSpace(text))
                yield return wait;
            isCall = text.Rest.StartsWith("{");
            if (isCall)
            {
                output.Call(tool.Name);
                foreach (var wait in CallSyntax.StreamObject(text, output))
                    yield return wait;
            }
        }

        var isReasoning = header.Contains("<|channel|>analysis", StringComparison.Ordinal);
        while (true)
        {
            var (mark, plain) = text.Find(Ends);
            if (plain > 0)
            {
                var part = text.Take(plain);
                if (!isCall)
                    output.Text(part, isReasoning);
            }

            if (mark is not null)
            {
                if (mark is "<|end|>" or "<|return|>" or "<|call|>")
                    text.Skip(mark.Length);
                output.DropBlank();
                yield break;
            }

            if (text.IsEnd)
                yield break;
            yield return true;
        }
    }

    private static Tool? FindTool(string header, OutputWriter output)
    {
        var start = header.IndexOf(Trigger, StringComparison.Ordinal);
        if (start < 0)
            return null;
        var name = header.AsSpan(start + Trigger.Length);
        var end = name.IndexOfAny(' ', '<');
        return output.Find(end < 0 ? name : name[..end]);
    }

    /// <summary>Body of a rule for a call, from <see cref="Trigger"/> on.</summary>
    public static string Call(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools)
    {
        // The recipient may stand before the channel or behind it.
        var head = grammar.AddRule("head", "(\" \"? \"<|channel|>\" (\"commentary\" | \"analysis\"))? (\" \"? \"<|constrain|>\"? \"json\")? \"<|message|>\"");
        return string.Join(" | ", tools.Select(tool => $"{GrammarBuilder.Literal(Trigger + tool.Name)} {head} {tool.Arguments}"));
    }

    /// <summary>Body of a rule for an answer of calls: before the recipient may come the channel.</summary>
    public static string Required(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools) =>
        $"{Thought(grammar)} (\"<|channel|>commentary \" | \" \") {grammar.AddRule("calls", Call(grammar, tools))}";

    /// <summary>Body of a rule for an answer with a certain content.</summary>
    public static string Final(GrammarBuilder grammar, string rule) => $"{Thought(grammar)} \"<|channel|>final\" (\" \"? \"<|constrain|>json\")? \"<|message|>\" {rule}";

    private static string Thought(GrammarBuilder grammar) =>
        $"(\"<|channel|>analysis<|message|>\" {TextRules.Until(grammar, "<|end|>")} \"<|start|>assistant\")?";
}
