namespace Mycel.Llama.Grammar;

/// <summary>Which rules need which others to come to an end: a schema that requires itself without a way out fits no finite text.</summary>
internal sealed class RuleNeeds
{
    private readonly Dictionary<string, (string Place, IReadOnlyList<IReadOnlyList<string>> Ways)> _rules = [];

    /// <summary>A rule that is fulfilled when all rules of one of its ways are.</summary>
    public void Add(string rule, string place, IReadOnlyList<IReadOnlyList<string>> ways) => _rules[rule] = (place, ways);

    public void AnyOf(string rule, string place, IReadOnlyList<string> choices) => Add(rule, place, [.. choices.Select(c => (IReadOnlyList<string>)[c])]);

    /// <exception cref="GrammarException">A rule can never end.</exception>
    public void Check()
    {
        HashSet<string> open = [.. _rules.Keys];
        int before;
        do
        {
            before = open.Count;
            open.RemoveWhere(rule => _rules[rule].Ways.Any(way => !way.Any(open.Contains)));
        }
        while (open.Count < before);
        if (open.Count > 0)
            throw new GrammarException("This schema requires itself without end: make a property on the way optional, or let it be null.", _rules[_rules.Keys.First(open.Contains)].Place);
    }
}
