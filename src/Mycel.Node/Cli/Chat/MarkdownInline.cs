using System.Text;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>Renders what stands inside a line: emphasis, code, links. Holds text back only from a mark that may open something to its close.</summary>
internal sealed class MarkdownInline
{
    /// <summary>Longest span that is waited for, in characters; a mark not closed by then is ordinary text.</summary>
    public const int MaxSpan = 400;

    private readonly WrappingWriter _writer;
    private readonly StringBuilder _pending = new();
    private TextStyle _base;
    private char _previous = ' ';

    /// <summary>Writes to <paramref name="writer"/>.</summary>
    public MarkdownInline(WrappingWriter writer) => _writer = writer;

    /// <summary>Begins a line whose ordinary text looks like <paramref name="style"/>.</summary>
    public void StartLine(TextStyle style)
    {
        _base = style;
        _previous = ' ';
        _pending.Clear();
    }

    /// <summary>Takes the next character of the line.</summary>
    public void Feed(char c)
    {
        if (_pending.Length == 0 && !IsMark(c))
        {
            Emit(c, _base);
            _previous = c;
            return;
        }

        _pending.Append(c);
        string text = _pending.ToString();
        int consumed = Render(text, _base, ended: false, ref _previous);
        if (consumed > 0) _pending.Remove(0, consumed);
    }

    /// <summary>Shows what was still held back.</summary>
    public void EndLine()
    {
        if (_pending.Length == 0) return;
        string text = _pending.ToString();
        _pending.Clear();
        Render(text, _base, ended: true, ref _previous);
    }

    private static bool IsMark(char c) => c is '*' or '_' or '`' or '[' or '!' or '~' or '\\';

    /// <summary>Renders from the front as much as is clear; the result is how much that was.</summary>
    private int Render(ReadOnlySpan<char> text, TextStyle style, bool ended, ref char previous)
    {
        int position = 0;
        while (position < text.Length)
        {
            ReadOnlySpan<char> rest = text[position..];
            bool patient = !ended && rest.Length < MaxSpan;
            int consumed = rest[0] switch
            {
                '`' => RenderCode(rest, style, patient),
                '*' or '_' => RenderEmphasis(rest, style, patient, previous),
                '~' => RenderStrike(rest, style, patient),
                '[' => RenderLink(rest, 0, style, patient),
                '!' => RenderImage(rest, style, patient),
                '\\' => RenderEscape(rest, style, patient),
                _ => Literal(rest, 1, style),
            };
            if (consumed == 0) break;
            position += consumed;
            previous = text[position - 1];
        }

        return position;
    }

    private int RenderCode(ReadOnlySpan<char> text, TextStyle style, bool patient)
    {
        int run = RunLength(text, 0);
        if (run == text.Length && patient) return 0;
        int close = FindCodeClose(text, run);
        // A closing run at the end may still grow, and then closes nothing.
        if (patient && (close < 0 || close + run == text.Length)) return 0;
        return close < 0 ? Literal(text, run, style) : Code(text, run, close, style);
    }

    private int Code(ReadOnlySpan<char> text, int run, int close, TextStyle style)
    {
        ReadOnlySpan<char> code = text[run..close];
        if (code.Length > 2 && code[0] == ' ' && code[^1] == ' ' && !code.Trim(' ').IsEmpty) code = code[1..^1];
        Emit(code, (style & ~TextStyle.Heading) | TextStyle.Code);
        return close + run;
    }

    /// <summary>Where a run of exactly as many backticks begins that closes the code opened at 0, or -1.</summary>
    private static int FindCodeClose(ReadOnlySpan<char> text, int run)
    {
        int position = run;
        while (position < text.Length)
        {
            int next = text[position..].IndexOf('`');
            if (next < 0) return -1;
            position += next;
            int length = RunLength(text, position);
            if (length == run) return position;
            position += length;
        }

        return -1;
    }

    private int RenderEmphasis(ReadOnlySpan<char> text, TextStyle style, bool patient, char previous)
    {
        char mark = text[0];
        int run = RunLength(text, 0);
        if (run == text.Length && patient) return 0;
        bool opens = run <= 3 && run < text.Length && !char.IsWhiteSpace(text[run]) && (mark == '*' || !char.IsLetterOrDigit(previous));
        if (!opens) return Literal(text, run, style);

        int close = FindEmphasisClose(text, mark, run, patient);
        if (close == Wait) return 0;
        if (close < 0) return patient ? 0 : Literal(text, run, style);
        TextStyle inner = style | run switch { 1 => TextStyle.Italic, 2 => TextStyle.Bold, _ => TextStyle.Bold | TextStyle.Italic };
        char innerPrevious = mark;
        Render(text[run..close], inner, ended: true, ref innerPrevious);
        return close + run;
    }

