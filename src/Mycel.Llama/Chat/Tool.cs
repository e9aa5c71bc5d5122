using System.Text.Json;

namespace Mycel.Llama.Chat;

/// <summary>What a tool of a request is called and takes.</summary>
/// <param name="Name">The name.</param>
/// <param name="Parameters">JSON schema of the arguments; null for any object.</param>
internal sealed record Tool(string Name, JsonElement? Parameters)
{
    /// <summary>Whether its arguments must follow the schema.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Whether an argument is a string, so that it is one even where it looks like JSON.</summary>
    public bool TakesText(string argument) =>
        Parameters is { ValueKind: JsonValueKind.Object } schema
        && schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
        && properties.TryGetProperty(argument, out var property) && IsText(property);

    private static bool IsText(JsonElement property)
    {
        if (property.ValueKind != JsonValueKind.Object)
            return false;
        if (property.TryGetProperty("type", out var type))
            return type.ValueKind == JsonValueKind.String && type.ValueEquals("string");
        return property.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array && values.GetArrayLength() > 0
            && values.EnumerateArray().All(value => value.ValueKind == JsonValueKind.String);
    }
}

/// <summary>A tool and the grammar's rule for its arguments.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">Name of the rule for a JSON object with its arguments.</param>
internal readonly record struct ToolRule(Tool Tool, string Arguments)
{
    public string Name => Tool.Name;
}
