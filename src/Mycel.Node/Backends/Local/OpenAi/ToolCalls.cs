using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Calls of tools written as <c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>.</summary>
internal static class ToolCalls
{
    public const string Open = "<tool_call>";

    public const string Close = "</tool_call>";

    /// <summary>The grammar of one or more calls of the tools offered.</summary>
    /// <exception cref="ChatException">A tool is not described as it has to be.</exception>
    public static string Grammar(JsonElement tools, ToolChoice choice, bool mayBeParallel)
    {
        try
        {
            var builder = new GrammarBuilder();
            var calls = new List<string>();
            foreach (var tool in tools.EnumerateArray())
            {
                if (tool.ValueKind != JsonValueKind.Object || !tool.TryGetProperty("function", out var function) || function.ValueKind != JsonValueKind.Object
                    || !function.TryGetProperty("name", out var named) || named.ValueKind != JsonValueKind.String)
                    throw new ChatException("Each of 'tools' must have a 'function' with a 'name'.", "tools");
                var name = named.GetString()!;
                if (choice.Mode == ToolChoiceMode.Function && choice.Function != name) continue;
                var schema = function.TryGetProperty("parameters", out var parameters) && parameters.ValueKind == JsonValueKind.Object ? parameters : AnyObject;
                var arguments = builder.AddSchema($"arguments-{calls.Count}", schema);
                calls.Add(builder.AddRule($"call-{calls.Count}", $"{GrammarBuilder.Literal("{\"name\": " + JsonSerializer.Serialize(name) + ", \"arguments\": ")} {arguments} {GrammarBuilder.Literal("}")}"));
            }
            if (calls.Count == 0) throw new ChatException($"'tool_choice' names '{choice.Function}', which is none of 'tools'.", "tool_choice");
            var one = builder.AddRule("one-call", $"{GrammarBuilder.Literal(Open + "\n")} ({string.Join(" | ", calls)}) {GrammarBuilder.Literal("\n" + Close)}");
            return builder.Build(mayBeParallel && choice.Mode != ToolChoiceMode.Function ? $"{one} ({GrammarBuilder.Literal("\n")} {one})*" : one);
        }
        catch (GrammarException error)
        {
            throw new ChatException($"'tools' has parameters that cannot be enforced: {error.Message}", "tools");
        }
    }

    private static readonly JsonElement AnyObject = TryParse("""{"type":"object"}""")!.Value;

    /// <summary>The JSON of a text; null where it is none.</summary>
    public static JsonElement? TryParse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
