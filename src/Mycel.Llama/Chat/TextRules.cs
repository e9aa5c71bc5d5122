using System.Text;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>Grammar rules for free text.</summary>
internal static class TextRules
{
    /// <summary>A rule for any text up to the first place where <paramref name="end"/> stands, that included.</summary>
    /// <returns>The rule's name.</returns>
    public static string Until(GrammarBuilder grammar, string end) => grammar.Shared("until " + end, () =>
    {
        var letters = end.EnumerateRunes().ToArray();
        var states = letters.Select((_, index) => index == 0 ? "" : grammar.Reserve("until")).ToArray();
        // The first state is the shared rule itself, which the others fall back to by a name of its own.
        states[0] = grammar.Reserve("until");
        for (var state = 0; state < letters.Length; state++)
            grammar.Define(states[state], State(letters, states, state));
        return states[0];
    });

    /// <summary>What may come after the first <paramref name="state"/> characters of the end: a machine that finds it, as Knuth, Morris and Pratt made it.</summary>
    private static string State(Rune[] end, string[] states, int state)
    {
        var ways = new List<string> { state + 1 == end.Length ? Letter(end[state]) : $"{Letter(end[state])} {states[state + 1]}" };
        var known = new List<Rune> { end[state] };
        for (var before = state - 1; before >= 0; before--)
        {
            // Another letter may go on with a shorter beginning of the end that the text read so far ends with.
            if (!known.Contains(end[before]) && end.AsSpan(0, before).SequenceEqual(end.AsSpan(state - before, before)))
            {
                known.Add(end[before]);
                ways.Add($"{Letter(end[before])} {states[before + 1]}");
            }
        }

        ways.Add($"[^{string.Concat(known.Select(letter => GrammarBuilder.Escape(letter.Value, inClass: true)))}] {states[0]}");
        return string.Join(" | ", ways);
    }

    private static string Letter(Rune letter) => GrammarBuilder.Literal(letter.ToString());
}
