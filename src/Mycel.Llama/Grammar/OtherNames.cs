using System.Text;

namespace Mycel.Llama.Grammar;

/// <summary>Names of properties other than some known ones. No escapes: a known name could hide in them.</summary>
internal sealed class OtherNames
{
    private readonly GrammarBuilder _builder;
    private readonly Branch _root = new();

    public OtherNames(GrammarBuilder builder, IEnumerable<string> names)
    {
        _builder = builder;
        // A name with a character that needs an escape cannot be written here anyhow.
        foreach (string name in names.Where(n => !n.Any(c => c is '"' or '\\' or < ' ')))
        {
            Branch branch = _root;
            foreach (Rune rune in name.EnumerateRunes())
            {
                if (!branch.Next.TryGetValue(rune.Value, out Branch? next))
                    branch.Next.Add(rune.Value, next = new Branch());
                branch = next;
            }
            branch.IsName = true;
        }
    }

    private string Letter => _builder.Shared("letter", () => "[^\"\\\\\\x00-\\x1F]");

    /// <summary>The rule for what stands between the quotes.</summary>
    public string Rule(string name)
    {
        // Deepest first, without recursion: names may be long.
        List<Branch> branches = [_root];
        for (int i = 0; i < branches.Count; i++)
            branches.AddRange(branches[i].Next.Values);
        for (int i = branches.Count - 1; i >= 0; i--)
        {
            Branch branch = branches[i];
            if (branch.Next.Count == 0)
            {
                // Longer than a known name: at least one more character.
                branch.Rest = Letter + "+";
                continue;
            }
            StringBuilder body = new("[^\"\\\\\\x00-\\x1F");
            foreach (int character in branch.Next.Keys)
                body.Append(GrammarBuilder.Escape(character, inClass: true));
            body.Append("] ").Append(Letter).Append('*');
            foreach ((int character, Branch next) in branch.Next)
                body.Append(" | ").Append(GrammarBuilder.Literal(char.ConvertFromUtf32(character))).Append(' ').Append(next.Rest);
            // A part of a known name is another name; no name at all is none.
            if (!branch.IsName && branch != _root)
                body.Append(" | \"\"");
            branch.Rest = _builder.AddRule(name + "-name", body.ToString());
        }
        return _root.Rest;
    }

    private sealed class Branch
    {
        public SortedDictionary<int, Branch> Next { get; } = [];
        public bool IsName { get; set; }
        public string Rest { get; set; } = "";
    }
}
