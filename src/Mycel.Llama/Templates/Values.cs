using System.Numerics;

namespace Mycel.Llama.Templates;

// What a template's value may be: null (None), bool, long, BigInteger (whole numbers beyond 64 bits: shown, not counted with),
// double, string, and the classes below. The names in the comments are Python's.

/// <summary>A variable or member that does not exist. It shows as nothing and is false; most other uses are errors.</summary>
internal sealed class Undefined(string message)
{
    public static readonly Undefined Nameless = new("a value is undefined");

    /// <summary>What to say where it is used as if it existed.</summary>
    public string Message { get; } = message;

    public static Undefined Variable(string name) => new($"'{name}' is undefined");

    public TemplateException Error() => new(Message);
}

/// <summary>Text marked as safe for HTML. What is added to it with <c>+</c> is escaped, as in the reference.</summary>
internal sealed record Markup(string Text);

internal enum SequenceKind
{
    List,
    Tuple,
    Range,
    Keys,
    Values,
    Items,
}

/// <summary>A list, tuple, range or view of a dict.</summary>
internal sealed class Sequence(List<object?> items, SequenceKind kind = SequenceKind.List)
{
    public List<object?> Items { get; } = items;

    public SequenceKind Kind { get; } = kind;

    /// <summary>Views of dicts have no index.</summary>
    public bool IsIndexable => Kind is SequenceKind.List or SequenceKind.Tuple or SequenceKind.Range;

    public static Sequence Tuple(params List<object?> items) => new(items, SequenceKind.Tuple);
}

/// <summary>A dict: keeps the order in which keys came; keys are equal as values are.</summary>
internal sealed class Dict
{
    private static readonly object None = new();
    private readonly OrderedDictionary<object, object?> _entries = new(KeyComparer.Instance);

    public int Count => _entries.Count;

    public IEnumerable<object?> Keys => _entries.Keys.Select(FromKey);

    public IEnumerable<object?> Values => _entries.Values;

    public IEnumerable<(object? Key, object? Value)> Entries => _entries.Select(entry => (FromKey(entry.Key), entry.Value));

    public object? this[object? key]
    {
        set => _entries[ToKey(key)] = value;
    }

    public bool TryGet(object? key, out object? value) => _entries.TryGetValue(ToKey(key), out value);

    public bool Remove(object? key) => _entries.Remove(ToKey(key));

    private static object? FromKey(object key) => ReferenceEquals(key, None) ? null : key;

    private static object ToKey(object? key) => key switch
    {
        null => None,
        string => key,
        Markup markup => markup.Text,
        Dict or Namespace or Sequence { Kind: not (SequenceKind.Tuple or SequenceKind.Range) } =>
            throw new TemplateException($"a {Text.TypeName(key)} cannot be the key of a dict"),
        _ => key,
    };

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        public new bool Equals(object? left, object? right) =>
            left is string text ? right is string other && text == other : Operators.AreEqual(left, right);

        public int GetHashCode(object key) => key switch
        {
            string text => text.GetHashCode(StringComparison.Ordinal),
            bool flag => flag ? 1.GetHashCode() : 0,
            long number => number.GetHashCode(),
            double number => number == Math.Floor(number) && Math.Abs(number) < 1e15 ? ((long)number).GetHashCode() : number.GetHashCode(),
            BigInteger number => number.GetHashCode(),
            Sequence sequence => sequence.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, item is null ? 0 : GetHashCode(item))),
            _ => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(key),
        };
    }
}

/// <summary>What filters such as <c>map</c> give: can be walked once, and is true even when nothing is in it.</summary>
internal sealed class Generator(IEnumerable<object?> items)
{
    private readonly IEnumerator<object?> _items = items.GetEnumerator();

    public IEnumerable<object?> Rest()
    {
        while (_items.MoveNext())
            yield return _items.Current;
    }
}

/// <summary>The object of <c>namespace()</c>: the one thing whose attributes a template can set.</summary>
internal sealed class Namespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>Something that can be called.</summary>
internal abstract class Callable(string name)
{
    public string Name { get; } = name;

    public abstract object? Call(RenderState state, Arguments arguments);
}

/// <summary>A function of this program.</summary>
internal sealed class Function(string name, Func<RenderState, Arguments, object?> body) : Callable(name)
{
    public override object? Call(RenderState state, Arguments arguments) => body(state, arguments);
}

/// <summary>Arguments of a call. Methods that read one also note that it is known; the rest are refused by <see cref="End"/>.</summary>
internal sealed class Arguments(List<object?> positional, Dictionary<string, object?>? named)
{
    private int _known;
    private int _namedRead;

    public static Arguments None => new([], null);

    public List<object?> Positional { get; } = positional;

    public Dictionary<string, object?>? Named { get; } = named;

    /// <summary>Reads the next argument by its place or its name.</summary>
    public bool TryNext(string name, out object? value)
    {
        var place = _known++;
        if (place < Positional.Count)
        {
            value = Positional[place];
            return true;
        }

        if (Named is not null && Named.TryGetValue(name, out value))
        {
            _namedRead++;
            return true;
        }

        value = null;
        return false;
    }

    public object? Next(string name) =>
        TryNext(name, out var value) ? value : throw new TemplateException($"the argument '{name}' is missing");

    public object? Next(string name, object? otherwise) => TryNext(name, out var value) ? value : otherwise;

    /// <summary>Refuses arguments that nothing has read.</summary>
    public void End(string function)
    {
        if (Positional.Count > _known || (Named?.Count ?? 0) > _namedRead)
            throw new TemplateException($"{function} was called with arguments that it does not take");
    }
}
