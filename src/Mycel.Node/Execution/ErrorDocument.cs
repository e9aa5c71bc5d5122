using System.Buffers;
using System.Text.Json;

namespace Mycel.Node.Execution;

/// <summary>OpenAI's error envelope: <c>{"error":{"message","type","param","code"}}</c>.</summary>
internal static class ErrorDocument
{
    /// <summary>The error type that OpenAI's clients expect with a status.</summary>
    public static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    public static byte[] Write(int status, string code, string message, string? param = null)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        Write(buffer, status, code, message, param);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The error as an event of a stream that has begun.</summary>
    public static void WriteEvent(IBufferWriter<byte> target, int status, string code, string message)
    {
        target.Write("data: "u8);
        Write(target, status, code, message, null);
        target.Write("\n\n"u8);
    }

    private static void Write(IBufferWriter<byte> target, int status, string code, string message, string? param)
    {
        using var json = new Utf8JsonWriter(target, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, message);
        json.WriteString("type"u8, TypeOf(status));
        json.WriteString("param"u8, param);
        json.WriteString("code"u8, code);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
