using System.Text.Json;
using Mycel.Node.Backends;

namespace Mycel.Node.Routing;

/// <summary>By what a conversation is recognised when its next request comes: the beginning that all its requests share.</summary>
/// <param name="Hash">Hash of that beginning; 0 for none.</param>
/// <param name="MayBeWarm">Whether the request shows that there was one before it. A conversation that only begins is not in anybody's cache.</param>
internal readonly record struct SessionKey(int Hash, bool MayBeWarm)
{
    /// <summary>Bytes of the body that are looked at.</summary>
    public const int WindowBytes = 4096;

    /// <summary>Bytes of a text that goes on (a prompt, or a beginning longer than the window) by which it is recognised.</summary>
    private const int BeginningBytes = 1024;

    /// <summary>Whether there is nothing to recognise it by.</summary>
    public bool IsNone => Hash == 0;

    /// <summary>
    /// The key of a request: its <c>prompt_cache_key</c> where that stands before the messages, else all up to the end of the first message of the
    /// user, or the first kilobyte of a longer beginning. Reads no more than <see cref="WindowBytes"/>.
    /// </summary>
    public static SessionKey Of(InferenceKind kind, RequestDocument document)
    {
        if (kind == InferenceKind.Embedding) return default;
        var window = document.Body.Span;
        if (window.Length > WindowBytes) window = window[..WindowBytes];
        try
        {
            return Read(window);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The body was checked before; what is odd in it besides has no session.
            return default;
        }
    }

    private static SessionKey Read(ReadOnlySpan<byte> window)
    {
        var reader = new Utf8JsonReader(window, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = 256 }));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMessages = reader.ValueTextEquals("messages"u8);
            var isText = !isMessages && reader.ValueTextEquals("prompt"u8);
            var isKey = !isMessages && reader.ValueTextEquals("prompt_cache_key"u8);
            var start = (int)reader.BytesConsumed;
            if (isText) return OfText(window[start..]);
            if (isMessages) return OfMessages(ref reader, window, start);
            if (!reader.Read()) break;
            if (isKey && reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty) return new SessionKey(HashOf(reader.ValueSpan), true);
            if (!reader.TrySkip()) break;
        }
        // What comes first, such as tools, is longer than the window: it is what the requests of one program have in common.
        return window.Length < WindowBytes ? default : new SessionKey(HashOf(window[^BeginningBytes..]), true);
    }

    private static SessionKey OfMessages(ref Utf8JsonReader reader, ReadOnlySpan<byte> window, int start)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) return OfText(window[start..]);
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var isUser = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isRole = reader.ValueTextEquals("role"u8);
                if (!reader.Read()) return OfText(window[start..]);
                if (isRole && reader.TokenType == JsonTokenType.String) isUser = reader.ValueTextEquals("user"u8);
                if (!reader.TrySkip()) return OfText(window[start..]);
            }
            if (reader.TokenType != JsonTokenType.EndObject) return OfText(window[start..]);
            if (!isUser) continue;
            var hash = HashOf(window[start..(int)reader.BytesConsumed]);
            // Another message, or what is cut off here, follows the first of the user: it was answered before.
            var goesOn = !reader.Read() || reader.TokenType == JsonTokenType.StartObject;
            return new SessionKey(hash, goesOn);
        }
        return OfText(window[start..]);
    }

    /// <summary>A text that each request carries on: it was there before only where it is long enough.</summary>
    private static SessionKey OfText(ReadOnlySpan<byte> text) => text.Length < BeginningBytes ? default : new SessionKey(HashOf(text[..BeginningBytes]), true);

    private static int HashOf(ReadOnlySpan<byte> text)
    {
        var hash = new HashCode();
        hash.AddBytes(text);
        return hash.ToHashCode() is var value && value != 0 ? value : 1;
    }
}
