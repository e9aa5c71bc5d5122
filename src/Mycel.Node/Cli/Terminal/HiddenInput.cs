using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Reads what nobody should see: typed without being shown, or the first line of a pipe.</summary>
internal static class HiddenInput
{
    /// <summary>Longest line taken, in characters; the rest is left out.</summary>
    private const int MaxLength = 8_192;

    /// <summary>Reads one line, without spaces around it.</summary>
    /// <param name="prompt">Shown on standard error when a person types.</param>
    /// <param name="console">Whether one does.</param>
    public static string Read(string prompt, CliConsole console)
    {
        if (!console.InputIsTerminal) return ReadPipe();
        console.Error.Write(prompt);
        console.Error.Flush();
        StringBuilder text = new();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter) break;
            if (key.Key == ConsoleKey.Backspace && text.Length > 0) text.Length--;
            else if (!char.IsControl(key.KeyChar) && text.Length < MaxLength) text.Append(key.KeyChar);
        }

        console.Error.WriteLine();
        return text.ToString().Trim();
    }

    private static string ReadPipe()
    {
        StringBuilder text = new();
        int c;
        while ((c = Console.In.Read()) >= 0 && c != '\n' && text.Length < MaxLength) text.Append((char)c);
        return text.ToString().Trim();
    }
}
