using Spectre.Console;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Where a command writes, and what that can show.</summary>
internal sealed class CliConsole
{
    /// <summary>Width of tables that go to a file or a pipe: nothing is cut or wrapped there.</summary>
    private const int UnlimitedWidth = 10_000;

    private const int FallbackWidth = 80;
    private const int FallbackHeight = 24;

    private readonly Lazy<IAnsiConsole> _spectre;

    /// <summary>Writes to <paramref name="output"/> and <paramref name="error"/>.</summary>
    /// <param name="output">For what was asked for.</param>
    /// <param name="error">For what went wrong and for notes.</param>
    /// <param name="outputIsTerminal">Whether a person reads the output as it is written.</param>
    /// <param name="inputIsTerminal">Whether a person can be asked.</param>
    /// <param name="colour">Whether escape sequences for looks are welcome.</param>
    public CliConsole(TextWriter output, TextWriter error, bool outputIsTerminal, bool inputIsTerminal, bool colour)
    {
        Out = output;
        Error = error;
        OutputIsTerminal = outputIsTerminal;
        InputIsTerminal = inputIsTerminal;
        Colour = colour;
        _spectre = new Lazy<IAnsiConsole>(CreateSpectre);
    }

    /// <summary>For what was asked for.</summary>
    public TextWriter Out { get; }

    /// <summary>For what went wrong, and for notes.</summary>
    public TextWriter Error { get; }

    /// <summary>Whether a person reads the output as it is written.</summary>
    public bool OutputIsTerminal { get; }

    /// <summary>Whether a person can be asked.</summary>
    public bool InputIsTerminal { get; }

    /// <summary>Whether escape sequences for looks are welcome: a terminal, and NO_COLOR not set.</summary>
    public bool Colour { get; }

    /// <summary>Whether a person reads and can be asked.</summary>
    public bool IsInteractive => OutputIsTerminal && InputIsTerminal;

    /// <summary>Prompts that let a person choose.</summary>
    public IAnsiConsole Spectre => _spectre.Value;

    /// <summary>Cells in a row.</summary>
    public int Width => OutputIsTerminal ? Measure(() => Console.WindowWidth, FallbackWidth) : UnlimitedWidth;

    /// <summary>Rows on the screen.</summary>
    public int Height => OutputIsTerminal ? Measure(() => Console.WindowHeight, FallbackHeight) : FallbackHeight;

    /// <summary>The console of this process, when <paramref name="output"/> is its standard output; otherwise plain writers.</summary>
    public static CliConsole For(TextWriter output, TextWriter error)
    {
        if (!ReferenceEquals(output, Console.Out)) return new CliConsole(output, error, false, false, false);
        bool dumb = string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);
        bool terminal = !Console.IsOutputRedirected && !dumb && SupportsSequences();
        bool noColour = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new CliConsole(output, error, terminal, !Console.IsInputRedirected && !dumb, terminal && !noColour);
    }

    /// <summary>Text in a look, or as it is where looks are not welcome.</summary>
    public string Styled(string text, TextStyle style) => Colour ? TextStyles.Sequence(style) + text + TextStyles.Reset : text;

    /// <summary>Writes text as lines that fit the terminal.</summary>
    /// <param name="text">The text.</param>
    /// <param name="hanging">Spaces before each line but the first.</param>
    public void WriteLine(string text, int hanging = 0) => Out.WriteLine(TextWrap.Wrap(text, Width, hanging));

    /// <summary>Writes a sentence about what went wrong.</summary>
    public void WriteError(string message)
    {
        const string Word = "error:";
        string text = Colour && !Console.IsErrorRedirected
            ? $"{TextStyles.Sequence(TextStyle.Bold | TextStyle.Error)}{Word}{TextStyles.Reset} {message}"
            : $"{Word} {message}";
        Error.WriteLine(TextWrap.Wrap(text, Width));
    }

    /// <summary>Shows a note while something is waited for, and takes it away after; only where a person reads it.</summary>
    public async Task<T> WhileWaitingAsync<T>(string note, Task<T> work)
    {
        if (!OutputIsTerminal) return await work;
        string shown = note.Length < Width ? note : note[..(Width - 1)];
        Out.Write(Styled(shown, TextStyle.Dim));
        Out.Flush();
        try
        {
            return await work;
        }
        finally
        {
            Out.Write("\r\e[K");
            Out.Flush();
        }
    }

    // Old Windows consoles need to be switched to escape sequences; Spectre's detection does that.
    private static bool SupportsSequences() => !OperatingSystem.IsWindows() || AnsiConsole.Profile.Capabilities.Ansi;

    private static int Measure(Func<int> measure, int fallback)
    {
        try
        {
            int value = measure();
            return value > 0 ? value : fallback;
        }
        catch (Exception error) when (error is IOException or PlatformNotSupportedException)
        {
            return fallback;
        }
    }

    private IAnsiConsole CreateSpectre()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Out),
            Ansi = OutputIsTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = Colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = IsInteractive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        console.Profile.Width = Width;
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
