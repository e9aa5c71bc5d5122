using System.Buffers;

namespace Mycel.Llama.Chat;

/// <summary>Texts that are looked for together.</summary>
internal sealed class MarkSet
{
    private readonly string[] _marks;
    private readonly SearchValues<char> _firsts;

    /// <param name="marks">The texts; none empty.</param>
    public MarkSet(IEnumerable<string> marks)
    {
        // The longest first: one mark may begin with another.
        _marks = [.. marks.Distinct().OrderByDescending(mark => mark.Length)];
        _firsts = SearchValues.Create([.. _marks.Select(mark => mark[0])]);
    }

    /// <summary>Where a mark may begin; -1 for nowhere.</summary>
    public int FindFirst(ReadOnlySpan<char> text) => text.IndexOfAny(_firsts);

    /// <summary>The mark that a text begins with, or whether it may become one when more comes.</summary>
    public (string? Mark, bool IsCut) At(ReadOnlySpan<char> text, bool isEnd)
    {
        foreach (var mark in _marks)
        {
            if (text.StartsWith(mark, StringComparison.Ordinal))
                return (mark, false);
            if (!isEnd && mark.AsSpan().StartsWith(text, StringComparison.Ordinal))
                return (null, true);
        }

        return (null, false);
    }
}
