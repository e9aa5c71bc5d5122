namespace Mycel.Llama.Chat;

/// <summary>A chat as the model reads it, and how its output is to be read.</summary>
public sealed record ChatPrompt
{
    /// <summary>The prompt; control tokens stand in it by name. What begins each text of the model is not in it: the engine adds that.</summary>
    public required string Text { get; init; }

    /// <summary>A grammar (GBNF) for the output; null for none.</summary>
    public string? Grammar { get; init; }

    /// <summary>Texts from which on <see cref="Grammar"/> binds; empty where it binds from the start.</summary>
    public IReadOnlyList<string> GrammarTriggers { get; init; } = [];

    /// <summary>Texts that end the output, beside the model's own end.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Whether the parser needs to see control tokens as text.</summary>
    public bool ShowControlTokens { get; init; }

    /// <summary>Makes the reader of one output.</summary>
    public required Func<ChatOutputParser> NewParser { get; init; }
}

/// <summary>A chat cannot be rendered; the message says why and what to do.</summary>
/// <param name="message">One or two sentences for the caller.</param>
/// <param name="param">The request's field that is wrong, such as <c>messages[2].content</c>; null where it is none.</param>
/// <param name="inner">What it comes from, if anything.</param>
public sealed class ChatException(string message, string? param = null, Exception? inner = null) : Exception(message, inner)
{
    public string? Param { get; } = param;
}

/// <summary>Takes the parts of an answer.</summary>
public interface IChatOutput
{
    void Content(string text);

    /// <summary>What the model thought before it answered.</summary>
    void Reasoning(string text);

    /// <summary>A tool call begins; its arguments follow.</summary>
    /// <param name="index">0 for the first call of an answer.</param>
    /// <param name="id">Its id, new for each call.</param>
    /// <param name="name">The tool's name: one of the request's.</param>
    void ToolCall(int index, string id, string name);

    /// <summary>A piece of a call's arguments: together they are a JSON object.</summary>
    void ToolArguments(int index, string jsonFragment);
}

/// <summary>
/// Reads one output as it comes: content, reasoning and tool calls. How the text is cut makes no difference. Text that may be the
/// beginning of a mark is held until that is clear; what turns out to be no call comes out as content.
/// </summary>
public abstract class ChatOutputParser
{
    /// <summary>Whether a tool was called.</summary>
    public abstract bool SawToolCall { get; }

    public abstract void Push(string text, IChatOutput output);

    /// <summary>Tells what is still held.</summary>
    public abstract void End(IChatOutput output);
}