    private const int Wait = -2;

    /// <summary>Where the marks begin that close the emphasis opened at 0; -1 when there are none, <see cref="Wait"/> when the next character decides.</summary>
    private static int FindEmphasisClose(ReadOnlySpan<char> text, char mark, int run, bool patient)
    {
        int position = run;
        while (position < text.Length)
        {
            char c = text[position];
            if (c == '\\')
            {
                position += 2;
                continue;
            }

            int length = c == mark || c == '`' ? RunLength(text, position) : 1;
            if (c == '`')
            {
                int close = FindCodeClose(text[position..], length);
                position += close < 0 ? length : close + length;
                continue;
            }

            if (c == mark && !char.IsWhiteSpace(text[position - 1]) && (length == run || (length == 3 && run < 3)))
            {
                int end = position + length;
                if (end == text.Length && patient) return Wait;
                if (mark == '*' || end == text.Length || !char.IsLetterOrDigit(text[end])) return end - run;
            }

            position += length;
        }

        return -1;
    }

    private int RenderStrike(ReadOnlySpan<char> text, TextStyle style, bool patient)
    {
        int run = RunLength(text, 0);
        if (run == text.Length && patient) return 0;
        if (run != 2 || run == text.Length || char.IsWhiteSpace(text[2])) return Literal(text, run, style);
        int close = text[2..].IndexOf("~~");
        if (close < 0) return patient ? 0 : Literal(text, run, style);
        char previous = '~';
        Render(text.Slice(2, close), style | TextStyle.Strike, ended: true, ref previous);
        return close + 4;
    }

    private int RenderImage(ReadOnlySpan<char> text, TextStyle style, bool patient)
    {
        if (text.Length == 1) return patient ? 0 : Literal(text, 1, style);
        return text[1] == '[' ? RenderLink(text, 1, style, patient) : Literal(text, 1, style);
    }

    /// <summary>Renders <c>[label](address)</c> as the underlined label with the address after it.</summary>
    private int RenderLink(ReadOnlySpan<char> text, int start, TextStyle style, bool patient)
    {
        int labelEnd = text.IndexOf(']');
        if (labelEnd < 0) return patient ? 0 : Literal(text, start + 1, style);
        if (labelEnd + 1 == text.Length && patient) return 0;
        if (labelEnd + 1 == text.Length || text[labelEnd + 1] != '(') return Literal(text, start + 1, style);
        int addressEnd = FindAddressEnd(text, labelEnd + 2);
        if (addressEnd < 0) return patient ? 0 : Literal(text, start + 1, style);

        ReadOnlySpan<char> label = text[(start + 1)..labelEnd];
        ReadOnlySpan<char> address = text[(labelEnd + 2)..addressEnd].Trim();
        if (label.IsEmpty || label.SequenceEqual(address))
        {
            Emit(address, style | TextStyle.Underline);
            return addressEnd + 1;
        }

        char previous = '[';
        Render(label, style | TextStyle.Underline, ended: true, ref previous);
        Emit(" (", style | TextStyle.Dim);
        Emit(address, style | TextStyle.Dim);
        Emit(")", style | TextStyle.Dim);
        return addressEnd + 1;
    }

    /// <summary>Where the address's closing parenthesis is; or -1.</summary>
    private static int FindAddressEnd(ReadOnlySpan<char> text, int start)
    {
        int depth = 0;
        for (int i = start; i < text.Length; i++)
        {
            if (text[i] == '(') depth++;
            else if (text[i] == ')' && depth-- == 0) return i;
        }

        return -1;
    }

    private int RenderEscape(ReadOnlySpan<char> text, TextStyle style, bool patient)
    {
        if (text.Length == 1) return patient ? 0 : Literal(text, 1, style);
        if (!char.IsAsciiLetterOrDigit(text[1]) && text[1] is > ' ' and < '\x7f')
        {
            Emit(text[1], style);
            return 2;
        }

        return Literal(text, 1, style);
    }

    private int Literal(ReadOnlySpan<char> text, int length, TextStyle style)
    {
        Emit(text[..length], style);
        return length;
    }

    private void Emit(ReadOnlySpan<char> text, TextStyle style)
    {
        foreach (char c in text) Emit(c, style);
    }

    private void Emit(char c, TextStyle style)
    {
        _writer.Style = style;
        _writer.Write(c);
    }

    private static int RunLength(ReadOnlySpan<char> text, int start)
    {
        int end = start;
        while (end < text.Length && text[end] == text[start]) end++;
        return end - start;
    }
}
