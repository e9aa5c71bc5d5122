namespace Mycel.Llama.Chat;

/// <summary>Text that comes in pieces, read from the front; can go back to a mark.</summary>
internal sealed class Cursor
{
    private char[] _text = new char[256];
    private int _at;
    private int _end;
    private int? _mark;

    /// <summary>Whether nothing more comes.</summary>
    public bool IsEnd { get; set; }

    /// <summary>What came and was not taken.</summary>
    public ReadOnlySpan<char> Rest => _text.AsSpan(_at, _end - _at);

    public void Append(ReadOnlySpan<char> text)
    {
        var from = _mark ?? _at;
        if (_end + text.Length > _text.Length)
        {
            var held = _text.AsSpan(from, _end - from);
            // At least half of the room is free afterwards, so that each character is moved a few times only.
            var target = 2 * (held.Length + text.Length) > _text.Length ? new char[4 * (held.Length + text.Length)] : _text;
            held.CopyTo(target);
            (_text, _at, _end) = (target, _at - from, _end - from);
            if (_mark is not null)
                _mark = 0;
        }

        text.CopyTo(_text.AsSpan(_end));
        _end += text.Length;
    }

    /// <summary>Remembers this place.</summary>
    public void Mark() => _mark = _at;

    /// <summary>Forgets the mark: what was read is taken for good.</summary>
    public void Release() => _mark = null;

    /// <summary>Goes back to the mark, if there is one, and takes it away.</summary>
    public void Back()
    {
        _at = _mark ?? _at;
        _mark = null;
    }

    public string Take(int count)
    {
        var taken = new string(_text, _at, count);
        _at += count;
        return taken;
    }

    public void Skip(int count) => _at += count;

    public void SkipSpace()
    {
        while (_at < _end && char.IsWhiteSpace(_text[_at]))
            _at++;
    }

    /// <summary>Goes past a text and the blank space before it: true where it stands here, false where it does not, null where more text must come to tell.</summary>
    public bool? TrySkip(string text)
    {
        var rest = Rest.TrimStart();
        if (rest.StartsWith(text, StringComparison.Ordinal))
        {
            _at = _end - rest.Length + text.Length;
            return true;
        }

        return IsEnd || !text.AsSpan().StartsWith(rest, StringComparison.Ordinal) ? false : null;
    }

    /// <summary>How many characters can be no part of <paramref name="end"/>, and whether it follows them.</summary>
    public (int Plain, bool IsThere) FindEnd(string end)
    {
        var rest = Rest;
        var place = rest.IndexOf(end, StringComparison.Ordinal);
        if (place >= 0 || IsEnd)
            return (place < 0 ? rest.Length : place, place >= 0);
        for (var length = Math.Min(end.Length - 1, rest.Length); length > 0; length--)
        {
            if (rest[^length..].SequenceEqual(end.AsSpan(0, length)))
                return (rest.Length - length, false);
        }

        return (rest.Length, false);
    }

    /// <summary>The first of several marks, and how many characters before it (or before what may become one) are plain text.</summary>
    public (string? Mark, int Plain) Find(MarkSet marks)
    {
        var rest = Rest;
        for (var place = 0; place < rest.Length; place++)
        {
            var next = marks.FindFirst(rest[place..]);
            if (next < 0)
                break;
            place += next;
            var (mark, isCut) = marks.At(rest[place..], IsEnd);
            if (mark is not null || isCut)
                return (mark, place);
        }

        return (null, rest.Length);
    }
}
