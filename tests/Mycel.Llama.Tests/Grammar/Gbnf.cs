using System.Globalization;
using System.Text;

namespace Mycel.Llama.Tests.Grammar;

/// <summary>
/// An independent reading of llama.cpp's grammar language: tells whether a text follows a grammar, and makes texts that do. Written from the
/// language's description alone, and made to be plain rather than quick.
/// </summary>
internal sealed class Gbnf
{
    private readonly Dictionary<string, Node> _rules = [];
    private readonly Dictionary<string, int> _depths = [];
    private readonly string _text;
    private int _at;

    private abstract record Node;
    private sealed record Characters(bool IsNegated, IReadOnlyList<(int From, int To)> Ranges) : Node;
    private sealed record Sequence(IReadOnlyList<Node> Parts) : Node;
    private sealed record Choice(IReadOnlyList<Node> Choices) : Node;
    private sealed record Times(Node Part, int Min, int? Max) : Node;
    private sealed record Reference(string Name) : Node;

    private Gbnf(string text)
    {
        _text = text;
    }

    public int RuleCount => _rules.Count;

    public static Gbnf Parse(string grammar)
    {
        Gbnf gbnf = new(grammar);
        foreach (string line in grammar.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = line.Split(" ::= ", 2);
            Gbnf body = new(sides[1]);
            gbnf._rules.Add(sides[0], body.ParseChoice());
            Assert.True(body._at == body._text.Length, $"'{line}' cannot be read from {body._at} on");
        }
        gbnf.FindDepths();
        return gbnf;
    }

    // Reading

    private Node ParseChoice()
    {
        List<Node> choices = [ParseSequence()];
        while (Take('|'))
            choices.Add(ParseSequence());
        return choices.Count == 1 ? choices[0] : new Choice(choices);
    }

