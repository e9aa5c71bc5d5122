using System.Text;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Text out of UTF-8 that comes in parts. A character cut in two waits for its rest, so that no half of one is shown.</summary>
internal sealed class TextDecoder
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _chars = new char[64];

    /// <summary>The characters that are whole by now; valid until the next call.</summary>
    public ReadOnlySpan<char> Decode(ReadOnlySpan<byte> utf8)
    {
        // A character may have begun in the bytes before these.
        var most = utf8.Length + 4;
        if (_chars.Length < most) _chars = new char[most * 2];
        return _chars.AsSpan(0, _decoder.GetChars(utf8, _chars, flush: false));
    }
}
