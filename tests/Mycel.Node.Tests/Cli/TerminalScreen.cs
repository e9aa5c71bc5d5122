using System.Globalization;
using System.Text;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

/// <summary>A small terminal: shows what a person would see of the characters written to it. It scrolls without an end.</summary>
internal sealed class TerminalScreen(int width)
{
    private readonly List<List<string>> _rows = [[]];

    public int Row { get; private set; }

    public int Column { get; private set; }

    /// <summary>Rows without trailing spaces, and without empty rows at the end.</summary>
    public string Text => string.Join('\n', _rows.Select(row => string.Concat(row).TrimEnd())).TrimEnd('\n');

    public TerminalScreen Write(string output)
    {
        int position = 0;
        while (position < output.Length)
        {
            if (output[position] == '\e') position = Sequence(output, position + 2);
            else if (output[position] == '\n') (Row, Column, position) = (Row + 1, 0, position + 1);
            else if (output[position] == '\r') (Column, position) = (0, position + 1);
            else
            {
                Rune rune = Rune.GetRuneAt(output, position);
                Put(rune);
                position += rune.Utf16SequenceLength;
            }
        }

        return this;
    }

    private void Put(Rune rune)
    {
        int cells = CellWidth.Of(rune);
        Assert.True(Column + cells <= width, $"'{rune}' was written past the right edge");
        List<string> row = RowAt(Row);
        while (row.Count < Column + cells) row.Add(" ");
        row[Column] = rune.ToString();
        if (cells == 2) row[Column + 1] = "";
        Column += cells;
    }

    private int Sequence(string output, int start)
    {
        int end = start;
        while (!char.IsAsciiLetter(output[end])) end++;
        string argument = output[start..end];
        int number = int.TryParse(argument, CultureInfo.InvariantCulture, out int given) ? given : 1;
        switch (output[end])
        {
            case 'A': Row -= number; break;
            case 'C': Column += number; break;
            case 'D': Column -= number; break;
            case 'K': Truncate(RowAt(Row)); break;
            case 'J':
                Truncate(RowAt(Row));
                _rows.RemoveRange(Row + 1, Math.Max(_rows.Count - Row - 1, 0));
                break;
            default: break;
        }

        Assert.True(Row >= 0 && Column >= 0, "the cursor left the screen");
        return end + 1;
    }

    private void Truncate(List<string> row)
    {
        if (row.Count > Column) row.RemoveRange(Column, row.Count - Column);
    }

    private List<string> RowAt(int index)
    {
        while (_rows.Count <= index) _rows.Add([]);
        return _rows[index];
    }
}
