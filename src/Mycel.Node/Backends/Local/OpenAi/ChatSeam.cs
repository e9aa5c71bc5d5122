using System.Text.Json;

namespace Mycel.Node.Backends.Local.OpenAi;

internal enum ToolChoiceMode { Auto, None, Required, Function }

internal sealed record ToolChoice(ToolChoiceMode Mode, string? Function = null);

internal sealed record ChatRequest
{
    public required JsonElement Messages { get; init; }
    public JsonElement? Tools { get; init; }
    public ToolChoice ToolChoice { get; init; } = new(ToolChoiceMode.Auto);
    public bool ParallelToolCalls { get; init; } = true;
    public JsonElement? ResponseSchema { get; init; }
    public bool JsonMode { get; init; }
    public IReadOnlyDictionary<string, JsonElement> TemplateArguments { get; init; } = new Dictionary<string, JsonElement>();
}

internal sealed class ChatException(string message, string? param) : Exception(message)
{
    public string? Param { get; } = param;
}

internal interface IChatOutput
{
    void Content(string text);
    void Reasoning(string text);
    void ToolCall(int index, string id, string name);
    void ToolArguments(int index, string jsonFragment);
}

internal abstract class ChatOutputParser
{
    public abstract bool SawToolCall { get; }
    public abstract void Push(string text, IChatOutput output);
    public abstract void End(IChatOutput output);
}

internal sealed record ChatPrompt
{
    public required string Text { get; init; }
    public string? Grammar { get; init; }
    public IReadOnlyList<string> GrammarTriggers { get; init; } = [];
    public IReadOnlyList<string> Stop { get; init; } = [];
    public bool ShowControlTokens { get; init; }
    public required Func<ChatOutputParser> NewParser { get; init; }
}

internal interface IChatRenderer
{
    ChatPrompt Render(ChatRequest request);
}
