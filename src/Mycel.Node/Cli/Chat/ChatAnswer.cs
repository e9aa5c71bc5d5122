using System.Text;

namespace Mycel.Node.Cli.Chat;

/// <summary>An answer, whole or as far as it came, and what it took.</summary>
internal sealed class ChatAnswer
{
    private readonly StringBuilder _text = new();

    /// <summary>The answer's text.</summary>
    public string Text => _text.ToString();

    /// <summary>Whether any of it arrived.</summary>
    public bool IsEmpty => _text.Length == 0;

    /// <summary>The model that answered, by its own word.</summary>
    public string? Model { get; set; }

    /// <summary>The route the node took, or null when it did not say.</summary>
    public string? Route { get; set; }

    /// <summary>Tokens of the conversation sent.</summary>
    public long? PromptTokens { get; set; }

    /// <summary>Tokens of the answer.</summary>
    public long? CompletionTokens { get; set; }

    /// <summary>Pieces the answer came in; about its tokens, where those are not told.</summary>
    public long Pieces { get; private set; }

    /// <summary>From sending to the first piece.</summary>
    public TimeSpan? FirstToken { get; set; }

    /// <summary>From sending to the end.</summary>
    public TimeSpan Total { get; set; }

    /// <summary>Why the model stopped: stop, length and so on.</summary>
    public string? FinishReason { get; set; }

    /// <summary>What went wrong, or null.</summary>
    public string? Error { get; set; }

    /// <summary>Whether the person stopped it.</summary>
    public bool Interrupted { get; set; }

    /// <summary>Adds a piece.</summary>
    public void Add(ChatDelta delta)
    {
        _text.Append(delta.Content);
        Pieces++;
    }
}
