using System.Globalization;
using System.Text.Json.Nodes;
using Mycel.Identity.Crypto;

namespace Mycel.Identity;

/// <summary>One secret as it lies in the file.</summary>
/// <param name="UpdatedAt">When it was set.</param>
/// <param name="Box">The encrypted value: nonce, ciphertext, tag.</param>
internal sealed record SecretEntry(DateTimeOffset UpdatedAt, byte[] Box)
{
    private const string UpdatedAtField = "updated_at";
    private const string BoxField = "sealed";

    /// <summary>Reads an entry; null when it has not this form.</summary>
    public static SecretEntry? FromJson(JsonNode? node)
    {
        if (node is not JsonObject entry
            || Text(entry[UpdatedAtField]) is not { } time
            || Text(entry[BoxField]) is not { } box
            || !DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset updatedAt))
        {
            return null;
        }

        var bytes = new byte[box.Length];
        return Convert.TryFromBase64String(box, bytes, out int length) && length > XChaCha20Poly1305.OverheadBytes
            ? new SecretEntry(updatedAt, bytes[..length])
            : null;
    }

    /// <summary>Writes the entry.</summary>
    public JsonObject ToJson() => new()
    {
        [UpdatedAtField] = UpdatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        [BoxField] = Convert.ToBase64String(Box),
    };

    private static string? Text(JsonNode? node)
    {
        try
        {
            return node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: JSON can spell it, a string cannot hold it.
            return null;
        }
    }
}
