using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>
/// Puts a grammar in llama.cpp's language (GBNF) together from rules and JSON schemas. What comes from schemas is never left-recursive and needs
/// bounded time and memory in llama.cpp. Not safe for use by several threads.
/// </summary>
/// <remarks>The language: <c>grammars/README.md</c> and <c>src/llama-grammar.cpp</c> in llama.cpp.</remarks>
public sealed class GrammarBuilder
{
    /// <summary>Most rules, those counted that llama.cpp makes of repetitions.</summary>
    public const int MaxRules = 20_000;

    /// <summary>Most characters of a grammar.</summary>
    public const int MaxCharacters = 1 << 20;

    /// <summary>
    /// Repetitions up to this number are left to llama.cpp, which makes a rule of each; more are counted in blocks. (From 2,000 on llama.cpp refuses
    /// a minimum and forgets a maximum.)
    /// </summary>
    private const int PlainRepetitions = 32;

    /// <summary>Longest part of a rule's name that comes from outside.</summary>
    private const int MaxName = 40;

    private readonly Dictionary<string, string> _rules = [];
    private readonly HashSet<string> _names = ["root"];
    private readonly Dictionary<string, string> _shared = [];
    private readonly Dictionary<string, int> _lastNumbers = [];
    private int _cost;
    private int _characters;

    /// <summary>Adds rules for the JSON texts that a schema allows.</summary>
    /// <param name="name">Wish for the rule's name; made valid and unique.</param>
    /// <param name="schema">A JSON schema: an object, or true or false.</param>
    /// <returns>The rule's name, for use in other rules.</returns>
    /// <exception cref="GrammarException">The schema asks for what a grammar cannot ensure, or is too large.</exception>
    public string AddSchema(string name, JsonElement schema) => new SchemaCompiler(this, schema).Compile(name);

    /// <summary>Adds a rule.</summary>
    /// <param name="name">Wish for its name; made valid and unique.</param>
    /// <param name="body">What comes after <c>::=</c>, in GBNF, on one line.</param>
    /// <returns>The rule's name, for use in other rules.</returns>
    public string AddRule(string name, string body)
    {
        string unique = Reserve(name);
        Define(unique, body);
        return unique;
    }

    /// <summary>A text as a GBNF literal, quotes included.</summary>
    public static string Literal(string text)
    {
        StringBuilder literal = new("\"");
        foreach (Rune rune in text.EnumerateRunes())
            literal.Append(Escape(rune.Value));
        return literal.Append('"').ToString();
    }

    /// <summary>The whole grammar.</summary>
    /// <param name="rootBody">What comes after <c>root ::=</c>.</param>
    public string Build(string rootBody)
    {
        StringBuilder grammar = new();
        grammar.Append("root ::= ").Append(rootBody).Append('\n');
        foreach ((string name, string body) in _rules)
            grammar.Append(name).Append(" ::= ").Append(body).Append('\n');
        return grammar.ToString();
    }

