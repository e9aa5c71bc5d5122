using System.Text.Json;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Finds strings in JSON that are no text: half of a surrogate pair written as <c>\ud83d</c>.</summary>
internal static class BrokenText
{
    /// <summary>Refuses a body with such a string, so that nothing behind this need reckon with one.</summary>
    /// <param name="body">Valid JSON in valid UTF-8.</param>
    /// <exception cref="InvalidRequestException">There is one.</exception>
    public static void Refuse(ReadOnlySpan<byte> body)
    {
        // Only an escape can hold one, and few bodies have any such escape.
        if (body.IndexOf("\\ud"u8) < 0 && body.IndexOf("\\uD"u8) < 0) return;
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 256 });
        while (reader.Read())
        {
            if (!reader.ValueIsEscaped || reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)) continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException half)
            {
                throw new InvalidRequestException(InvalidRequestException.InvalidValue,
                    $"The request holds half a character: an escape such as \\ud83d without its second half, near byte {reader.TokenStartIndex}. A text was cut in the middle of a character; cut it elsewhere.", null, half);
            }
        }
    }
}
