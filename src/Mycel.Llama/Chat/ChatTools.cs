using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>Checks a request's tools and makes grammars of them.</summary>
internal static class ChatTools
{
    private const int MaxNameLength = 128;

    private static readonly Dictionary<string, object?> NoParameters = new(StringComparer.Ordinal) { ["type"] = "object", ["properties"] = new Dictionary<string, object?>() };

    /// <exception cref="ChatException">They are wrong.</exception>
    public static IReadOnlyList<Tool> Read(JsonElement? tools)
    {
        if (tools is not { } array || array.ValueKind == JsonValueKind.Null)
            return [];
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > ChatRequest.MaxTools)
            throw new ChatException($"'tools' must be an array of at most {ChatRequest.MaxTools} tools.", "tools");
        var read = new List<Tool>();
        foreach (var tool in array.EnumerateArray())
            read.Add(ReadOne(tool, $"tools[{read.Count}]"));
        if (read.GroupBy(tool => tool.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ChatException($"Two tools have the name '{twice.Key}'.", "tools");
        return read;
    }

    /// <summary>Tools as templates take them: many read a description and parameters without asking whether there are any.</summary>
    /// <param name="tools">Tools that <see cref="Read"/> found right.</param>
    public static IReadOnlyList<object?> ForTemplate(JsonElement tools) => [.. tools.EnumerateArray().Select(Filled)];

    private static object? Filled(JsonElement tool)
    {
        var function = tool.GetProperty("function");
        if (tool.TryGetProperty("type", out _) && function.TryGetProperty("description", out _) && function.TryGetProperty("parameters", out var schema) && schema.ValueKind != JsonValueKind.Null)
            return tool;
        // As llama-server fills them in.
        var members = new Dictionary<string, object?>(StringComparer.Ordinal) { ["name"] = function.GetProperty("name"), ["description"] = "", ["parameters"] = NoParameters };
        foreach (var member in function.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
            members[member.Name] = member.Value;
        return new Dictionary<string, object?>(StringComparer.Ordinal) { ["type"] = "function", ["function"] = members };
    }

    private static Tool ReadOne(JsonElement tool, string path)
    {
        if (tool.ValueKind != JsonValueKind.Object)
            throw new ChatException("A tool must be an object.", path);
        if (tool.TryGetProperty("type", out var type) && !(type.ValueKind == JsonValueKind.String && type.ValueEquals("function")))
            throw new ChatException("A tool's 'type' must be 'function'.", path + ".type");
        if (!tool.TryGetProperty("function", out var function) || function.ValueKind != JsonValueKind.Object)
            throw new ChatException("A tool must have a 'function'.", path + ".function");
        if (!function.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String
            || name.GetRawText().Trim('"') is not { Length: > 0 and <= MaxNameLength } text || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
            throw new ChatException($"A tool's name must have 1 to {MaxNameLength} letters, digits, '_', '-' or '.'.", path + ".function.name");
        JsonElement? parameters = function.TryGetProperty("parameters", out var schema) && schema.ValueKind != JsonValueKind.Null ? schema : null;
        if (parameters is { ValueKind: not JsonValueKind.Object })
            throw new ChatException("A tool's 'parameters' must be a JSON schema.", path + ".function.parameters");
        return new Tool(text, parameters) { IsStrict = function.TryGetProperty("strict", out var strict) && strict.ValueKind == JsonValueKind.True };
    }

    /// <summary>Rules for the arguments of tools. A schema that no grammar can ensure is taken as any object, unless the tool is strict.</summary>
    /// <exception cref="ChatException">A strict tool's schema cannot be ensured.</exception>
    public static IReadOnlyList<ToolRule> Rules(GrammarBuilder grammar, IReadOnlyList<Tool> all, IEnumerable<Tool> chosen) =>
        [.. chosen.Select(tool =>
        {
            if (tool.Parameters is not { } schema)
                return new ToolRule(tool, JsonRules.AnyObject(grammar));
            try
            {
                // Tried aside: half of a schema must not stay in the grammar.
                _ = JsonSchemaGrammar.FromSchema(schema);
                return new ToolRule(tool, grammar.AddSchema("arguments", schema));
            }
            catch (GrammarException error) when (!tool.IsStrict)
            {
                _ = error;
                return new ToolRule(tool, JsonRules.AnyObject(grammar));
            }
            catch (GrammarException error)
            {
                throw new ChatException($"{error.Message} (at {error.Path})", $"tools[{all.ToList().IndexOf(tool)}].function.parameters", error);
            }
        })];
}
