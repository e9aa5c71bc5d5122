using System.Globalization;
using System.Text;

namespace Mycel.Llama.Grammar;

/// <summary>Rules for strings that match a pattern: what stands between the quotes, escaped as JSON wants it.</summary>
internal static class PatternRules
{
    /// <summary>What JSON writes with a backslash.</summary>
    private static readonly CharacterSet Escaped = CharacterSet.Of((0, 0x1F), ('"', '"'), ('\\', '\\'));

    /// <summary>Halves of surrogate pairs are no characters.</summary>
    private static readonly CharacterSet Surrogates = CharacterSet.Of((0xD800, 0xDFFF));

    private static readonly (char Character, string Escape)[] ShortEscapes =
        [('"', "\\\""), ('\\', "\\\\"), ('\b', "\\b"), ('\f', "\\f"), ('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")];

    /// <summary>An expression for the content of strings that match, and how many characters they have.</summary>
    /// <exception cref="GrammarException">It is no regular expression, or one that a grammar cannot follow.</exception>
    public static (string Text, long Shortest, long? Longest) Compile(GrammarBuilder builder, string pattern, string place)
    {
        PatternNode node = Parse(pattern, place);
        string text = Text(builder, node, place);
        return (text.Length == 0 ? "\"\"" : text, node.Shortest, node.Longest);
    }

    /// <summary>A pattern as one for whole strings: like a search, what it does not tie to the start or the end may have anything around it.</summary>
    public static PatternNode Parse(string pattern, string place)
    {
        PatternNode node = new PatternParser(pattern, place).Parse();
        IReadOnlyList<PatternNode> choices = node is PatternChoice choice ? choice.Choices : [node];
        return new PatternChoice([.. choices.Select(Anchored)]);
    }

    private static PatternSequence Anchored(PatternNode node)
    {
        List<PatternNode> parts = [.. node is PatternSequence sequence ? sequence.Parts : [node]];
        PatternRepeat anything = new(new PatternCharacter(CharacterSet.Of().Not()), 0, null);
        if (parts.Count > 0 && parts[0] is PatternAnchor { IsStart: true })
            parts.RemoveAt(0);
        else
            parts.Insert(0, anything);
        if (parts.Count > 0 && parts[^1] is PatternAnchor { IsStart: false })
            parts.RemoveAt(parts.Count - 1);
        else if (parts.Count != 1 || parts[0] != anything)
            parts.Add(anything);
        return new PatternSequence(parts);
    }

    private static string Text(GrammarBuilder builder, PatternNode node, string place)
    {
        switch (node)
        {
            case PatternCharacter character:
                return Character(character.Set, place);
            case PatternSequence sequence:
                return string.Join(' ', sequence.Parts.Select(p => Text(builder, p, place)).Where(t => t.Length > 0));
            case PatternChoice { Choices.Count: 1 } choice:
                return Text(builder, choice.Choices[0], place);
            case PatternChoice choice:
                return $"({string.Join(" | ", choice.Choices.Select(c => Text(builder, c, place)).Select(t => t.Length > 0 ? t : "\"\"").Distinct())})";
            case PatternRepeat repeat:
                return Repeated(builder, repeat, place);
            default:
                throw new GrammarException("This pattern cannot be ensured: '^' and '$' may stand at its start and its end only.", place);
        }
    }

    private static string Repeated(GrammarBuilder builder, PatternRepeat repeat, string place)
    {
        PatternNode part = Simplified(repeat.Part);
        int min = repeat.Min;
        if (part.Shortest == 0)
        {
            // Any number of what may be empty: of that the part that is not, any number of times.
            if (part is not PatternRepeat { Part.Shortest: > 0 } inner || repeat.Max is not null)
            {
                if (part.Longest == 0)
                    return Text(builder, part, place);
                if (repeat.Max is 1)
                    return $"({Text(builder, part, place)})";
                throw new GrammarException("This pattern cannot be ensured: it repeats something that may be empty. Repeat what is not empty, such as (ab+)*.", place);
            }
            if (inner.Min > 1)
                throw new GrammarException("This pattern cannot be ensured: it repeats something that may be empty. Repeat what is not empty, such as (ab+)*.", place);
            part = inner.Part;
            min = 0;
        }
        string text = Text(builder, part, place);
        string item = part is PatternCharacter && text[0] is '[' or '"' && !text.Contains("] ", StringComparison.Ordinal) && IsOneCharacter(text) ? text : builder.AddRule("part", text);
        return builder.Repeat(item, min, repeat.Max);
    }

    /// <summary>A group with one part is that part.</summary>
    private static PatternNode Simplified(PatternNode node)
    {
        while (node is PatternSequence { Parts.Count: 1 } sequence)
            node = sequence.Parts[0];
        return node;
    }

    /// <summary>Whether an expression may be repeated as it stands: a class, or a literal of one character.</summary>
    private static bool IsOneCharacter(string text) => text[0] == '[' ? text.EndsWith(']') : text.Length == 3;

    private static string Character(CharacterSet set, string place)
    {
        List<string> parts = [];
        CharacterSet plain = set.Without(Escaped).Without(Surrogates);
        if (!plain.IsEmpty)
            parts.Add(Class(plain));
        foreach ((char character, string escape) in ShortEscapes)
            if (set.Contains(character))
                parts.Add(GrammarBuilder.Literal(escape));
        // Other control characters only where they are asked for one by one: a negated class means none of them.
        foreach ((int from, int to) in set.Ranges)
            if (to < ' ' && from == to && !ShortEscapes.Any(e => e.Character == from))
                parts.Add(GrammarBuilder.Literal("\\u" + from.ToString("x4", CultureInfo.InvariantCulture)));
        return parts.Count switch
        {
            0 => throw new GrammarException("This pattern cannot be ensured: a class in it matches no character that can be written.", place),
            1 => parts[0],
            _ => $"({string.Join(" | ", parts)})",
        };
    }

    private static string Class(CharacterSet set)
    {
        if (set.Ranges.Count == 1 && set.Ranges[0].From == set.Ranges[0].To)
            return GrammarBuilder.Literal(char.ConvertFromUtf32(set.Ranges[0].From));
        StringBuilder text = new("[");
        foreach ((int from, int to) in set.Ranges)
        {
            text.Append(GrammarBuilder.Escape(from, inClass: true));
            if (to > from)
                text.Append('-').Append(GrammarBuilder.Escape(to, inClass: true));
        }
        return text.Append(']').ToString();
    }
}
