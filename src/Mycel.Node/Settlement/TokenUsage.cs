using System.Text.Json;

namespace Mycel.Node.Settlement;

/// <summary>Tokens of one request as the backend counted them. What a backend does not say stays unknown.</summary>
/// <param name="PromptTokens">Tokens read, or null.</param>
/// <param name="CompletionTokens">Tokens written, or null.</param>
internal readonly record struct TokenUsage(long? PromptTokens, long? CompletionTokens)
{
    /// <summary>Reads a JSON object with <c>prompt_tokens</c> and <c>completion_tokens</c>; the reader stands on its start, and is left on its end.</summary>
    public static TokenUsage Read(ref Utf8JsonReader reader)
    {
        long? prompt = null, completion = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isPrompt = reader.ValueTextEquals("prompt_tokens"u8);
            var isCompletion = !isPrompt && reader.ValueTextEquals("completion_tokens"u8);
            reader.Read();
            if ((isPrompt || isCompletion) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var count) && count >= 0)
            {
                if (isPrompt) prompt = count;
                else completion = count;
            }
            // The text may be the end of a document, cut out: a reader of such parts cannot simply skip.
            if (!reader.TrySkip()) break;
        }
        return new TokenUsage(prompt, completion);
    }

    /// <summary>Finds the last <c>"usage"</c> object in the text of a JSON document, or of its end.</summary>
    /// <remarks>The quotes inside a string are escaped, so that the word between two bare quotes is a property's name or all or the end
    /// of a string; only a name is followed by a colon.</remarks>
    public static TokenUsage? FindLast(ReadOnlySpan<byte> json)
    {
        while (true)
        {
            var at = json.LastIndexOf("\"usage\""u8);
            if (at < 0) return null;
            if (ReadMember(json[(at + 7)..]) is { } usage) return usage;
            json = json[..at];
        }
    }

    private static TokenUsage? ReadMember(ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart(" \t\r\n"u8);
        if (rest.IsEmpty || rest[0] != ':') return null;
        rest = rest[1..].TrimStart(" \t\r\n"u8);
        if (rest.IsEmpty || rest[0] != '{') return null;
        try
        {
            var reader = new Utf8JsonReader(rest, isFinalBlock: false, default);
            reader.Read();
            var usage = Read(ref reader);
            return usage == default ? null : usage;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
