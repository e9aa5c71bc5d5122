namespace Mycel.Llama.Chat;

/// <summary>Writes an answer's parts; drops the blank space that models put around their marks.</summary>
internal sealed class OutputWriter(IReadOnlyList<Tool> tools, Func<string> newId)
{
    private string _blank = "";
    private bool _isReasoning;
    private bool _skipsBlank;

    public IChatOutput Output { get; set; } = null!;

    public int Calls { get; private set; }

    public bool HasContent { get; private set; }

    /// <summary>Whether blank space is held until it is clear that no mark follows.</summary>
    public bool HoldsBlank { get; set; } = true;

    /// <summary>Whether what was read as a call is none.</summary>
    public bool Failed { get; set; }

    /// <summary>Whether what was looked for last was there.</summary>
    public bool Found { get; set; }

    public Tool? Find(ReadOnlySpan<char> name)
    {
        foreach (var tool in tools)
        {
            if (name.SequenceEqual(tool.Name))
                return tool;
        }

        return null;
    }

    /// <summary>Whether a text begins with a tool's name, or with as much of it as came.</summary>
    public bool MayName(ReadOnlySpan<char> text)
    {
        foreach (var tool in tools)
        {
            if (text.StartsWith(tool.Name, StringComparison.Ordinal) || tool.Name.AsSpan().StartsWith(text, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    public void Text(string text, bool isReasoning)
    {
        if (isReasoning != _isReasoning)
        {
            DropBlank();
            _isReasoning = isReasoning;
        }

        var end = HoldsBlank ? text.AsSpan().TrimEnd().Length : text.Length;
        if (end == 0)
        {
            _blank += _skipsBlank ? "" : text;
            return;
        }

        var shown = end == text.Length ? text : text[..end];
        if (_skipsBlank)
            shown = shown.TrimStart();
        else if (_blank.Length > 0)
            shown = _blank + shown;
        _blank = end == text.Length ? "" : text[end..];
        Write(shown);
    }

    /// <summary>Drops blank space before a mark, and what follows it.</summary>
    public void DropBlank()
    {
        _blank = "";
        _skipsBlank = true;
    }

    /// <summary>Shows blank space at the end of the answer.</summary>
    public void Flush()
    {
        if (_blank.Length > 0 && !_isReasoning && Calls == 0)
            Write(_blank);
        _blank = "";
    }

    public void Call(string name)
    {
        DropBlank();
        Output.ToolCall(Calls++, newId(), name);
    }

    public void Arguments(string fragment)
    {
        if (fragment.Length > 0)
            Output.ToolArguments(Calls - 1, fragment);
    }

    private void Write(string text)
    {
        if (text.Length == 0)
            return;
        _skipsBlank = false;
        if (_isReasoning)
        {
            Output.Reasoning(text);
        }
        else
        {
            HasContent = true;
            Output.Content(text);
        }
    }
}
