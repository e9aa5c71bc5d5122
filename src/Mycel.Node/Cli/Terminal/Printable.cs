using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Makes text from elsewhere (model names, error messages) safe to show: no escape sequence reaches the terminal.</summary>
internal static class Printable
{
    /// <summary>The text in one line, control characters replaced by spaces, cut to <paramref name="maxLength"/> characters.</summary>
    public static string Line(string? text, int maxLength = 500)
    {
        if (string.IsNullOrEmpty(text)) return "";
        StringBuilder line = new(Math.Min(text.Length, maxLength));
        foreach (char c in text)
        {
            if (line.Length == maxLength)
            {
                line[^1] = '…';
                break;
            }

            line.Append(char.IsControl(c) ? ' ' : c);
        }

        return line.ToString().Trim();
    }

    /// <summary>The text with line breaks and tabs kept and all other control characters left out.</summary>
    public static string Block(ReadOnlySpan<char> text)
    {
        StringBuilder block = new(text.Length);
        foreach (char c in text)
        {
            if (!char.IsControl(c) || c is '\n' or '\t') block.Append(c);
        }

        return block.ToString();
    }
}
