using System.Globalization;

namespace Mycel.Llama.Grammar;

/// <summary>Reads a regular expression of JavaScript's kind, as JSON Schema uses it, as far as a grammar can follow it.</summary>
internal sealed class PatternParser(string pattern, string place)
{
    /// <summary>Longest pattern, in characters.</summary>
    private const int MaxPattern = 2_000;

    /// <summary>Deepest nesting of groups.</summary>
    private const int MaxDepth = 32;

    /// <summary>Most repetitions.</summary>
    private const int MaxRepetitions = 10_000;

    private int _at;
    private int _depth;

    public PatternNode Parse()
    {
        if (pattern.Length > MaxPattern)
            throw new GrammarException($"The pattern is longer than {MaxPattern} characters.", place);
        PatternNode node = Choice();
        return _at == pattern.Length ? node : throw Wrong("it closes a group that it did not open");
    }

    private PatternNode Choice()
    {
        if (++_depth > MaxDepth)
            throw Wrong($"its groups are nested more than {MaxDepth} deep");
        List<PatternNode> choices = [Sequence()];
        while (TryTake('|'))
            choices.Add(Sequence());
        _depth--;
        return choices.Count == 1 ? choices[0] : new PatternChoice(choices);
    }

    private PatternSequence Sequence()
    {
        List<PatternNode> parts = [];
        while (_at < pattern.Length && pattern[_at] is not ('|' or ')'))
        {
            PatternNode part = Atom();
            (int min, int? max) = Quantifier();
            if ((min, max) is (1, 1))
                parts.Add(part);
            else if (part is PatternAnchor)
                throw Wrong("it repeats an anchor");
            else if (max != 0)
                parts.Add(new PatternRepeat(part, min, max));
        }
        return new PatternSequence(parts);
    }

    private PatternNode Atom()
    {
        char character = pattern[_at];
        switch (character)
        {
            case '^':
            case '$':
                _at++;
                return new PatternAnchor(character == '^');
            case '.':
                _at++;
                return new PatternCharacter(CharacterSet.Dot);
            case '[':
                _at++;
                return new PatternCharacter(Class());
            case '(':
                _at++;
                return Group();
            case '\\':
                _at++;
                return new PatternCharacter(Escape(inClass: false));
            case '*' or '+' or '?':
                throw Wrong($"nothing stands before '{character}'");
            default:
                return new PatternCharacter(Literal());
        }
    }

    private PatternNode Group()
    {
        if (TryTake('?'))
        {
            if (!TryTake(':'))
            {
                if (!TryTake('<') || Peek() is '=' or '!')
                    throw Wrong("it looks ahead or behind, which a grammar cannot");
                int end = pattern.IndexOf('>', _at);
                _at = end >= 0 ? end + 1 : throw Wrong("a group's name does not end");
            }
        }
        PatternNode node = Choice();
        return TryTake(')') ? node : throw Wrong("a group is not closed");
    }

    private (int, int?) Quantifier()
    {
        (int Min, int? Max) times = (1, 1);
        if (TryTake('*'))
            times = (0, null);
        else if (TryTake('+'))
            times = (1, null);
        else if (TryTake('?'))
            times = (0, 1);
        else if (Peek() == '{' && Counts() is { } counts)
            times = counts;
        else
            return times;
        // How eagerly it matches makes no difference to what matches.
        TryTake('?');
        return times;
    }

    /// <summary>Counts in braces; null where the brace is an ordinary character.</summary>
    private (int, int?)? Counts()
    {
        int end = pattern.IndexOf('}', _at);
        if (end < 0)
            return null;
        string[] numbers = pattern[(_at + 1)..end].Split(',');
        if (numbers.Length > 2 || numbers[0].Length == 0 || numbers.Any(n => !n.All(char.IsAsciiDigit)))
            return null;
        _at = end + 1;
        int min = Number(numbers[0]);
        int? max = numbers.Length == 1 ? min : numbers[1].Length == 0 ? null : Number(numbers[1]);
        return max < min ? throw Wrong("a count's end is before its beginning") : (min, max);
    }

