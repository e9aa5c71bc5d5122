using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace Mycel.Node.Backends.Relay;

/// <summary>Takes from a device's response head what the caller may see.</summary>
internal static class ReplyHeadReader
{
    private static readonly FrozenSet<string> Dropped = FrozenSet.ToFrozenSet(
    [
        // hop by hop (RFC 9110, 7.6.1)
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        // set anew by this node
        "Content-Length", "Content-Type", "Date", "Server", "X-Request-ID", "Request-Id", "Server-Timing",
        "X-Mycel-Route", "X-Mycel-Attempts", "X-Mycel-Node",
        // the node is the origin that a browser sees: what a device says of cookies, origins and transport is not its to say
        "Set-Cookie", "Strict-Transport-Security", "Alt-Svc", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
        "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Vary",
    ], StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <exception cref="DeviceFaultException">An answer of this type is no answer.</exception>
    public static ReplyHead Read(ResponseHead head)
    {
        string? contentType = null;
        var isEncoded = false;
        List<KeyValuePair<string, string>>? headers = null;
        var connection = head.Find("connection"u8);
        if (Ascii.EqualsIgnoreCase(connection, "keep-alive"u8) || Ascii.EqualsIgnoreCase(connection, "close"u8)) connection = default;
        for (var i = 0; i < head.HeaderCount; i++)
        {
            var name = HeaderText.Name(head.Name(i));
            if (name == "Content-Type" && IsSendable(head.Name(i), head.Value(i))) contentType = HeaderText.Value(head.Value(i));
            if (Dropped.Contains(name) || !IsSendable(head.Name(i), head.Value(i)) || Names(connection, head.Name(i))) continue;
            isEncoded |= name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase) && !head.Value(i).SequenceEqual("identity"u8);
            (headers ??= []).Add(new(name, HeaderText.Value(head.Value(i))));
        }
        var type = contentType is null ? default : contentType.AsSpan();
        if (type.StartsWith("text/html", StringComparison.OrdinalIgnoreCase))
            throw new DeviceFaultException(DeviceFaultKind.Invalid, "it answered with an HTML page; is this the address of an OpenAI-compatible server?");
        var isEventStream = type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        return new ReplyHead(head.Status, contentType, isEventStream, isEncoded, head.IsChunked ? -1 : head.ContentLength, headers ?? (IReadOnlyList<KeyValuePair<string, string>>)[])
        {
            EndsWithConnection = !head.IsChunked && head.ContentLength < 0,
        };
    }

    /// <summary>Whether the server that answers the caller takes the header: it sends no byte beyond ASCII, and no control character.</summary>
    private static bool IsSendable(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        !name.ContainsAnyExcept(TokenBytes) && !value.ContainsAnyExceptInRange((byte)' ', (byte)'~');

    /// <summary>Whether the Connection header names another one, which then is hop by hop too.</summary>
    private static bool Names(ReadOnlySpan<byte> connection, ReadOnlySpan<byte> name)
    {
        if (connection.Length < name.Length) return false;
        foreach (var range in connection.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(connection[range].Trim(" \t"u8), name)) return true;
        }
        return false;
    }
}

/// <summary>Strings of header names and values, made once for those that every device sends.</summary>
internal static class HeaderText
{
    private static readonly string[] Names =
    [
        "Content-Type", "Content-Length", "Transfer-Encoding", "Cache-Control", "Connection", "Keep-Alive", "Date", "Server", "Vary", "X-Accel-Buffering",
        "Content-Encoding", "Access-Control-Allow-Origin", "X-Request-ID",
    ];

    private static readonly string[] Values =
    [
        "application/json", "application/json; charset=utf-8", "text/event-stream", "text/event-stream; charset=utf-8", "no-cache", "keep-alive", "chunked", "no", "*", "identity",
    ];

    public static string Name(ReadOnlySpan<byte> bytes) => Find(Names, bytes) ?? Encoding.Latin1.GetString(bytes);

    public static string Value(ReadOnlySpan<byte> bytes) => Find(Values, bytes) ?? Encoding.Latin1.GetString(bytes);

    private static string? Find(string[] known, ReadOnlySpan<byte> bytes)
    {
        foreach (var text in known)
        {
            if (text.Length == bytes.Length && Ascii.EqualsIgnoreCase(bytes, text)) return text;
        }
        return null;
    }
}
