using System.Globalization;

namespace Mycel.Node.Cli.Terminal;

/// <summary>What a key did to the line.</summary>
internal enum LineEditResult
{
    /// <summary>The line is still being edited.</summary>
    Editing,

    /// <summary>The line is done: see <see cref="LineEditor.Text"/>.</summary>
    Submitted,

    /// <summary>No more input: Ctrl-D in an empty line.</summary>
    Ended,

    /// <summary>The screen is to be cleared, the line kept.</summary>
    ClearScreen,
}

/// <summary>
/// The line being edited: text, cursor and history, changed by one key at a time. Knows no terminal.
/// The cursor moves by what a reader sees as one character, so accents and emoji stay whole.
/// </summary>
internal sealed class LineEditor
{
    /// <summary>Lines remembered; older ones are forgotten first.</summary>
    public const int MaxHistory = 1_000;

    /// <summary>Longest line, in characters; more is not taken.</summary>
    public const int MaxLength = 1 << 20;

    private readonly List<string> _history = [];
    private readonly Func<string, IReadOnlyList<string>> _complete;
    private int _historyIndex;
    private string _draft = "";
    private string _killed = "";

    /// <summary>Starts empty.</summary>
    /// <param name="complete">Given the text before the cursor, whole lines it could become; used on Tab.</param>
    public LineEditor(Func<string, IReadOnlyList<string>>? complete = null) => _complete = complete ?? (_ => []);

    /// <summary>The line.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Where the cursor is, in characters from the start of <see cref="Text"/>.</summary>
    public int Cursor { get; private set; }

    /// <summary>Lines that Tab could not choose between, to be shown; empty otherwise.</summary>
    public IReadOnlyList<string> Choices { get; private set; } = [];

    /// <summary>Begins a new line.</summary>
    public void Clear()
    {
        Text = "";
        Cursor = 0;
        Choices = [];
        _historyIndex = _history.Count;
        _draft = "";
    }

    /// <summary>Remembers a line, unless it is empty or the same as the last one.</summary>
    public void Remember(string line)
    {
        if (!string.IsNullOrWhiteSpace(line) && (_history.Count == 0 || _history[^1] != line)) _history.Add(line);
        if (_history.Count > MaxHistory) _history.RemoveAt(0);
        _historyIndex = _history.Count;
    }

    /// <summary>Inserts text at the cursor, line breaks included.</summary>
    public void Insert(string text)
    {
        if (Text.Length + text.Length > MaxLength) return;
        Text = Text.Insert(Cursor, text);
        Cursor += text.Length;
    }

    /// <summary>Applies one key.</summary>
    public LineEditResult Press(ConsoleKeyInfo key)
    {
        Choices = [];
        bool control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        bool alt = key.Modifiers.HasFlag(ConsoleModifiers.Alt);
        if (key.Key == ConsoleKey.Enter) return Enter(alt);
        if (control && PressControl(key.Key) is { } result) return result;
        if (alt && PressAlt(key.Key)) return LineEditResult.Editing;
        if (PressMovement(key.Key, control || alt)) return LineEditResult.Editing;
        if (!control && !alt && !char.IsControl(key.KeyChar)) Insert(key.KeyChar.ToString());
        return LineEditResult.Editing;
    }

    private LineEditResult Enter(bool alt)
    {
        if (!alt) return LineEditResult.Submitted;
        Insert("\n");
        return LineEditResult.Editing;
    }

    private LineEditResult? PressControl(ConsoleKey key)
    {
        switch (key)
        {
            case ConsoleKey.A: Cursor = 0; break;
            case ConsoleKey.E: Cursor = Text.Length; break;
            case ConsoleKey.B: Cursor = Before(Cursor); break;
            case ConsoleKey.F: Cursor = After(Cursor); break;
            case ConsoleKey.H: DeleteTo(Before(Cursor)); break;
            case ConsoleKey.W: Kill(SpaceWordStart(), Cursor); break;
            case ConsoleKey.U: Kill(0, Cursor); break;
            case ConsoleKey.K: Kill(Cursor, Text.Length); break;
            case ConsoleKey.Y: Insert(_killed); break;
            case ConsoleKey.P: Recall(-1); break;
            case ConsoleKey.N: Recall(1); break;
            case ConsoleKey.L: return LineEditResult.ClearScreen;
            case ConsoleKey.D when Text.Length == 0: return LineEditResult.Ended;
            case ConsoleKey.D: DeleteTo(After(Cursor)); break;
            default: return null;
        }

        return LineEditResult.Editing;
    }

