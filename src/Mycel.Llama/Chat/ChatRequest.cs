using System.Text.Json;

namespace Mycel.Llama.Chat;

/// <summary>Whether tools are called.</summary>
public enum ToolChoiceMode
{
    /// <summary>The model decides.</summary>
    Auto,

    /// <summary>None; the tools are not shown to the model either.</summary>
    None,

    /// <summary>At least one.</summary>
    Required,

    /// <summary>The one named.</summary>
    Function,
}

/// <param name="Mode">Whether tools are called.</param>
/// <param name="Function">Name of the tool, where one is named.</param>
public sealed record ToolChoice(ToolChoiceMode Mode, string? Function = null);

/// <summary>A chat in OpenAI's shapes, as it came.</summary>
public sealed record ChatRequest
{
    /// <summary>Most messages.</summary>
    public const int MaxMessages = 16_384;

    /// <summary>Most tools.</summary>
    public const int MaxTools = 512;

    /// <summary>The messages.</summary>
    public required JsonElement Messages { get; init; }

    /// <summary>The tools; null or an empty array for none.</summary>
    public JsonElement? Tools { get; init; }

    public ToolChoice ToolChoice { get; init; } = new(ToolChoiceMode.Auto);

    /// <summary>Whether one answer may call several tools; null for what the model's own way of calling is good for.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>A JSON schema that the answer must follow; null for none.</summary>
    public JsonElement? ResponseSchema { get; init; }

    /// <summary>Whether the answer must be a JSON object.</summary>
    public bool JsonMode { get; init; }

    /// <summary>More variables for the template, such as <c>enable_thinking</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement> TemplateArguments { get; init; } = new Dictionary<string, JsonElement>();
}
