using System.Text;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>Shows an answer while it arrives: as rendered Markdown where looks are welcome, otherwise as plain text.</summary>
internal sealed class AnswerPrinter
{
    private readonly CliConsole _console;
    private readonly bool _showReasoning;
    private readonly StringBuilder _pending = new();
    private readonly WrappingWriter _writer;
    private readonly MarkdownRenderer _markdown;
    private bool _reasoning;
    private bool _started;
    private bool _waiting;
    private bool _endsLine = true;

    /// <summary>Shows on <paramref name="console"/>.</summary>
    /// <param name="console">The console.</param>
    /// <param name="showReasoning">Whether to show, dimmed, what the model thinks before it answers.</param>
    public AnswerPrinter(CliConsole console, bool showReasoning)
    {
        _console = console;
        _showReasoning = showReasoning;
        _writer = new WrappingWriter(_pending, console.Width);
        _markdown = new MarkdownRenderer(_writer);
    }

    /// <summary>Shows that something is on its way, until the first piece arrives.</summary>
    public void Wait()
    {
        if (!_console.OutputIsTerminal) return;
        _waiting = true;
        _console.Out.Write(_console.Styled("…", TextStyle.Dim));
        _console.Out.Flush();
    }

    /// <summary>Shows a piece.</summary>
    public void Add(ChatDelta delta)
    {
        if (_showReasoning && delta.Reasoning.Length > 0) AddReasoning(delta.Reasoning);
        if (delta.Content.Length > 0) AddContent(delta.Content);
        Flush();
    }

    /// <summary>Ends the answer; the cursor is at the start of a line after.</summary>
    public void Finish()
    {
        StopWaiting();
        if (_console.Colour)
        {
            if (_reasoning) _writer.Finish();
            else _markdown.Finish();
        }

        if (_started && !_endsLine) EndLine();
        Flush();
    }

    private void AddReasoning(string text)
    {
        if (!_started) text = text.TrimStart('\n');
        if (text.Length == 0) return;
        Begin();
        _reasoning = true;
        _endsLine = text.EndsWith('\n');
        if (!_console.Colour)
        {
            _pending.Append(Printable.Block(text));
            return;
        }

        _writer.Style = TextStyle.Dim;
        _writer.Write(text);
    }

    private void AddContent(string text)
    {
        if (_reasoning) EndReasoning();
        // Many models begin with an empty line.
        if (!_started && _console.OutputIsTerminal) text = text.TrimStart('\n');
        if (text.Length == 0) return;
        Begin();
        _endsLine = text.EndsWith('\n');
        if (_console.Colour) _markdown.Feed(text);
        else _pending.Append(_console.OutputIsTerminal ? Printable.Block(text) : text);
    }

    private void EndReasoning()
    {
        _reasoning = false;
        if (!_endsLine) EndLine();
        EndLine();
        _writer.Style = TextStyle.Plain;
        _started = false;
    }

    private void EndLine()
    {
        if (_console.Colour) _writer.NewLine();
        else _pending.Append('\n');
    }

    private void Begin()
    {
        StopWaiting();
        _started = true;
    }

    private void StopWaiting()
    {
        if (_waiting) _pending.Insert(0, "\r\e[K");
        _waiting = false;
    }

    private void Flush()
    {
        if (_pending.Length == 0) return;
        _console.Out.Write(_pending.ToString());
        _console.Out.Flush();
        _pending.Clear();
    }
}
