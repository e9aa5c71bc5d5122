using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Makes rules of one JSON schema. Schemas within it get their rules one after the other from a queue, so that it may be of any depth and refer to itself.</summary>
internal sealed class SchemaCompiler
{
    /// <summary>Longest schema, in characters.</summary>
    public const int MaxSchemaCharacters = 512 << 10;

    private readonly SchemaNode _root;
    private readonly Dictionary<string, string> _rules = [];
    private readonly Queue<(string Rule, SchemaSet Set)> _open = new();
    private readonly RuleNeeds _needs = new();

    public SchemaCompiler(GrammarBuilder builder, JsonElement schema)
    {
        Builder = builder;
        Resolver = new SchemaResolver(schema);
        _root = new SchemaNode(schema, "#");
    }

    public GrammarBuilder Builder { get; }

    public SchemaResolver Resolver { get; }

    /// <returns>The rule for the whole schema.</returns>
    /// <exception cref="GrammarException">The schema asks for what a grammar cannot ensure, or is too large.</exception>
    public string Compile(string name)
    {
        if (_root.Element.GetRawText().Length > MaxSchemaCharacters)
            throw new GrammarException($"The schema is longer than {MaxSchemaCharacters} characters.", "#");
        try
        {
            string rule = Rule([_root], name) ?? throw new GrammarException("No value fits this schema.", "#");
            while (_open.TryDequeue(out (string Rule, SchemaSet Set) next))
                Define(next.Rule, next.Set);
            _needs.Check();
            return rule;
        }
        catch (InvalidOperationException)
        {
            // System.Text.Json does not hand out texts with half a surrogate pair.
            throw new GrammarException("The schema contains a text that is not valid Unicode.", "#");
        }
    }

    /// <summary>The rule for values that fit all of some schemas; null where none can.</summary>
    public string? Rule(IEnumerable<SchemaNode> nodes, string name)
    {
        SchemaSet set = SchemaSet.Of(nodes, Resolver);
        if (set.IsImpossible)
            return null;
        if (set.IsAny)
            return JsonRules.Any(Builder);
        return Rule(set, name);
    }

    private string Rule(SchemaSet set, string name)
    {
        if (_rules.TryGetValue(set.Key, out string? rule))
            return rule;
        rule = Builder.Reserve(name);
        _rules.Add(set.Key, rule);
        _open.Enqueue((rule, set));
        return rule;
    }

    private void Define(string rule, SchemaSet set)
    {
        if (set.Alternatives(Resolver) is null)
        {
            Builder.Define(rule, Body(rule, set));
            return;
        }
        List<string> choices = [];
        foreach (SchemaSet choice in set.Expand(Resolver))
            choices.Add(choice.IsAny ? JsonRules.Any(Builder) : Rule(choice, rule));
        if (choices.Count == 0)
            throw new GrammarException("None of the alternatives can be fulfilled.", set.Place);
        _needs.AnyOf(rule, set.Place, choices);
        Builder.Define(rule, string.Join(" | ", choices.Distinct()));
    }

    private string Body(string rule, SchemaSet set)
    {
        if (set.IsEnumeration)
            return EnumRules.Body(set, Resolver);
        List<string> bodies = [];
        List<IReadOnlyList<string>> needs = [];
        void Add(JsonTypes type, Func<(string, IReadOnlyList<string>)> make)
        {
            if ((set.Types & type) == 0)
                return;
            (string body, IReadOnlyList<string> needed) = make();
            bodies.Add(body);
            needs.Add(needed);
        }
        Add(JsonTypes.String, () => (StringRules.Body(Builder, set), []));
        Add(JsonTypes.Number | JsonTypes.Integer, () => (NumberRules.Body(Builder, set), []));
        Add(JsonTypes.Object, () => new ObjectRules(this, set, rule).Body());
        Add(JsonTypes.Array, () => new ArrayRules(this, set, rule).Body());
        Add(JsonTypes.Boolean, () => (JsonRules.Boolean(Builder), []));
        Add(JsonTypes.Null, () => (JsonRules.Null(Builder), []));
        _needs.Add(rule, set.Place, needs);
        return string.Join(" | ", bodies);
    }
}