    private int Number(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= MaxRepetitions ? number : throw Wrong($"it repeats something more than {MaxRepetitions} times");

    private CharacterSet Class()
    {
        bool isNegated = TryTake('^');
        CharacterSet set = CharacterSet.Of();
        while (!TryTake(']'))
        {
            if (_at >= pattern.Length)
                throw Wrong("a class is not closed");
            CharacterSet from = ClassAtom();
            if (Peek() != '-' || _at + 1 >= pattern.Length || pattern[_at + 1] == ']')
            {
                set = set.Or(from);
                continue;
            }
            _at++;
            CharacterSet to = ClassAtom();
            if (Single(from) is { } first && Single(to) is { } last)
                set = set.Or(first <= last ? CharacterSet.Of((first, last)) : throw Wrong("a range's end is before its beginning"));
            else
                set = set.Or(from).Or(to).Or(CharacterSet.Of('-'));
        }
        return isNegated ? set.Not() : set;
    }

    private CharacterSet ClassAtom()
    {
        if (_at >= pattern.Length)
            throw Wrong("a class is not closed");
        return TryTake('\\') ? Escape(inClass: true) : Literal();
    }

    private static int? Single(CharacterSet set) => set.Ranges.Count == 1 && set.Ranges[0].From == set.Ranges[0].To ? set.Ranges[0].From : null;

    private CharacterSet Literal()
    {
        int character = char.IsSurrogatePair(pattern, _at) ? char.ConvertToUtf32(pattern, _at) : pattern[_at];
        _at += character > 0xFFFF ? 2 : 1;
        return CharacterSet.Of((character, character));
    }

    private CharacterSet Escape(bool inClass)
    {
        if (_at >= pattern.Length)
            throw Wrong("it ends with a backslash");
        char character = pattern[_at++];
        switch (character)
        {
            case 'd': return CharacterSet.Digits;
            case 'D': return CharacterSet.Digits.Not();
            case 'w': return CharacterSet.Word;
            case 'W': return CharacterSet.Word.Not();
            case 's': return CharacterSet.Space;
            case 'S': return CharacterSet.Space.Not();
            case 't': return CharacterSet.Of('\t');
            case 'n': return CharacterSet.Of('\n');
            case 'r': return CharacterSet.Of('\r');
            case 'f': return CharacterSet.Of('\f');
            case 'v': return CharacterSet.Of('\v');
            case 'b' when inClass: return CharacterSet.Of('\b');
            case 'x': return Code(2);
            case 'u' when Peek() == '{': return BracedCode();
            case 'u': return Code(4);
            case 'p' or 'P': throw Wrong($"it uses '\\{character}': list the characters as a class, such as [a-zA-Z]");
            case 'b' or 'B': throw Wrong($"it uses '\\{character}' (the border of a word), which a grammar cannot");
            case 'k' or (>= '0' and <= '9'): throw Wrong($"it uses '\\{character}' (what matched before), which a grammar cannot");
            case 'c': throw Wrong("it uses '\\c': write the character as \\u00XX");
            default: return CharacterSet.Of(character);
        }
    }

    private CharacterSet Code(int digits)
    {
        if (_at + digits > pattern.Length || !int.TryParse(pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code))
            throw Wrong("a character's number is not complete");
        _at += digits;
        return CharacterSet.Of((code, code));
    }

    private CharacterSet BracedCode()
    {
        int end = pattern.IndexOf('}', _at);
        if (end < 0 || !int.TryParse(pattern.AsSpan(_at + 1, end - _at - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code) || code is < 0 or > 0x10FFFF)
            throw Wrong("a character's number is not complete");
        _at = end + 1;
        return CharacterSet.Of((code, code));
    }

    private char Peek() => _at < pattern.Length ? pattern[_at] : '\0';

    private bool TryTake(char character)
    {
        if (_at >= pattern.Length || pattern[_at] != character)
            return false;
        _at++;
        return true;
    }

    private GrammarException Wrong(string how) => new($"This pattern cannot be ensured: {how}.", place);
}
