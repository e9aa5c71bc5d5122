using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>A table without lines: columns as wide as what stands in them, and those that may shrink cut off where the terminal is too narrow.</summary>
internal sealed class TextTable
{
    private const int Gap = 2;
    private const int NarrowestCells = 8;

    private readonly List<Column> _columns = [];
    private readonly List<Cell[]> _rows = [];

    /// <summary>Adds a column.</summary>
    /// <param name="title">Its heading.</param>
    /// <param name="rightAligned">For figures.</param>
    /// <param name="shrinks">Whether its text may be cut off; the widest such column is cut first.</param>
    public TextTable Add(string title, bool rightAligned = false, bool shrinks = false)
    {
        _columns.Add(new Column(title, rightAligned, shrinks));
        return this;
    }

    /// <summary>Adds a row with a cell for each column.</summary>
    public void AddRow(params ReadOnlySpan<Cell> cells)
    {
        if (cells.Length != _columns.Count) throw new ArgumentException("A row needs a cell for each column.", nameof(cells));
        _rows.Add([.. cells.ToArray().Select(cell => cell with { Text = Printable.Line(cell.Text) })]);
    }

    /// <summary>Writes the table.</summary>
    public void Write(CliConsole console)
    {
        int[] widths = Fit(console.Width);
        console.Out.WriteLine(Line([.. _columns.Select(column => new Cell(column.Title, TextStyle.Dim))], widths, console));
        foreach (Cell[] row in _rows) console.Out.WriteLine(Line(row, widths, console));
    }

    private int[] Fit(int available)
    {
        int[] widths = [.. _columns.Select((column, i) => _rows.Select(row => CellWidth.Of(row[i].Text)).Append(CellWidth.Of(column.Title)).Max())];
        int excess = widths.Sum() + (Gap * (widths.Length - 1)) - available;
        while (excess > 0)
        {
            int widest = -1;
            for (int i = 0; i < widths.Length; i++)
            {
                if (_columns[i].Shrinks && widths[i] > NarrowestCells && (widest < 0 || widths[i] > widths[widest])) widest = i;
            }

            if (widest < 0) break;
            widths[widest]--;
            excess--;
        }

        return widths;
    }

    private string Line(Cell[] cells, int[] widths, CliConsole console)
    {
        StringBuilder line = new();
        for (int i = 0; i < cells.Length; i++)
        {
            string text = Cut(cells[i].Text, widths[i]);
            string padding = new(' ', widths[i] - CellWidth.Of(text));
            string styled = cells[i].Style == TextStyle.Plain ? text : console.Styled(text, cells[i].Style);
            bool last = i == cells.Length - 1;
            line.Append(_columns[i].RightAligned ? padding + styled : last ? styled : styled + padding);
            if (!last) line.Append(' ', Gap);
        }

        return line.ToString();
    }

    private static string Cut(string text, int width)
    {
        if (CellWidth.Of(text) <= width) return text;
        StringBuilder cut = new();
        int cells = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            cells += CellWidth.Of(rune);
            if (cells > width - 1) break;
            cut.Append(rune.ToString());
        }

        return cut.Append('…').ToString();
    }

    /// <summary>What stands in a row's column.</summary>
    /// <param name="Text">Its text; control characters are taken out.</param>
    /// <param name="Style">Its look.</param>
    internal readonly record struct Cell(string Text, TextStyle Style = TextStyle.Plain)
    {
        /// <summary>Plain text.</summary>
        public static implicit operator Cell(string text) => new(text);
    }

    private sealed record Column(string Title, bool RightAligned, bool Shrinks);
}
