using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Something the person at the terminal did.</summary>
/// <param name="Key">The key pressed, when it was one.</param>
/// <param name="Pasted">The text pasted, when it was that.</param>
/// <param name="Interrupt">Whether it was Ctrl-C.</param>
/// <param name="Resumed">Whether it was bringing the program back after Ctrl-Z.</param>
internal readonly record struct TerminalInput(ConsoleKeyInfo Key = default, string? Pasted = null, bool Interrupt = false, bool Resumed = false);

/// <summary>
/// Makes inputs of keys: joins the two halves of a character beyond the basic plane, and puts a bracketed paste
/// (<c>ESC [ 200 ~</c> … <c>ESC [ 201 ~</c>), which arrives as single keys, together again.
/// </summary>
internal sealed class KeyDecoder
{
    private const string PasteStart = "\e[200~";
    private const string PasteEnd = "\e[201~";

    private readonly List<ConsoleKeyInfo> _held = [];
    private readonly StringBuilder _matched = new();
    private readonly StringBuilder _paste = new();
    private bool _pasting;
    private char _highSurrogate;

    /// <summary>Whether a mark may be half read; if nothing follows at once, <see cref="Flush"/> gives the keys it was.</summary>
    public bool IsHolding => _held.Count > 0 && !_pasting;

    /// <summary>Takes a key and adds what is complete now to <paramref name="inputs"/>.</summary>
    public void Take(ConsoleKeyInfo key, ICollection<TerminalInput> inputs)
    {
        // An escape and the character after it may come as that character with Alt.
        string characters = key.Modifiers.HasFlag(ConsoleModifiers.Alt) && key.KeyChar == '[' ? "\e[" : key.KeyChar.ToString();
        string mark = _pasting ? PasteEnd : PasteStart;
        if (mark.StartsWith(_matched + characters, StringComparison.Ordinal))
        {
            _matched.Append(characters);
            _held.Add(key);
            if (_matched.Length == mark.Length) EndMark(inputs);
            return;
        }

        if (_held.Count > 0)
        {
            Flush(inputs);
            Take(key, inputs);
            return;
        }

        Pass(key, inputs);
    }

    /// <summary>Gives up waiting for the rest of a mark.</summary>
    public void Flush(ICollection<TerminalInput> inputs)
    {
        ConsoleKeyInfo[] keys = [.. _held];
        _held.Clear();
        _matched.Clear();
        foreach (ConsoleKeyInfo key in keys) Pass(key, inputs);
    }

    private void EndMark(ICollection<TerminalInput> inputs)
    {
        _held.Clear();
        _matched.Clear();
        if (_pasting && _paste.Length > 0) inputs.Add(new TerminalInput(Pasted: _paste.ToString()));
        _paste.Clear();
        _pasting = !_pasting;
    }

    private void Pass(ConsoleKeyInfo key, ICollection<TerminalInput> inputs)
    {
        if (_pasting) AddToPaste(key);
        else if (char.IsHighSurrogate(key.KeyChar)) _highSurrogate = key.KeyChar;
        else if (char.IsLowSurrogate(key.KeyChar))
        {
            if (_highSurrogate != '\0') inputs.Add(new TerminalInput(Pasted: new string([_highSurrogate, key.KeyChar])));
            _highSurrogate = '\0';
        }
        else inputs.Add(new TerminalInput(Key: key));
    }

    private void AddToPaste(ConsoleKeyInfo key)
    {
        if (_paste.Length >= LineEditor.MaxLength) return;
        if (key.Key == ConsoleKey.Enter || key.KeyChar is '\r' or '\n') _paste.Append('\n');
        else if (key.KeyChar == '\t') _paste.Append("    ");
        else if (!char.IsControl(key.KeyChar)) _paste.Append(key.KeyChar);
    }
}
