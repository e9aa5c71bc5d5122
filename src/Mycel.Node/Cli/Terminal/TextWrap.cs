using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Breaks finished text between words. Escape sequences for looks take no room.</summary>
internal static class TextWrap
{
    /// <summary>The text with line breaks so that no line is wider than <paramref name="width"/> cells, unless a word is.</summary>
    /// <param name="text">Text; line breaks in it stay.</param>
    /// <param name="width">Cells in a line.</param>
    /// <param name="hanging">Spaces before each line but the first.</param>
    public static string Wrap(string text, int width, int hanging = 0)
    {
        if (hanging > width / 2) hanging = 2;
        StringBuilder output = new(text.Length + 16);
        int column = 0;
        foreach (string line in text.Split('\n'))
        {
            if (output.Length > 0)
            {
                output.Append('\n');
                column = 0;
            }

            WrapLine(line, width, hanging, output, ref column);
        }

        return output.ToString();
    }

    private static void WrapLine(string line, int width, int hanging, StringBuilder output, ref int column)
    {
        int position = 0;
        while (position < line.Length)
        {
            int wordStart = position;
            while (wordStart < line.Length && line[wordStart] == ' ') wordStart++;
            int wordEnd = wordStart;
            while (wordEnd < line.Length && line[wordEnd] != ' ') wordEnd++;

            int spaces = wordStart - position;
            ReadOnlySpan<char> word = line.AsSpan(wordStart, wordEnd - wordStart);
            int cells = Cells(word);
            if (column > hanging && column + spaces + cells > width)
            {
                output.Append('\n').Append(' ', hanging);
                column = hanging;
                spaces = 0;
            }

            output.Append(' ', spaces).Append(word);
            column += spaces + cells;
            position = wordEnd;
        }
    }

    private static int Cells(ReadOnlySpan<char> text)
    {
        int cells = 0;
        while (!text.IsEmpty)
        {
            int escape = text.IndexOf('\e');
            cells += CellWidth.Of(escape < 0 ? text : text[..escape]);
            if (escape < 0) break;
            int end = text[escape..].IndexOf('m');
            if (end < 0) break;
            text = text[(escape + end + 1)..];
        }

        return cells;
    }
}
