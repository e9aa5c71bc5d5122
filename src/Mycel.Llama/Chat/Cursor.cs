namespace Mycel.Llama.Chat;

/// <summary>Text that comes in pieces, read from the front; can go back to a mark.</summary>
internal sealed class Cursor
{
    private string _text = "";
    private int _at;
    private int? _mark;

    /// <summary>Whether nothing more comes.</summary>
    public bool IsEnd { get; set; }

    public ReadOnlySpan<char> Rest => _text.AsSpan(_at);

    /// <summary>Characters between the mark and the end: what is held.</summary>
    public int Held => _text.Length - (_mark ?? _at);

    public void Append(string text)
    {
        var from = _mark ?? _at;
        _text = string.Concat(_text.AsSpan(from), text);
        _at -= from;
        if (_mark is not null)
            _mark = 0;
    }

    public void Mark() => _mark = _at;

    public void Release() => _mark = null;

    /// <summary>Goes back to the mark, if there is one, and takes it away.</summary>
    public void Back()
    {
        _at = _mark ?? _at;
        _mark = null;
    }

    public string Take(int count)
    {
        var taken = _text.Substring(_at, count);
        _at += count;
        return taken;
    }

    public void SkipSpace()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
            _at++;
    }

    /// <summary>Goes past a text: true where it stands here, false where it does not, null where more text must come to tell.</summary>
    public bool? TrySkip(string text)
    {
        if (Rest.StartsWith(text, StringComparison.Ordinal))
        {
            _at += text.Length;
            return true;
        }

        return IsEnd || !text.AsSpan().StartsWith(Rest, StringComparison.Ordinal) ? false : null;
    }

    /// <summary>The text before <paramref name="end"/>, and goes past both; null where it did not come yet.</summary>
    public string? TryTakeUntil(string end)
    {
        var place = Rest.IndexOf(end, StringComparison.Ordinal);
        if (place < 0)
            return null;
        var taken = Take(place);
        _at += end.Length;
        return taken;
    }

    /// <summary>The first of several marks, and how many characters before it (or before what may become one) are plain text.</summary>
    public (string? Mark, int Plain) Find(IReadOnlyList<string> marks)
    {
        string? first = null;
        var plain = Rest.Length;
        foreach (var mark in marks)
        {
            var place = Rest.IndexOf(mark, StringComparison.Ordinal);
            if (place >= 0 && (place < plain || (place == plain && mark.Length > (first?.Length ?? 0))))
                (first, plain) = (mark, place);
        }

        if (IsEnd)
            return (first, plain);
        foreach (var mark in marks)
        {
            for (var length = Math.Min(mark.Length - 1, Rest.Length); length > 0; length--)
            {
                // A mark that another one begins with is not clear before that one is ruled out.
                var start = Rest.Length - length;
                if ((start < plain || (start == plain && first is not null && mark.Length > first.Length)) && Rest.EndsWith(mark.AsSpan(0, length), StringComparison.Ordinal))
                    (first, plain) = (null, start);
            }
        }

        return (first, plain);
    }
}
