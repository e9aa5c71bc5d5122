using System.Text.Json;
using System.Text.RegularExpressions;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>
/// Calls as JSON objects with a name and arguments: <c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c> (Hermes, Qwen),
/// lists such as <c>[TOOL_CALLS][{…}]</c> (Mistral, Granite, Nemotron, Command-R), or bare objects (Llama 3).
/// </summary>
internal sealed partial class JsonCallSyntax : CallSyntax
{
    /// <summary>The mark before a call; empty where there is none.</summary>
    public required string Opening { get; init; }

    public string Closing { get; init; } = "";

    /// <summary>Whether one mark holds a list of calls.</summary>
    public bool IsList { get; init; }

    /// <summary>Whether one mark holds calls on lines of their own.</summary>
    public bool IsSequence { get; init; }

    public string NameKey { get; init; } = "name";

    public string ArgumentsKey { get; init; } = "arguments";

    /// <summary>A number that calls begin with; empty for none.</summary>
    public string NumberKey { get; init; } = "";

    /// <summary>Whether calls without a mark are known, too, and the usual ones.</summary>
    public bool IsBare { get; init; }

    public override IReadOnlyList<string> Openings => Opening.Length > 0 ? [Opening] : [];

    public override bool MayBeBare => IsBare;

    public override IReadOnlyList<string> Triggers(IReadOnlyList<ToolRule> tools) =>
        IsBare ? [.. tools.Select(tool => Head(tool))] : base.Triggers(tools);

    public override IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        foreach (var wait in Skip(text, Opening, output))
            yield return wait;
        foreach (var wait in SkipSpace(text))
            yield return wait;
        var isList = text.Rest.StartsWith("[");
        if (isList)
        {
            text.Skip(1);
            foreach (var wait in SkipSpace(text))
                yield return wait;
        }

        while (true)
        {
            foreach (var wait in ReadOne(text, output))
                yield return wait;
            if (output.Failed)
                yield break;
            text.Mark();
            foreach (var wait in ReadSeparator(text, output, isList))
                yield return wait;
            if (!output.Found)
                break;
        }