    private Sequence ParseSequence()
    {
        List<Node> parts = [];
        for (Blanks(); _at < _text.Length && _text[_at] is not ('|' or ')'); Blanks())
        {
            char c = _text[_at];
            if (c == '"')
                parts.Add(ParseLiteral());
            else if (c == '[')
                parts.Add(ParseClass());
            else if (c == '(')
            {
                _at++;
                parts.Add(ParseChoice());
                Assert.True(Take(')'), "a group is open");
            }
            else if (char.IsAsciiLetterOrDigit(c))
            {
                int start = _at;
                while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '-'))
                    _at++;
                parts.Add(new Reference(_text[start.._at]));
            }
            else
                parts[^1] = ParseTimes(parts[^1]);
        }
        return new Sequence(parts);
    }

    private Times ParseTimes(Node part)
    {
        char c = _text[_at++];
        if (c != '{')
            return c switch { '*' => new Times(part, 0, null), '+' => new Times(part, 1, null), '?' => new Times(part, 0, 1), _ => throw new FormatException($"'{c}' at {_at} of {_text}") };
        int end = _text.IndexOf('}', _at);
        string[] numbers = _text[_at..end].Split(',');
        _at = end + 1;
        int min = int.Parse(numbers[0], CultureInfo.InvariantCulture);
        int? max = numbers.Length == 1 ? min : numbers[1].Length == 0 ? null : int.Parse(numbers[1], CultureInfo.InvariantCulture);
        Assert.InRange(min, 0, 2000);
        Assert.InRange(max ?? 0, 0, 2000);
        return new Times(part, min, max);
    }

    private Sequence ParseLiteral()
    {
        List<Node> parts = [];
        for (_at++; _text[_at] != '"';)
        {
            int character = ParseCharacter();
            parts.Add(new Characters(false, [(character, character)]));
        }
        _at++;
        return new Sequence(parts);
    }

    private Characters ParseClass()
    {
        _at++;
        bool isNegated = _text[_at] == '^';
        if (isNegated)
            _at++;
        List<(int, int)> ranges = [];
        while (_text[_at] != ']')
        {
            int from = ParseCharacter();
            int to = from;
            if (_text[_at] == '-' && _text[_at + 1] != ']')
            {
                _at++;
                to = ParseCharacter();
            }
            ranges.Add((from, to));
        }
        _at++;
        return new Characters(isNegated, ranges);
    }

    private int ParseCharacter()
    {
        if (_text[_at] != '\\')
        {
            Rune rune = Rune.GetRuneAt(_text, _at);
            _at += rune.Utf16SequenceLength;
            return rune.Value;
        }
        char c = _text[_at + 1];
        _at += 2;
        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            _at += digits;
            return int.Parse(_text.AsSpan(_at - digits, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }
        return c switch { 'n' => '\n', 'r' => '\r', 't' => '\t', '\\' or '"' or '[' or ']' or '-' => c, _ => throw new FormatException($"escape '{c}'") };
    }

    private void Blanks()
    {
        while (_at < _text.Length && _text[_at] == ' ')
            _at++;
    }

    private bool Take(char c)
    {
        Blanks();
        if (_at >= _text.Length || _text[_at] != c)
            return false;
        _at++;
        return true;
    }

    // Recognising

    public bool Accepts(string text) => new Recogniser(_rules, [.. text.EnumerateRunes().Select(r => r.Value)]).Accepts();

    private sealed class Recogniser(Dictionary<string, Node> rules, int[] text)
    {
        private readonly Dictionary<(string, int), HashSet<int>> _known = [];

        public bool Accepts() => Ends(new Reference("root"), 0).Contains(text.Length);

        private HashSet<int> Ends(Node node, int from)
        {
            switch (node)
            {
                case Characters characters:
                    return from < text.Length && characters.Ranges.Any(r => r.From <= text[from] && text[from] <= r.To) != characters.IsNegated ? [from + 1] : [];
                case Sequence sequence:
                    HashSet<int> ends = [from];
                    foreach (Node part in sequence.Parts)
                        ends = [.. ends.SelectMany(e => Ends(part, e))];
                    return ends;
                case Choice choice:
                    return [.. choice.Choices.SelectMany(c => Ends(c, from))];
                case Times times:
                    return Repeated(times, from);
                case Reference reference:
                    if (!_known.TryGetValue((reference.Name, from), out HashSet<int>? known))
                    {
                        // Left recursion would come here again before the answer is known.
                        _known[(reference.Name, from)] = [];
                        _known[(reference.Name, from)] = known = Ends(rules[reference.Name], from);
                    }
                    return known;
                default:
                    throw new InvalidOperationException();
            }
        }

        private HashSet<int> Repeated(Times times, int from)
        {
            HashSet<int> ends = [from];
            HashSet<int> all = times.Min == 0 ? [from] : [];
            for (int i = 1; i <= (times.Max ?? text.Length + 1) && ends.Count > 0; i++)
            {
                ends = [.. ends.SelectMany(e => Ends(times.Part, e))];
                if (i >= times.Min)
                {
                    int before = all.Count;
                    all.UnionWith(ends);
                    if (all.Count == before && i > times.Min)
                        break;
                }
            }
            return all;
        }
    }

    // Making texts

    /// <summary>How deep a rule's shortest way to an end is; missing where it has none.</summary>
    private void FindDepths()
    {
        bool isChanged;
        do
        {
            isChanged = false;
            foreach ((string name, Node node) in _rules)
                if (Depth(node) is { } depth && (!_depths.TryGetValue(name, out int known) || depth + 1 < known))
                {
                    _depths[name] = depth + 1;
                    isChanged = true;
                }
        }
        while (isChanged);
    }

    private int? Depth(Node node) => node switch
    {
        Characters => 0,
        Sequence sequence => sequence.Parts.Select(Depth).Aggregate((int?)0, (a, b) => a is null || b is null ? null : Math.Max(a.Value, b.Value)),
        Choice choice => choice.Choices.Select(Depth).Min(),
        Times times => times.Min == 0 ? 0 : Depth(times.Part),
        Reference reference => _depths.TryGetValue(reference.Name, out int depth) ? depth : null,
        _ => null,
    };

    /// <summary>A text that follows the grammar.</summary>
    public string Make(Random random)
    {
        StringBuilder text = new();
        Make(new Reference("root"), random, text, 40);
        return text.ToString();
    }

    private void Make(Node node, Random random, StringBuilder text, int depth)
    {
        switch (node)
        {
            case Characters characters:
                text.Append(new Rune(Pick(characters, random)));
                break;
            case Sequence sequence:
                foreach (Node part in sequence.Parts)
                    Make(part, random, text, depth);
                break;
            case Choice choice:
                // Deep down the way that ends soonest.
                Node[] choices = [.. choice.Choices.Where(c => Depth(c) is not null)];
                Make(depth > 0 ? choices[random.Next(choices.Length)] : choices.MinBy(c => Depth(c))!, random, text, depth);
                break;
            case Times times:
                int count = depth > 0 ? random.Next(times.Min, Math.Min(times.Max ?? int.MaxValue, times.Min + random.Next(4)) + 1) : times.Min;
                for (int i = 0; i < count; i++)
                    Make(times.Part, random, text, depth);
                break;
            case Reference reference:
                Make(_rules[reference.Name], random, text, depth - 1);
                break;
        }
    }

    private static int Pick(Characters characters, Random random)
    {
        if (!characters.IsNegated)
        {
            (int from, int to) = characters.Ranges[random.Next(characters.Ranges.Count)];
            int picked = random.Next(3) switch { 0 => from, 1 => to, _ => random.Next(from, to + 1) };
            return picked is >= 0xD800 and <= 0xDFFF ? 0xE000 : picked;
        }
        while (true)
        {
            int picked = random.Next(6) switch { 0 => random.Next(0x80, 0xD800), 1 => random.Next(0x10000, 0x110000), _ => random.Next(0x80) };
            if (!characters.Ranges.Any(r => r.From <= picked && picked <= r.To))
                return picked;
        }
    }
}
