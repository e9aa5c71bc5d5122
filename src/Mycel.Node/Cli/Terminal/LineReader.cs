namespace Mycel.Node.Cli.Terminal;

/// <summary>How reading a line ended.</summary>
internal enum LineReadEnd
{
    /// <summary>With Enter.</summary>
    Line,

    /// <summary>With Ctrl-C.</summary>
    Interrupted,

    /// <summary>With the end of input.</summary>
    Ended,
}

/// <summary>Reads edited lines from a terminal.</summary>
internal sealed class LineReader
{
    private readonly KeyPump _keys;
    private readonly CliConsole _console;
    private readonly LineEditor _editor;
    private readonly LineEditorView _view = new();
    private bool _hidden;

    /// <summary>Reads <paramref name="keys"/> and draws on <paramref name="console"/>.</summary>
    public LineReader(KeyPump keys, CliConsole console, LineEditor editor)
    {
        _keys = keys;
        _console = console;
        _editor = editor;
    }

    /// <summary>Reads a line after showing a prompt. The text is what stood there when reading ended.</summary>
    /// <param name="prompt">What stands before it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="hidden">Whether to show dots instead of the text, and to forget it after.</param>
    public async Task<(LineReadEnd End, string Text)> ReadAsync(string prompt, CancellationToken cancel, bool hidden = false)
    {
        _hidden = hidden;
        _editor.Clear();
        _view.Reset();
        Draw(prompt);
        while (true)
        {
            TerminalInput? next = await _keys.ReadAsync(cancel);
            if (next is not { } input) return Leave(prompt, LineReadEnd.Ended);
            if (input.Interrupt) return Leave(prompt, LineReadEnd.Interrupted);
            if (input.Resumed) _view.Reset();
            else if (input.Pasted is not null) _editor.Insert(input.Pasted);
            else if (Press(input.Key, prompt) is { } end) return Leave(prompt, end);
            if (!_keys.HasMore) Draw(prompt);
        }
    }

    /// <summary>Applies a key; the result is how the line ended by it, or null.</summary>
    private LineReadEnd? Press(ConsoleKeyInfo key, string prompt)
    {
        switch (_editor.Press(key))
        {
            case LineEditResult.Submitted:
                if (!_hidden) _editor.Remember(_editor.Text);
                return LineReadEnd.Line;
            case LineEditResult.Ended:
                return LineReadEnd.Ended;
            case LineEditResult.ClearScreen:
                _console.Out.Write("\e[H\e[2J");
                _view.Reset();
                return null;
            default:
                ShowChoices(prompt);
                return null;
        }
    }

    private void Draw(string prompt) => Draw(prompt, _editor.Cursor);

    private void Draw(string prompt, int cursor)
    {
        string look = _console.Colour ? TextStyles.Sequence(TextStyle.Bold | TextStyle.Accent) : "";
        _console.Out.Write(_view.Draw(prompt, look, _hidden ? new string('•', _editor.Text.Length) : _editor.Text, cursor, _console.Width, _console.Height));
        _console.Out.Flush();
    }

    private (LineReadEnd End, string Text) Leave(string prompt, LineReadEnd end)
    {
        Draw(prompt, _editor.Text.Length);
        _console.Out.Write('\n');
        return (end, _editor.Text);
    }

    private void ShowChoices(string prompt)
    {
        if (_editor.Choices.Count == 0) return;
        Draw(prompt, _editor.Text.Length);
        _console.Out.Write('\n');
        foreach (string choice in _editor.Choices.Take(20)) _console.Out.WriteLine("  " + choice);
        if (_editor.Choices.Count > 20) _console.Out.WriteLine($"  … and {_editor.Choices.Count - 20} more");
        _view.Reset();
    }
}
