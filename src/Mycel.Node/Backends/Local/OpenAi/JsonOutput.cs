using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>
/// JSON written piece by piece into one buffer that is used again and again: an event is a constant beginning, an escaped
/// text and a constant end, so that a token costs no objects.
/// </summary>
internal sealed class JsonOutput
{
    private static readonly SearchValues<char> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);

    private readonly ArrayBufferWriter<byte> _bytes = new(1024);

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public int Length => _bytes.WrittenCount;

    public void Clear() => _bytes.ResetWrittenCount();

    /// <summary>Bytes that are JSON already.</summary>
    public JsonOutput Raw(ReadOnlySpan<byte> json)
    {
        _bytes.Write(json);
        return this;
    }

    /// <summary>A text as a JSON string, quotes included; <c>null</c> where there is none.</summary>
    public JsonOutput String(string? text) => text is null ? Raw("null"u8) : Raw("\""u8).Text(text).Raw("\""u8);

    /// <summary>The inside of a JSON string. Everything but quotes, backslashes and control characters goes as it is.</summary>
    public JsonOutput Text(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            var clean = text.IndexOfAny(Escaped);
            if (clean < 0) clean = text.Length;
            if (clean > 0)
            {
                var target = _bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(clean));
                _bytes.Advance(Encoding.UTF8.GetBytes(text[..clean], target));
            }
            if (clean == text.Length) return this;
            Escape(text[clean]);
            text = text[(clean + 1)..];
        }
        return this;
    }

    public JsonOutput Number(long number)
    {
        number.TryFormat(_bytes.GetSpan(24), out var written, default, CultureInfo.InvariantCulture);
        _bytes.Advance(written);
        return this;
    }

    /// <summary>A 32-bit number, such that reading it gives the same one. What JSON cannot say becomes 0.</summary>
    public JsonOutput Number(float number)
    {
        (float.IsFinite(number) ? number : 0).TryFormat(_bytes.GetSpan(32), out var written, default, CultureInfo.InvariantCulture);
        _bytes.Advance(written);
        return this;
    }

    /// <summary>A number with three decimals.</summary>
    public JsonOutput Decimal(double number)
    {
        (double.IsFinite(number) ? number : 0).TryFormat(_bytes.GetSpan(340), out var written, "0.###", CultureInfo.InvariantCulture);
        _bytes.Advance(written);
        return this;
    }

    /// <summary>Bytes as the inside of a JSON string, in base64.</summary>
    public JsonOutput Base64(ReadOnlySpan<byte> bytes)
    {
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, _bytes.GetSpan(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out var written);
        _bytes.Advance(written);
        return this;
    }

    private void Escape(char character)
    {
        switch (character)
        {
            case '"':
                _bytes.Write("\\\""u8);
                break;
            case '\\':
                _bytes.Write("\\\\"u8);
                break;
            case '\n':
                _bytes.Write("\\n"u8);
                break;
            case '\r':
                _bytes.Write("\\r"u8);
                break;
            case '\t':
                _bytes.Write("\\t"u8);
                break;
            default:
                _bytes.Write("\\u00"u8);
                var digits = _bytes.GetSpan(2);
                ((int)character).TryFormat(digits, out _, "x2", CultureInfo.InvariantCulture);
                _bytes.Advance(2);
                break;
        }
    }
}