    private bool PressAlt(ConsoleKey key)
    {
        switch (key)
        {
            case ConsoleKey.B: Cursor = WordStart(); break;
            case ConsoleKey.F: Cursor = WordEnd(); break;
            case ConsoleKey.D: Kill(Cursor, WordEnd()); break;
            case ConsoleKey.Backspace: Kill(WordStart(), Cursor); break;
            default: return false;
        }

        return true;
    }

    private bool PressMovement(ConsoleKey key, bool byWord)
    {
        switch (key)
        {
            case ConsoleKey.LeftArrow: Cursor = byWord ? WordStart() : Before(Cursor); break;
            case ConsoleKey.RightArrow: Cursor = byWord ? WordEnd() : After(Cursor); break;
            case ConsoleKey.Home: Cursor = 0; break;
            case ConsoleKey.End: Cursor = Text.Length; break;
            case ConsoleKey.UpArrow: Recall(-1); break;
            case ConsoleKey.DownArrow: Recall(1); break;
            case ConsoleKey.Backspace: DeleteTo(byWord ? WordStart() : Before(Cursor)); break;
            case ConsoleKey.Delete: DeleteTo(byWord ? WordEnd() : After(Cursor)); break;
            case ConsoleKey.Tab: Complete(); break;
            default: return false;
        }

        return true;
    }

    private void Recall(int step)
    {
        int index = Math.Clamp(_historyIndex + step, 0, _history.Count);
        if (index == _historyIndex) return;
        if (_historyIndex == _history.Count) _draft = Text;
        _historyIndex = index;
        Text = index == _history.Count ? _draft : _history[index];
        Cursor = Text.Length;
    }

    private void Complete()
    {
        string before = Text[..Cursor];
        List<string> lines = [.. _complete(before).Where(line => line.StartsWith(before, StringComparison.OrdinalIgnoreCase)).Distinct()];
        if (lines.Count == 0) return;
        string common = lines[0];
        foreach (string line in lines) common = common[..CommonPrefix(common, line)];
        if (lines.Count == 1) common += " ";
        else if (common.Length <= before.Length)
        {
            Choices = lines;
            return;
        }

        string after = Text[Cursor..];
        Text = common + after.TrimStart();
        Cursor = common.Length;
    }

    private static int CommonPrefix(string left, string right)
    {
        int length = 0;
        while (length < left.Length && length < right.Length && char.ToLowerInvariant(left[length]) == char.ToLowerInvariant(right[length])) length++;
        return length;
    }

    private void Kill(int start, int end)
    {
        if (end <= start) return;
        _killed = Text[start..end];
        Text = Text.Remove(start, end - start);
        Cursor = start;
    }

    private void DeleteTo(int other)
    {
        int start = Math.Min(Cursor, other), end = Math.Max(Cursor, other);
        Text = Text.Remove(start, end - start);
        Cursor = start;
    }

    private int After(int index) => index >= Text.Length ? Text.Length : index + StringInfo.GetNextTextElementLength(Text, index);

    private int Before(int index)
    {
        // Text elements can only be found from the front; the line they are in is front enough.
        int start = index <= 1 ? 0 : Text.LastIndexOf('\n', index - 2) + 1;
        while (start < index)
        {
            int next = start + StringInfo.GetNextTextElementLength(Text, start);
            if (next >= index) return start;
            start = next;
        }

        return start;
    }

    private int WordStart()
    {
        int start = Cursor;
        while (start > 0 && !char.IsLetterOrDigit(Text[start - 1])) start--;
        while (start > 0 && char.IsLetterOrDigit(Text[start - 1])) start--;
        return start;
    }

    private int SpaceWordStart()
    {
        int start = Cursor;
        while (start > 0 && char.IsWhiteSpace(Text[start - 1])) start--;
        while (start > 0 && !char.IsWhiteSpace(Text[start - 1])) start--;
        return start;
    }

    private int WordEnd()
    {
        int end = Cursor;
        while (end < Text.Length && !char.IsLetterOrDigit(Text[end])) end++;
        while (end < Text.Length && char.IsLetterOrDigit(Text[end])) end++;
        return end;
    }
}
