using System.Buffers.Text;

namespace Mycel.Node.Backends.Relay;

/// <summary>
/// The head of an HTTP/1.x response (RFC 9112), parsed in place over a copy of its bytes. One instance serves all the
/// responses of a connection, one after the other.
/// </summary>
internal sealed class ResponseHead
{
    /// <summary>Largest head accepted, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Most header lines accepted.</summary>
    public const int MaxHeaders = 256;

    private readonly List<Field> _fields = new(16);
    private byte[] _bytes = new byte[1024];

    private readonly record struct Field(int NameStart, int NameLength, int ValueStart, int ValueLength);

    /// <summary>Status code, 100–999.</summary>
    public int Status { get; private set; }

    /// <summary>Whether the connection may carry another exchange after this one.</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>Whether the body is in the chunked coding.</summary>
    public bool IsChunked { get; private set; }

    /// <summary>Body length in bytes, or -1 where none was given.</summary>
    public long ContentLength { get; private set; }

    public int HeaderCount => _fields.Count;

    public ReadOnlySpan<byte> Name(int index) => _bytes.AsSpan(_fields[index].NameStart, _fields[index].NameLength);

    public ReadOnlySpan<byte> Value(int index) => _bytes.AsSpan(_fields[index].ValueStart, _fields[index].ValueLength);

    /// <summary>The value of the first header of this name (lower case), or nothing.</summary>
    public ReadOnlySpan<byte> Find(ReadOnlySpan<byte> lowerCaseName)
    {
        for (var i = 0; i < _fields.Count; i++)
        {
            if (EqualsIgnoreCase(Name(i), lowerCaseName)) return Value(i);
        }
        return default;
    }

    /// <summary>Reads a head from the start of <paramref name="data"/>.</summary>
    /// <returns>Bytes consumed, or 0 when the head is not whole yet.</returns>
    /// <exception cref="DeviceFaultException">The bytes are no HTTP/1.x response head.</exception>
    public int TryParse(ReadOnlySpan<byte> data)
    {
        var end = EndOfHead(data);
        if (end == 0)
        {
            if (data.Length >= MaxBytes) throw Invalid("its reply's header is larger than 64 KB");
            if (data.Length >= 5 && !data.StartsWith("HTTP/"u8)) throw Invalid("its reply is not HTTP");
            return 0;
        }
        if (end > MaxBytes) throw Invalid("its reply's header is larger than 64 KB");
        if (_bytes.Length < end) _bytes = new byte[end];
        data[..end].CopyTo(_bytes);
        Parse(end);
        return end;
    }

    private static int EndOfHead(ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf("\n\r\n"u8);
        // Bare line feeds are tolerated, as RFC 9112 section 2.2 allows. The first empty line ends the head, whatever the body holds.
        var bare = (end < 0 ? data : data[..(end + 1)]).IndexOf("\n\n"u8);
        if (bare >= 0) return bare + 2;
        return end >= 0 ? end + 3 : 0;
    }

    private void Parse(int end)
    {
        _fields.Clear();
        var head = _bytes.AsSpan(0, end);
        var lineEnd = head.IndexOf((byte)'\n');
        ParseStatusLine(TrimCr(head[..lineEnd]), out var isHttp10);
        var position = lineEnd + 1;
        while (position < end)
        {
            var length = head[position..].IndexOf((byte)'\n');
            var line = TrimCr(head.Slice(position, length));
            if (line.IsEmpty) break;
            AddField(line, position);
            position += length + 1;
        }
        ApplyFraming(isHttp10);
    }

    private void ParseStatusLine(ReadOnlySpan<byte> line, out bool isHttp10)
    {
        isHttp10 = line.StartsWith("HTTP/1.0 "u8);
        if (!isHttp10 && !line.StartsWith("HTTP/1.1 "u8)) throw Invalid("its reply is not HTTP/1.1");
        if (line.Length < 12 || !Utf8Parser.TryParse(line.Slice(9, 3), out int status, out var used) || used != 3 || status < 100 || (line.Length > 12 && line[12] != ' '))
            throw Invalid("its reply has no valid status");
        Status = status;
    }

    private void AddField(ReadOnlySpan<byte> line, int offset)
    {
        if (_fields.Count == MaxHeaders) throw Invalid("its reply has too many headers");
        var colon = line.IndexOf((byte)':');
        // White space before a name is a folded line, behind it a way to hide a header: both are refused (RFC 9112, 5.1 and 5.2).
        if (colon < 1 || line[..colon].ContainsAny(" \t\r"u8)) throw Invalid("its reply has a malformed header");
        var value = line[(colon + 1)..];
        var start = offset + colon + 1;
        while (!value.IsEmpty && value[0] is (byte)' ' or (byte)'\t')
        {
            value = value[1..];
            start++;
        }
        while (!value.IsEmpty && value[^1] is (byte)' ' or (byte)'\t') value = value[..^1];
        _fields.Add(new Field(offset, colon, start, value.Length));
    }

    private void ApplyFraming(bool isHttp10)
    {
        KeepAlive = !isHttp10;
        var isClosing = false;
        IsChunked = false;
        ContentLength = -1;
        for (var i = 0; i < _fields.Count; i++)
        {
            var name = Name(i);
            var value = Value(i);
            switch (name.Length)
            {
                case 14 when EqualsIgnoreCase(name, "content-length"u8):
                    if (value.IsEmpty || !char.IsAsciiDigit((char)value[0]) || !Utf8Parser.TryParse(value, out long length, out var used) || used != value.Length || (ContentLength >= 0 && ContentLength != length))
                        throw Invalid("its reply has a broken Content-Length");
                    ContentLength = length;
                    break;
                case 17 when EqualsIgnoreCase(name, "transfer-encoding"u8):
                    if (IsChunked || !EqualsIgnoreCase(value, "chunked"u8)) throw Invalid("its reply has an unknown Transfer-Encoding");
                    IsChunked = true;
                    break;
                case 10 when EqualsIgnoreCase(name, "connection"u8):
                    if (ContainsIgnoreCase(value, "close"u8)) isClosing = true;
                    else if (isHttp10 && ContainsIgnoreCase(value, "keep-alive"u8)) KeepAlive = true;
                    break;
            }
        }
        // Both framings at once is the classic smuggling shape, and HTTP/1.0 knows no chunks: chunked wins, and the connection is not used
        // again (RFC 9112, 6.1 and 6.3).
        if (IsChunked && (isHttp10 || ContentLength >= 0))
        {
            ContentLength = -1;
            isClosing = true;
        }
        if (isClosing) KeepAlive = false;
        if (!IsChunked && ContentLength < 0 && Status is not (204 or 304)) KeepAlive = false;
    }

    /// <summary>ASCII comparison; <paramref name="lowerCase"/> is lower case already.</summary>
    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lowerCase) =>
        System.Text.Ascii.EqualsIgnoreCase(value, lowerCase);

    private static bool ContainsIgnoreCase(ReadOnlySpan<byte> list, ReadOnlySpan<byte> lowerCaseToken)
    {
        foreach (var range in list.Split((byte)','))
        {
            if (EqualsIgnoreCase(list[range].Trim(" \t"u8), lowerCaseToken)) return true;
        }
        return false;
    }

    private static ReadOnlySpan<byte> TrimCr(ReadOnlySpan<byte> line) => !line.IsEmpty && line[^1] == '\r' ? line[..^1] : line;

    private static DeviceFaultException Invalid(string what) => new(DeviceFaultKind.Invalid, what);
}
