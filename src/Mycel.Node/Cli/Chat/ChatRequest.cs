namespace Mycel.Node.Cli.Chat;

/// <summary>A question in OpenAI's form.</summary>
internal sealed class ChatRequest
{
    /// <summary>The model asked.</summary>
    public required string Model { get; init; }

    /// <summary>The conversation, oldest message first.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>Whether the answer is to come piece by piece.</summary>
    public bool Stream { get; init; }

    /// <summary>What a stream is to hold.</summary>
    public StreamSettings? StreamOptions { get; init; }

    /// <summary>Most tokens of the answer.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>What a stream is to hold.</summary>
    /// <param name="IncludeUsage">Whether the token counts follow the answer.</param>
    internal sealed record StreamSettings(bool IncludeUsage);
}
