using System.Text;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Top;

/// <summary>The whole terminal for as long as it lives; what stood there before comes back after.</summary>
internal sealed class TopScreen : IDisposable
{
    // The other screen, without the cursor, and without lines that run over into the next.
    private const string Enter = "\e[?1049h\e[?25l\e[?7l";
    private const string Leave = "\e[?7h\e[?25h\e[?1049l";

    private readonly CliConsole _console;

    /// <summary>Takes the terminal.</summary>
    public TopScreen(CliConsole console)
    {
        _console = console;
        _console.Out.Write(Enter);
        _console.Out.Flush();
    }

    /// <summary>Draws the node over what stood there, in one piece so that nothing flickers.</summary>
    public void Draw(TopState state)
    {
        int height = Math.Max(4, _console.Height);
        using StringWriter text = new() { NewLine = "\n" };
        TopView.Write(state, new CliConsole(text, TextWriter.Null, _console.OutputIsTerminal, false, _console.Colour), height - 2);
        string[] lines = text.ToString().Split('\n');
        StringBuilder page = new("\e[H");
        for (int row = 0; row < height - 1; row++) page.Append("\e[2K").Append(row < lines.Length ? lines[row] : "").Append("\r\n");
        page.Append("\e[2K").Append(_console.Styled("q ends", TextStyle.Dim));
        _console.Out.Write(page.ToString());
        _console.Out.Flush();
    }

    /// <summary>Gives the terminal back.</summary>
    public void Dispose()
    {
        _console.Out.Write(Leave);
        _console.Out.Flush();
    }
}
