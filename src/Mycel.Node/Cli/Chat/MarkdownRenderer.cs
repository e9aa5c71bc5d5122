using System.Text;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>
/// Renders Markdown for a terminal while it arrives. Text is shown as soon as what it is has become clear: plain words at once,
/// emphasis when it closes, a line's opening mark when the mark is complete. The same text gives the same output however it is cut.
/// </summary>
internal sealed class MarkdownRenderer
{
    /// <summary>Longest opening of a line that is held back while it is unclear, in characters.</summary>
    private const int MaxHeld = 256;

    private const int MaxRuleCells = 60;

    private readonly WrappingWriter _writer;
    private readonly MarkdownInline _inline;
    private readonly StringBuilder _held = new();
    private LineState _state = LineState.Start;
    private MarkdownFence? _fence;
    private string _indent = "";
    private int _quoteDepth;

    /// <summary>Writes to <paramref name="writer"/>.</summary>
    public MarkdownRenderer(WrappingWriter writer)
    {
        _writer = writer;
        _inline = new MarkdownInline(writer);
    }

    private enum LineState
    {
        Start,
        Text,
        Raw,
        Code,
    }

    /// <summary>Renders the next piece.</summary>
    public void Feed(ReadOnlySpan<char> text)
    {
        foreach (char c in text) Feed(c);
    }

    /// <summary>Shows what was still held back and returns to the terminal's own look.</summary>
    public void Finish()
    {
        if (_held.Length > 0) Decide(ended: true);
        _inline.EndLine();
        if (_fence is not null) _writer.Wraps = true;
        _fence = null;
        _state = LineState.Start;
        _writer.Finish();
    }

    private void Feed(char c)
    {
        if (c == '\r') return;
        if (c == '\n')
        {
            EndLine();
            return;
        }

        switch (_state)
        {
            case LineState.Start:
                _held.Append(c);
                Decide(ended: false);
                break;
            case LineState.Text:
                _inline.Feed(c);
                break;
            default:
                _writer.Write(c);
                break;
        }
    }

    private void EndLine()
    {
        if (_state == LineState.Start) Decide(ended: true);
        _inline.EndLine();
        _writer.NewLine();
        _writer.Style = TextStyle.Plain;
        _writer.Wraps = true;
        _writer.SetIndent("");
        _indent = "";
        _quoteDepth = 0;
        _held.Clear();
        _state = LineState.Start;
    }

    /// <summary>Looks whether the opening of the line is clear now, and if so, begins the line.</summary>
    private void Decide(bool ended)
    {
        string held = _held.ToString();
        if (_fence is not null)
        {
            DecideCode(_fence, held, ended);
            return;
        }

        int position = 0;
        while (true)
        {
            MarkdownLine line = MarkdownLine.Classify(held.AsSpan(position), ended || _held.Length >= MaxHeld);
            if (line.Kind == MarkdownLineKind.Unclear)
            {
                _held.Clear().Append(held.AsSpan(position));
                return;
            }

            if (line.Kind != MarkdownLineKind.Quote)
            {
                Begin(line, held.AsSpan(position));
                return;
            }

            BeginQuote(held.AsSpan(position, line.Indent));
            position += line.Consumed;
        }
    }

    private void DecideCode(MarkdownFence fence, string held, bool ended)
    {
        (MarkdownFence.LineKind kind, int consumed) = fence.Classify(held, ended || held.Length >= MaxHeld);
        switch (kind)
        {
            case MarkdownFence.LineKind.Unclear:
                break;
            case MarkdownFence.LineKind.Closing:
                _fence = null;
                _held.Clear();
                WriteRule("");
                _state = LineState.Raw;
                break;
            default:
                BeginCodeLine(held.AsSpan(consumed));
                break;
        }
    }

    private void BeginCodeLine(ReadOnlySpan<char> text)
    {
        _held.Clear();
        _writer.Wraps = false;
        _writer.Style = TextStyle.Code;
        _state = LineState.Code;
        _writer.Write(text);
    }

    private void BeginQuote(ReadOnlySpan<char> indent)
    {
        _quoteDepth++;
        WriteOpening(indent.ToString(), TextStyle.Plain);
        WriteOpening("│ ", TextStyle.Dim);
    }

    private void Begin(MarkdownLine line, ReadOnlySpan<char> held)
    {
        ReadOnlySpan<char> rest = held[line.Consumed..];
        string indent = new(' ', line.Indent);
        _held.Clear();
        _state = LineState.Text;
        switch (line.Kind)
        {
            case MarkdownLineKind.Heading:
                Start(line.Level <= 2 ? TextStyle.Bold | TextStyle.Heading : TextStyle.Bold);
                break;
            case MarkdownLineKind.Bullet:
                WriteOpening(indent, TextStyle.Plain);
                WriteOpening("• ", TextStyle.Accent, hanging: "  ");
                Start(TextStyle.Plain);
                break;
            case MarkdownLineKind.Numbered:
                WriteOpening(indent, TextStyle.Plain);
                string number = held[line.Indent..line.Consumed].Trim(' ').ToString() + " ";
                WriteOpening(number, TextStyle.Accent, hanging: new string(' ', number.Length));
                Start(TextStyle.Plain);
                break;
            case MarkdownLineKind.Rule:
                WriteRule("");
                _state = LineState.Raw;
                return;
            case MarkdownLineKind.Fence:
                _fence = line.Fence! with { QuoteDepth = _quoteDepth };
                WriteRule(line.Fence.Language);
                _state = LineState.Raw;
                return;
            case MarkdownLineKind.Table:
                _state = LineState.Raw;
                _writer.Wraps = false;
                _writer.Write(held);
                return;
            default:
                WriteOpening(indent, TextStyle.Plain);
                Start(TextStyle.Plain);
                break;
        }

        foreach (char c in rest) _inline.Feed(c);
    }

    private void Start(TextStyle style)
    {
        _writer.SetIndent(_indent);
        _inline.StartLine(style);
    }

    private void WriteOpening(string text, TextStyle style, string? hanging = null)
    {
        _writer.Style = style;
        _writer.Write(text);
        _writer.Style = TextStyle.Plain;
        _indent += hanging ?? text;
    }

    private void WriteRule(string label)
    {
        int cells = Math.Max(Math.Min(_writer.Width, MaxRuleCells) - CellWidth.Of(_indent), 4);
        _writer.Style = TextStyle.Dim;
        _writer.Wraps = false;
        if (label.Length == 0) _writer.Write(new string('─', cells));
        else if (CellWidth.Of(label) + 5 > cells) _writer.Write($"── {label[..Math.Min(label.Length, Math.Max(cells - 3, 0))]}");
        else _writer.Write($"── {label} {new string('─', cells - 4 - CellWidth.Of(label))}");
        _writer.Style = TextStyle.Plain;
    }
}
