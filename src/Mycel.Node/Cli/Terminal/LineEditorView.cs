using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Draws the edited line over its former self, on as many terminal rows as it takes and the screen has.</summary>
internal sealed class LineEditorView
{
    private int _cursorRow;
    private int _top;

    /// <summary>Forgets the former drawing: the cursor stands at the start of a fresh row.</summary>
    public void Reset() => (_cursorRow, _top) = (0, 0);

    /// <summary>The characters that redraw the line and place the cursor.</summary>
    /// <param name="prompt">Before the first row, as shown.</param>
    /// <param name="promptSequence">Escape sequence of the prompt's look, or empty.</param>
    /// <param name="text">The line.</param>
    /// <param name="cursor">The cursor's index in <paramref name="text"/>.</param>
    /// <param name="width">The terminal's width in cells.</param>
    /// <param name="height">The terminal's height in rows; of a longer text the rows around the cursor are shown.</param>
    public string Draw(string prompt, string promptSequence, string text, int cursor, int width, int height)
    {
        int promptCells = CellWidth.Of(prompt);
        Layout layout = new(Math.Max(width, 2), promptCells);
        layout.Add(text, cursor);

        int rows = Math.Clamp(height - 1, 1, layout.Rows.Count);
        _top = Math.Clamp(_top, Math.Max(layout.CursorRow - rows + 1, 0), layout.CursorRow);
        _top = Math.Min(_top, layout.Rows.Count - rows);

        StringBuilder output = new();
        if (_cursorRow > 0) output.Append($"\e[{_cursorRow}A");
        output.Append("\r\e[J");
        for (int row = _top; row < _top + rows; row++)
        {
            if (row > _top) output.Append("\r\n");
            if (row == 0) output.Append(promptSequence).Append(prompt).Append(promptSequence.Length > 0 ? TextStyles.Reset : "");
            output.Append(layout.Rows[row]);
        }

        int up = _top + rows - 1 - layout.CursorRow;
        if (up > 0) output.Append($"\e[{up}A");
        output.Append('\r');
        if (layout.CursorColumn > 0) output.Append($"\e[{layout.CursorColumn}C");
        _cursorRow = layout.CursorRow - _top;
        return output.ToString();
    }

    /// <summary>Breaks the text into rows itself, so that nothing depends on how a terminal treats a full row.</summary>
    private sealed class Layout(int width, int promptCells)
    {
        private readonly int _width = width;
        private readonly int _indent = promptCells;
        private int _column = promptCells;

        public List<StringBuilder> Rows { get; } = [new()];

        public int CursorRow { get; private set; }

        public int CursorColumn { get; private set; }

        public void Add(string text, int cursor)
        {
            int index = 0;
            foreach (Rune rune in text.EnumerateRunes())
            {
                bool placesCursor = index == cursor;
                index += rune.Utf16SequenceLength;
                if (rune.Value == '\n')
                {
                    if (placesCursor) PlaceCursor();
                    Break(_indent);
                    continue;
                }

                bool control = Rune.IsControl(rune);
                int cells = control ? 1 : CellWidth.Of(rune);
                if (_column + cells > _width) Break(0);
                if (placesCursor) PlaceCursor();
                Rows[^1].Append(control ? "?" : rune.ToString());
                _column += cells;
            }

            if (_column >= _width) Break(0);
            if (cursor >= index) PlaceCursor();
        }

        private void PlaceCursor() => (CursorRow, CursorColumn) = (Rows.Count - 1, Math.Min(_column, _width - 1));

        private void Break(int indent)
        {
            Rows.Add(new StringBuilder().Append(' ', indent));
            _column = indent;
        }
    }
}
