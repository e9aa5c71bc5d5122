using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>
/// Writes styled text that wraps between words, at once, character by character: a word that turns out too long for
/// the line is taken back and written on the next one. What it writes depends on the characters alone, not on the pieces they come in.
/// </summary>
internal sealed class WrappingWriter
{
    private readonly StringBuilder _output;
    private readonly int _width;
    private readonly StringBuilder _word = new();
    private int _column;
    private int _wordCells;
    private TextStyle _wordStyle;
    private TextStyle _shown;
    private char _highSurrogate;
    private string _indent = "";
    private int _indentCells;

    /// <summary>Appends to <paramref name="output"/>, for a terminal of <paramref name="width"/> cells.</summary>
    public WrappingWriter(StringBuilder output, int width)
    {
        _output = output;
        // The last cell stays free: with the cursor past it, terminals disagree on where "left" leads.
        _width = Math.Max(width - 1, MinimumWidth);
    }

    /// <summary>Fewer cells than this are treated as this many.</summary>
    public const int MinimumWidth = 10;

    /// <summary>Cells usable in one line.</summary>
    public int Width => _width;

    /// <summary>The look of what is written next.</summary>
    public TextStyle Style { get; set; }

    /// <summary>Whether lines are wrapped here; if not, the terminal does it.</summary>
    public bool Wraps { get; set; } = true;

    /// <summary>Whether nothing has been written since the last line break.</summary>
    public bool AtLineStart => _column == 0;

    /// <summary>Sets what wrapped lines start with: dim text (a quotation's bar) and then spaces.</summary>
    public void SetIndent(string indent)
    {
        int cells = CellWidth.Of(indent);
        // Deep nesting on a narrow terminal would leave no room for words.
        (_indent, _indentCells) = cells <= _width / 2 ? (indent, cells) : ("", 0);
    }

    /// <summary>Writes text. Control characters other than line breaks and tabs are left out, so that it can't steer the terminal.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        foreach (char c in text) Write(c);
    }

    /// <summary>Writes one UTF-16 unit; the first half of a pair waits for the second.</summary>
    public void Write(char c)
    {
        if (char.IsHighSurrogate(c))
        {
            _highSurrogate = c;
            return;
        }

        if (c == '\n') NewLine();
        else if (c == '\t') WriteTab();
        else if (char.IsLowSurrogate(c)) WritePair(c);
        else if (!char.IsControl(c)) WriteRune(new Rune(c));
        _highSurrogate = '\0';
    }

    /// <summary>Ends the line.</summary>
    public void NewLine()
    {
        Show(TextStyle.Plain);
        _output.Append('\n');
        _column = 0;
        EndWord();
    }

    /// <summary>Returns to the terminal's own look.</summary>
    public void Finish()
    {
        Style = TextStyle.Plain;
        Show(TextStyle.Plain);
        EndWord();
    }

    private void WritePair(char low)
    {
        if (_highSurrogate != '\0') WriteRune(new Rune(_highSurrogate, low));
    }

    private void WriteTab()
    {
        if (Wraps) WriteRune(new Rune(' '));
        else
        {
            Show(Style);
            _output.Append("    ");
            _column += 4;
        }
    }

    private void WriteRune(Rune rune)
    {
        int cells = CellWidth.Of(rune);
        if (Wraps && _column + cells > _width && cells > 0)
        {
            if (rune.Value == ' ')
            {
                StartWrappedLine();
                EndWord();
                return;
            }

            if (cells == 2) EndWord();
            WrapWord();
        }

        if (_word.Length == 0) _wordStyle = Style;
        int before = _output.Length;
        Show(Style);
        _output.Append(rune.ToString());
        _column += cells;
        if (rune.Value == ' ' || cells == 2) EndWord();
        else if (Wraps)
        {
            _word.Append(_output, before, _output.Length - before);
            _wordCells += cells;
        }
    }

    private void WrapWord()
    {
        bool wordFillsLine = _wordCells + _indentCells >= _width;
        if (wordFillsLine || _wordCells == 0)
        {
            StartWrappedLine();
            EndWord();
            return;
        }

        // The look may change inside the word; the word holds those sequences, so it ends in the look shown now.
        TextStyle lookAtEnd = _shown;
        Show(TextStyle.Plain);
        _output.Append($"\e[{_wordCells}D\e[K");
        StartWrappedLine();
        Show(_wordStyle);
        _output.Append(_word);
        _shown = lookAtEnd;
        _column += _wordCells;
    }

    private void StartWrappedLine()
    {
        Show(TextStyle.Plain);
        _output.Append('\n');
        if (_indentCells > 0)
        {
            Show(_indent.AsSpan().Trim().IsEmpty ? TextStyle.Plain : TextStyle.Dim);
            _output.Append(_indent);
            Show(TextStyle.Plain);
        }

        _column = _indentCells;
    }

    private void Show(TextStyle style)
    {
        if (style == _shown) return;
        _output.Append(TextStyles.Sequence(style));
        _shown = style;
    }

    private void EndWord()
    {
        _word.Clear();
        _wordCells = 0;
    }
}
