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
    /// <remarks>Inside a string the quotes of such a word are escaped, so that the bytes looked for are only ever a property's name.</remarks>
    public static TokenUsage? FindLast(ReadOnlySpan<byte> json)
    {
        var at = json.LastIndexOf("\"usage\""u8);
        if (at < 0) return null;
        var rest = json[(at + 7)..];
        var brace = rest.IndexOf((byte)'{');
        if (brace < 0 || rest[..brace].ContainsAnyExcept(" \t\r\n:"u8)) return null;
        try
        {
            var reader = new Utf8JsonReader(rest[brace..], isFinalBlock: false, default);
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
