namespace Mycel.Llama.Grammar;

/// <summary>A set of code points, as ranges in order that do not touch.</summary>
internal sealed class CharacterSet
{
    private const int Last = 0x10FFFF;

    private CharacterSet(IReadOnlyList<(int From, int To)> ranges)
    {
        Ranges = ranges;
    }

    public IReadOnlyList<(int From, int To)> Ranges { get; }

    public bool IsEmpty => Ranges.Count == 0;

    public static CharacterSet Of(params IEnumerable<(int From, int To)> ranges)
    {
        List<(int From, int To)> merged = [];
        foreach ((int from, int to) in ranges.OrderBy(r => r.From))
        {
            if (merged.Count > 0 && from <= merged[^1].To + 1)
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, to));
            else
                merged.Add((from, to));
        }
        return new CharacterSet(merged);
    }

    public static CharacterSet Of(char character) => Of((character, character));

    public static CharacterSet Digits { get; } = Of(('0', '9'));

    public static CharacterSet Word { get; } = Of(('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_'));

    public static CharacterSet Space { get; } = Of((9, 13), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));

    /// <summary>All but the ends of lines, as a dot means.</summary>
    public static CharacterSet Dot { get; } = Of((10, 10), (13, 13), (0x2028, 0x2029)).Not();

    public CharacterSet Or(CharacterSet other) => Of(Ranges.Concat(other.Ranges));

    public CharacterSet Not()
    {
        List<(int, int)> ranges = [];
        int next = 0;
        foreach ((int from, int to) in Ranges)
        {
            if (from > next)
                ranges.Add((next, from - 1));
            next = to + 1;
        }
        if (next <= Last)
            ranges.Add((next, Last));
        return new CharacterSet(ranges);
    }

    public CharacterSet Without(CharacterSet other) => Not().Or(other).Not();

    public bool Contains(int character) => Ranges.Any(r => r.From <= character && character <= r.To);
}
