using System.Text.Json;
using System.Text.RegularExpressions;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>
/// For models whose template knows no tools: a grammar makes each answer <c>{"tool_calls": […]}</c> or <c>{"response": "…"}</c>, and a
/// system message tells the model so.
/// </summary>
internal sealed partial class WrappedCallSyntax : CallSyntax
{
    private static readonly JsonCallSyntax List = new() { Opening = "", IsList = true };

    public override IReadOnlyList<string> Openings => [];

    public override bool MayBeBare => true;

    public override bool IsWholeAnswer => true;

    /// <summary>What the model is told.</summary>
    public static string Describe(JsonElement tools, bool mustCall) =>
        "You have tools. Each is described in JSON:\n" + string.Join('\n', tools.EnumerateArray().Select(tool => tool.GetRawText()))
        + "\n\nTo use tools, answer with JSON of this form: {\"tool_calls\": [{\"name\": \"the tool's name\", \"arguments\": {…}}]}\n"
        + (mustCall ? "You must use a tool now." : "To answer without a tool, use this form: {\"response\": \"your answer\"}");

    public override IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        Match head;
        while (!(head = Head().Match(text.Rest[..Math.Min(text.Rest.Length, MaxHead)].ToString())).Success)
        {
            if (text.IsEnd || text.Rest.Length >= MaxHead)
            {
                output.Failed = true;
                yield break;
            }

            yield return true;
        }

        if (head.Groups["key"].Value == "tool_calls")
        {
            text.Take(head.Length);
            foreach (var wait in List.Read(text, output))
                yield return wait;
            while (!output.Failed && !text.IsEnd)
            {
                DropEnd(text);
                yield return true;
            }

            if (!output.Failed)
                DropEnd(text);
            yield break;
        }

        text.Take(head.Length + 1);
        text.Release();
        foreach (var wait in ReadResponse(text, output))
            yield return wait;
    }

    private static void DropEnd(Cursor text) => text.Skip(text.Rest.Length);

    /// <summary>Tells the text of a JSON string as it comes.</summary>
    private static IEnumerable<bool> ReadResponse(Cursor text, OutputWriter output)
    {
        while (true)
        {
            var end = text.Rest.IndexOfAny('"', '\\');
            output.Text(text.Take(end < 0 ? text.Rest.Length : end), isReasoning: false);
            if (end >= 0 && text.Rest[0] == '"')
                break;
            if (end >= 0)
            {
                var length = text.Rest.Length < 2 ? 2 : text.Rest[1] == 'u' ? 6 : 2;
                // Both halves of a pair together: one alone is no character.
                if (length == 6 && text.Rest.Length >= 6 && text.Rest[2] is 'd' or 'D' && text.Rest[3] is '8' or '9' or 'a' or 'b' or 'A' or 'B')
                    length = 12;
                if (text.Rest.Length >= length)
                {
                    output.Text(Unescape(text.Take(length)), isReasoning: false);
                    continue;
                }
            }

            if (text.IsEnd)
            {
                text.Take(text.Rest.Length);
                yield break;
            }

            yield return true;
        }

        while (true)
        {
            DropEnd(text);
            if (text.IsEnd)
                yield break;
            yield return true;
        }
    }

    private static string Unescape(string escape)
    {
        try
        {
            return JsonSerializer.Deserialize<string>($"\"{escape}\"") ?? "";
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return "\ufffd";
        }
    }

    public override string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel, bool isOpen) =>
        $"\"{{\\\"tool_calls\\\": \" {grammar.AddRule("calls", List.Rule(grammar, tools, isParallel, isOpen))} \"}}\"";

    /// <summary>Body of a rule for an answer without a call.</summary>
    public static string ResponseRule(GrammarBuilder grammar) =>
        $"\"{{\\\"response\\\": \" {grammar.AddSchema("response", JsonDocument.Parse("""{"type":"string"}""").RootElement)} \"}}\"";

    [GeneratedRegex("""^\{\s*"(?<key>tool_calls|response)"\s*:\s*(?=[\["])""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Head();
}