        text.Release();
        text.Mark();
        foreach (var wait in SkipClosing(text, Closing, output))
            yield return wait;
        text.Release();
    }

    /// <summary>What stands between two calls, and whether another follows.</summary>
    private static IEnumerable<bool> ReadSeparator(Cursor text, OutputWriter output, bool isList)
    {
        foreach (var wait in Skip(text, isList ? "," : ";", output))
            yield return wait;
        var isSeparated = output.Found;
        if (isList && !isSeparated)
        {
            foreach (var wait in Skip(text, "]", output))
                yield return wait;
            output.Found = false;
            yield break;
        }

        foreach (var wait in Skip(text, "{", output))
            yield return wait;
        if (output.Found)
            text.Skip(-1);
        else if (isSeparated)
            text.Back();
    }

    private IEnumerable<bool> ReadOne(Cursor text, OutputWriter output)
    {
        var scanner = new JsonScanner();
        var scanned = 0;
        while (true)
        {
            var rest = text.Rest;
            if ((!rest.IsEmpty && rest[0] != '{') || scanned >= MaxHeld || (scanned < MaxHead && !rest.IsEmpty && !MayBeCall(rest)))
                break;
            if (FindHead(text, output) is { } head)
            {
                text.Skip(head.Length);
                text.Release();
                output.Call(head.Tool.Name);
                foreach (var wait in StreamObject(text, output))
                    yield return wait;
                foreach (var wait in SkipRest(text))
                    yield return wait;
                yield break;
            }

            scanned += scanner.Scan(text.Rest[scanned..]);
            if (scanner.IsDone)
            {
                ReadWhole(text.Take(scanned), output);
                yield break;
            }

            if (text.IsEnd)
                break;
            yield return true;
        }

        output.Failed = true;
    }

    /// <summary>Whether an object's first key is one of a call's, or not there yet: other objects are not held.</summary>
    private bool MayBeCall(ReadOnlySpan<char> text)
    {
        var first = text[1..].TrimStart();
        if (first.IsEmpty)
            return true;
        var end = first[1..].IndexOf('"');
        if (first[0] != '"')
            return false;
        var key = end < 0 ? first[1..] : first[1..(end + 1)];
        foreach (var known in new[] { NameKey, ArgumentsKey, NumberKey, "name", "function", "type", "id", "arguments", "parameters" })
        {
            if (end < 0 ? known.AsSpan().StartsWith(key) : key.SequenceEqual(known))
                return true;
        }

        return false;
    }

    /// <summary>The beginning of a call up to its arguments, where it has the usual form.</summary>
    private (int Length, Tool Tool)? FindHead(Cursor text, OutputWriter output)
    {
        var rest = text.Rest[..Math.Min(text.Rest.Length, MaxHead)];
        // The arguments begin with the second brace.
        if (rest.Length < 2 || rest[1..].IndexOf('{') < 0)
            return null;
        var head = HeadPattern().Match(rest.ToString());
        return head.Success && head.Groups["name"].Value == NameKey && head.Groups["arguments"].Value == ArgumentsKey
            && output.Find(head.Groups["value"].ValueSpan) is { } tool ? (head.Length, tool) : null;
    }

    /// <summary>The rest of the object behind its arguments.</summary>
    private static IEnumerable<bool> SkipRest(Cursor text)
    {
        var scanner = new JsonScanner();
        while (true)
        {
            text.Skip(scanner.Scan(text.Rest));
            if (scanner.IsDone || text.IsEnd)
                yield break;
            yield return true;
        }
    }

    private void ReadWhole(string json, OutputWriter output)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            // Some models wrap a call the way the API does.
            if (root.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object)
                root = function;
            if ((root.TryGetProperty(NameKey, out var name) || root.TryGetProperty("name", out name))
                && name.ValueKind == JsonValueKind.String && output.Find(name.GetString()!) is { } tool && ReadArguments(root) is { } arguments)
            {
                output.Call(tool.Name);
                output.Arguments(arguments);
                return;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // No call.
        }

        output.Failed = true;
    }

    private string? ReadArguments(JsonElement call)
    {
        // Models leave them out where there are none.
        if (!call.TryGetProperty(ArgumentsKey, out var arguments) && !call.TryGetProperty("arguments", out arguments) && !call.TryGetProperty("parameters", out arguments))
            return "{}";
        return arguments.ValueKind switch
        {
            JsonValueKind.Object => arguments.GetRawText(),
            JsonValueKind.Null => "{}",
            JsonValueKind.String when arguments.GetString() is { } text && text.TrimStart().StartsWith('{') => text,
            _ => null,
        };
    }

    private string Head(ToolRule tool) => $"{{\"{NameKey}\": {Quote(tool.Name)}, \"{ArgumentsKey}\": ";

    public override string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel, bool isOpen)
    {
        var blank = Blank(grammar);
        var number = NumberKey.Length == 0 ? "" : $"{GrammarBuilder.Literal($"{{\"{NumberKey}\": \"")} [0-9]{{1,3}} {GrammarBuilder.Literal("\", ")} ";
        var one = grammar.AddRule("json-call", OneOf(tools.Select(tool =>
            $"{number}{GrammarBuilder.Literal(number.Length == 0 ? Head(tool) : Head(tool)[1..])} {tool.Arguments} \"}}\"")));
        if (IsBare)
            return one;
        var opening = Opening.Length > 0 ? GrammarBuilder.Literal(Opening) + " " : "";
        var closing = Closing.Length > 0 ? $" {blank} {GrammarBuilder.Literal(Closing)}" : "";
        if (IsList)
            return $"{opening}{blank} \"[\" {blank} {one}{(isParallel ? $" (\",\" {blank} {one})*" : "")} {blank} \"]\"{closing}";
        if (IsSequence)
            return $"{opening}{blank} {one}{(isParallel ? $" (\"\\n\" {one})*" : "")}{closing}";
        var call = grammar.AddRule("marked-call", $"{opening}{blank} {one}{closing}");
        return isParallel ? $"{call} ({blank} {call})*" : call;
    }

    [GeneratedRegex("""^\{\s*("(id|tool_call_id)"\s*:\s*"[^"\\]*"\s*,\s*)?"(?<name>[a-z_]+)"\s*:\s*"(?<value>[^"\\]*)"\s*,\s*"(?<arguments>[a-z_]+)"\s*:\s*(?=\{)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex HeadPattern();
}