    /// <summary>A code point as it may stand in a literal or, where asked for, in a class.</summary>
    internal static string Escape(int character, bool inClass = false) => character switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '"' or '\\' => "\\" + (char)character,
        // The first would end a class or begin one, the others negate it or make a range.
        '[' or ']' or '^' or '-' when inClass => "\\x" + character.ToString("X2", CultureInfo.InvariantCulture),
        < 0x20 or 0x7F => "\\x" + character.ToString("X2", CultureInfo.InvariantCulture),
        < 0x7F => ((char)character).ToString(),
        <= 0xFFFF => "\\u" + character.ToString("X4", CultureInfo.InvariantCulture),
        _ => "\\U" + character.ToString("X8", CultureInfo.InvariantCulture),
    };

    /// <summary>Takes a name for a rule that is defined later.</summary>
    internal string Reserve(string wish)
    {
        string name = string.Concat(wish.Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ' ').Take(MaxName)).Replace('_', '-').Replace(' ', '-').Trim('-');
        if (name.Length == 0)
            name = "rule";
        string unique = name;
        while (!_names.Add(unique))
        {
            int number = _lastNumbers.GetValueOrDefault(name, 1) + 1;
            _lastNumbers[name] = number;
            unique = $"{name}-{number}";
        }
        return unique;
    }

    /// <exception cref="GrammarException">The grammar became too large.</exception>
    internal void Define(string name, string body)
    {
        _characters += name.Length + body.Length;
        Spend(1 + Repetitions(body));
        _rules.Add(name, body);
    }

    /// <summary>A rule that several others use; made once.</summary>
    internal string Shared(string name, Func<string> body)
    {
        if (_shared.TryGetValue(name, out string? rule))
            return rule;
        rule = Reserve(name);
        // Known before its body is made: it may use itself.
        _shared[name] = rule;
        Define(rule, body());
        return rule;
    }

    /// <summary>An item so many times: an expression, empty text where it is none at all.</summary>
    /// <param name="item">What never is empty: a rule's name, a class or a literal of one character; anything else in a rule of its own.</param>
    /// <param name="min">Fewest.</param>
    /// <param name="max">Most; null for any number.</param>
    internal string Repeat(string item, int min, int? max)
    {
        string least = Exactly(item, min);
        string more = max is not { } most ? item + "*" : UpTo(item, most - min);
        return (least + " " + more).Trim();
    }

    private string Exactly(string item, int count)
    {
        if (count <= PlainRepetitions)
            return Plain(item, count, count);
        int size = (int)Math.Ceiling(Math.Sqrt(count));
        string block = AddRule("block", Plain(item, size, size));
        return $"{Plain(block, count / size, count / size)} {Plain(item, count % size, count % size)}".TrimEnd();
    }

    /// <summary>
    /// Whole blocks, then less than a block. A chain of rules counts the blocks, so that no text can be read in two ways: that would cost time with
    /// every character.
    /// </summary>
    private string UpTo(string item, int count)
    {
        if (count <= PlainRepetitions)
            return Plain(item, 0, count);
        int size = (int)Math.Ceiling(Math.Sqrt(count));
        string block = AddRule("block", Plain(item, size, size));
        string tail = AddRule("tail", Plain(item, 0, size - 1));
        string rest = Plain(item, 0, count % size);
        for (int blocks = count / size; blocks > 0; blocks--)
            rest = AddRule("blocks", $"{block} {rest} | {tail}".Replace("  ", " ", StringComparison.Ordinal));
        return rest;
    }

    private static string Plain(string item, int min, int max) => (min, max) switch
    {
        (_, 0) => "",
        (1, 1) => item,
        (0, 1) => item + "?",
        _ when min == max => $"{item}{{{min}}}",
        _ => $"{item}{{{min},{max}}}",
    };

    /// <summary>The sum of all counts in braces: llama.cpp makes a rule, or a copy, for each.</summary>
    private static int Repetitions(string body)
    {
        int sum = 0;
        for (int at = body.IndexOf('{', StringComparison.Ordinal); at >= 0; at = body.IndexOf('{', at + 1))
        {
            int number = 0;
            for (int i = at + 1; i < body.Length && (char.IsAsciiDigit(body[i]) || body[i] == ',') && sum < MaxRules; i++)
                number = body[i] == ',' ? 0 : Math.Min(number * 10 + body[i] - '0', MaxRules);
            sum = Math.Min(sum + number, MaxRules);
        }
        return sum;
    }

    private void Spend(int rules)
    {
        _cost += rules;
        if (_cost > MaxRules || _characters > MaxCharacters)
            throw new GrammarException("The schema is too large: its grammar would have more than " + (_cost > MaxRules ? $"{MaxRules} rules" : $"{MaxCharacters} characters") + ". Use fewer properties or smaller counts.", "#");
    }
}
