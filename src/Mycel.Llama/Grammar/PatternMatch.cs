namespace Mycel.Llama.Grammar;

/// <summary>Matches a text against a pattern, all ways at once, so that no pattern takes exponential time.</summary>
internal static class PatternMatch
{
    public static bool IsMatch(PatternNode pattern, int[] text) => Ends(pattern, text, [0]).Contains(text.Length);

    /// <summary>Where matches that begin at some places may end.</summary>
    private static HashSet<int> Ends(PatternNode node, int[] text, HashSet<int> from) => node switch
    {
        PatternCharacter character => [.. from.Where(at => at < text.Length && character.Set.Contains(text[at])).Select(at => at + 1)],
        PatternSequence sequence => sequence.Parts.Aggregate(from, (at, part) => Ends(part, text, at)),
        PatternChoice choice => [.. choice.Choices.SelectMany(c => Ends(c, text, from))],
        PatternRepeat repeat => Repeated(repeat, text, from),
        _ => [],
    };

    private static HashSet<int> Repeated(PatternRepeat repeat, int[] text, HashSet<int> from)
    {
        for (int i = 0; i < repeat.Min && from.Count > 0; i++)
            from = Ends(repeat.Part, text, from);
        HashSet<int> all = [.. from];
        for (int i = repeat.Min; (repeat.Max is null || i < repeat.Max) && from.Count > 0; i++)
        {
            from = [.. Ends(repeat.Part, text, from).Where(all.Add)];
        }
        return all;
    }
}
