using System.Text.Json;
using System.Text.RegularExpressions;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>
/// Calls as JSON objects with a name and arguments: <c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c> (Hermes, Qwen),
/// lists such as <c>[TOOL_CALLS][{…}]</c> (Mistral, Granite, Phi-4, Command-R), or bare objects (Llama 3).
/// </summary>
internal sealed partial class JsonCallSyntax : CallSyntax
{
    /// <summary>The mark before a call; empty where there is none.</summary>
    public required string Opening { get; init; }

    public string Closing { get; init; } = "";

    /// <summary>Whether one mark holds a list of calls.</summary>
    public bool IsList { get; init; }

    public string NameKey { get; init; } = "name";

    public string ArgumentsKey { get; init; } = "arguments";

    /// <summary>Whether calls without a mark are known, too.</summary>
    public bool IsBare { get; init; }

    public override IReadOnlyList<string> Openings => Opening.Length > 0 ? [Opening] : [];

    public override bool MayBeBare => IsBare;

    public override string? Trigger => IsBare ? null : base.Trigger;

    public override IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        if (Opening.Length > 0)
            _ = text.TrySkip(Opening);
        var isList = false;
        while (true)
        {
            text.SkipSpace();
            if (text.Rest.IsEmpty && !text.IsEnd)
            {
                yield return true;
                continue;
            }

            if (!isList && text.Rest.StartsWith("["))
            {
                isList = true;
                text.Take(1);
                continue;
            }

            break;
        }

        while (true)
        {
            foreach (var wait in ReadOne(text, output))
                yield return wait;
            if (output.Failed)
                yield break;
            text.Mark();
            var hasMore = false;
            foreach (var wait in ReadSeparator(text, isList, more => hasMore = more))
                yield return wait;
            if (!hasMore)
                break;
        }

        foreach (var wait in SkipClosing(text))
            yield return wait;
    }

    /// <summary>What stands between two calls: a comma in a list, a semicolon between bare ones.</summary>
    private IEnumerable<bool> ReadSeparator(Cursor text, bool isList, Action<bool> tell)
    {
        if (!isList && Opening.Length > 0 && !IsBare)
            yield break;
        while (true)
        {
            text.SkipSpace();
            if (!text.Rest.IsEmpty || text.IsEnd)
                break;
            yield return true;
        }

        if (text.Rest.IsEmpty)
            yield break;
        var current = text.Rest[0];
        if (isList && current is ',' or ']')
            text.Take(1);
        else if (!isList && current == ';')
            text.Take(1);
        if (isList && current != ',')
            yield break;
        while (true)
        {
            text.SkipSpace();
            if (!text.Rest.IsEmpty || text.IsEnd)
                break;
            yield return true;
        }

        tell(text.Rest.StartsWith("{"));
    }

    private IEnumerable<bool> SkipClosing(Cursor text)
    {
        text.Release();
        if (Closing.Length == 0)
            yield break;
        while (true)
        {
            text.Mark();
            text.SkipSpace();
            var isThere = text.TrySkip(Closing);
            if (isThere == true)
            {
                text.Release();
                yield break;
            }

            text.Back();
            if (isThere == false)
                yield break;
            yield return true;
        }
    }

    private IEnumerable<bool> ReadOne(Cursor text, OutputWriter output)
    {
        var scanner = new JsonScanner();
        var scanned = 0;
        while (true)
        {
            if (!text.Rest.IsEmpty && text.Rest[0] != '{')
            {
                output.Failed = true;
                yield break;
            }

            var head = Head().Match(text.Rest[..Math.Min(text.Rest.Length, MaxHead)].ToString());
            if (head.Success && head.Groups["name"].Value == NameKey && head.Groups["arguments"].Value == ArgumentsKey
                && output.Find(head.Groups["value"].Value) is { } tool)
            {
                text.Take(head.Length);
                text.Release();
                output.Call(tool.Name);
                foreach (var wait in StreamObject(text, output))
                    yield return wait;
                foreach (var wait in SkipRest(text))
                    yield return wait;
                yield break;
            }

            scanned += scanner.Scan(text.Rest[scanned..Math.Min(text.Rest.Length, MaxHeld)]);
            if (scanner.IsDone)
            {
                ReadWhole(text.Take(scanned), output);
                yield break;
            }

            if (text.IsEnd || scanned >= MaxHeld)
            {
                output.Failed = true;
                yield break;
            }

            yield return true;
        }
    }

    /// <summary>The rest of the object behind its arguments.</summary>
    private static IEnumerable<bool> SkipRest(Cursor text)
    {
        var scanner = new JsonScanner();
        while (!text.IsEnd || !text.Rest.IsEmpty)
        {
            text.Take(scanner.Scan(text.Rest));
            if (scanner.IsDone)
                yield break;
            if (text.IsEnd)
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
            if (root.TryGetProperty(NameKey, out var name) && name.ValueKind == JsonValueKind.String && output.Find(name.GetString()!) is { } tool
                && ReadArguments(root) is { } arguments)
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
        if (!call.TryGetProperty(ArgumentsKey, out var arguments) && !call.TryGetProperty("arguments", out arguments) && !call.TryGetProperty("parameters", out arguments))
            return null;
        return arguments.ValueKind switch
        {
            JsonValueKind.Object => arguments.GetRawText(),
            JsonValueKind.String when arguments.GetString() is { } text && text.TrimStart().StartsWith('{') => text,
            _ => null,
        };
    }

    public override string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel)
    {
        var blank = Blank(grammar);
        var one = grammar.AddRule("call", OneOf(tools.Select(tool =>
            $"{GrammarBuilder.Literal($"{{\"{NameKey}\": {Quote(tool.Name)}, \"{ArgumentsKey}\": ")} {tool.Arguments} \"}}\"")));
        var opening = Opening.Length > 0 ? GrammarBuilder.Literal(Opening) + " " : "";
        var closing = Closing.Length > 0 ? " " + blank + " " + GrammarBuilder.Literal(Closing) : "";
        if (IsList)
            return $"{opening}{blank} \"[\" {blank} {one}{(isParallel ? $" (\",\" {blank} {one})*" : "")} {blank} \"]\"{closing}";
        if (IsBare)
            return one;
        var call = grammar.AddRule("marked-call", $"{opening}{blank} {one}{closing}");
        return isParallel ? $"{call} ({blank} {call})*" : call;
    }

    [GeneratedRegex("""^\{\s*"(?<name>[a-z_]+)"\s*:\s*"(?<value>[^"\\]*)"\s*,\s*"(?<arguments>[a-z_]+)"\s*:\s*(?=\{)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Head();
}
