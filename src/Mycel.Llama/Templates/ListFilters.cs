using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>Filters on lists and dicts.</summary>
internal static class ListFilters
{
    public static readonly IReadOnlyDictionary<string, Filter> All = new Dictionary<string, Filter>(StringComparer.Ordinal)
    {
        ["length"] = (_, value, _) => (long)Operators.Length(value),
        ["count"] = (_, value, _) => (long)Operators.Length(value),
        ["first"] = (_, value, _) => First(Operators.Items(value)),
        ["last"] = (state, value, _) => Last(state, value),
        ["list"] = (state, value, _) => new Sequence(Operators.ToList(state, value)),
        ["join"] = Join,
        ["map"] = (state, value, arguments) => new Generator(Map(state, value, arguments)),
        ["select"] = (state, value, arguments) => new Generator(Choose(state, value, arguments, byAttribute: false, keeps: true)),
        ["reject"] = (state, value, arguments) => new Generator(Choose(state, value, arguments, byAttribute: false, keeps: false)),
        ["selectattr"] = (state, value, arguments) => new Generator(Choose(state, value, arguments, byAttribute: true, keeps: true)),
        ["rejectattr"] = (state, value, arguments) => new Generator(Choose(state, value, arguments, byAttribute: true, keeps: false)),
        ["items"] = Items,
        ["dictsort"] = DictSort,
        ["sort"] = Sort,
        ["unique"] = (state, value, arguments) => new Generator(Unique(state, value, arguments)),
        ["reverse"] = Reverse,
        ["sum"] = Sum,
        ["min"] = (state, value, arguments) => Extreme(state, value, arguments, -1),
        ["max"] = (state, value, arguments) => Extreme(state, value, arguments, 1),
        ["batch"] = (state, value, arguments) => new Generator(Batch(state, value, arguments)),
    };

    private static object? First(IEnumerable<object?> items)
    {
        foreach (var item in items)
            return item;
        return new Undefined("there is no first item: nothing is in it");
    }

    private static object? Last(RenderState state, object? value)
    {
        if (value is Generator)
            throw new TemplateException("'last' needs a list; put '| list' before it");
        var items = value as Sequence ?? new Sequence(Operators.ToList(state, value));
        return items.Items.Count > 0 ? items.Items[^1] : new Undefined("there is no last item: nothing is in it");
    }

    /// <summary>A value's attribute by a path such as <c>function.name</c> or a number.</summary>
    private static object? Attribute(object? item, object? path, object? otherwise = null)
    {
        var parts = path is long ? [path] : (Operators.AsText(path) ?? throw new TemplateException("the name of an attribute must be a text"))
            .Split('.').Select(part => part.Length > 0 && part.All(char.IsAsciiDigit) && long.TryParse(part, out var index) ? (object)index : part);
        foreach (var part in parts)
        {
            item = Members.Item(item, part);
            if (item is Undefined && otherwise is not null)
                item = otherwise;
        }

        return item;
    }

    private static string Join(RenderState state, object? value, Arguments arguments)
    {
        var separator = Text.Show(arguments.Next("d", ""));
        var attribute = arguments.Next("attribute", null);
        var text = new StringBuilder();
        var isFirst = true;
        foreach (var item in Operators.Items(value))
        {
            var part = Text.Show(attribute is null ? item : Attribute(item, attribute));
            state.ChargeItems(1);
            state.ChargeText((long)part.Length + separator.Length);
            if (text.Length > RenderState.MaxTextLength)
                state.ChargeText(text.Length);
            text.Append(isFirst ? "" : separator).Append(part);
            isFirst = false;
        }

        return text.ToString();
    }

    private static IEnumerable<object?> Map(RenderState state, object? value, Arguments arguments)
    {
        if (arguments.Positional.Count == 0)
        {
            var path = arguments.Named?.GetValueOrDefault("attribute") ?? throw new TemplateException("'map' needs an attribute or a filter");
            var otherwise = arguments.Named.GetValueOrDefault("default");
            foreach (var item in ItemsIfTrue(value))
            {
                state.Step();
                yield return Attribute(item, path, otherwise);
            }

            yield break;
        }

        var filter = Filters.Find(Text.Show(arguments.Positional[0]));
        foreach (var item in ItemsIfTrue(value))
        {
            state.Step();
            yield return filter(state, item, new Arguments(arguments.Positional[1..], arguments.Named));
        }
    }

    /// <summary>What 'map' and those that choose go through: jinja2 lets them pass None, false and 0, as empty lists.</summary>
    private static IEnumerable<object?> ItemsIfTrue(object? value) => value is Generator || Operators.IsTrue(value) ? Operators.Items(value) : [];

    private static IEnumerable<object?> Choose(RenderState state, object? value, Arguments arguments, bool byAttribute, bool keeps)
    {
        var places = byAttribute ? 1 : 0;
        var rest = arguments.Positional.Skip(places).ToList();
        if (arguments.Positional.Count < places)
            throw new TemplateException("the name of the attribute is missing");
        var test = rest.Count > 0 ? Tests.Find(Text.Show(rest[0])) : null;
        foreach (var item in ItemsIfTrue(value))
        {
            state.Step();
            var tested = byAttribute ? Attribute(item, arguments.Positional[0]) : item;
            var holds = test is null ? Operators.IsTrue(tested) : test(state, tested, new Arguments(rest[1..], arguments.Named));
            if (holds == keeps)
                yield return item;
        }
    }

    private static object? Items(RenderState state, object? value, Arguments arguments) => value switch
    {
        Undefined => new Generator([]),
        Dict dict => new Generator(DictMethods.Entries(dict).Items),
        _ => throw new TemplateException($"'items' needs a dict, not a {Text.TypeName(value)}"),
    };

    private static object? FoldCase(object? value, bool caseSensitive) => caseSensitive || value is not string text ? value : Text.Lower(text);

    /// <summary>Sorts without changing the order of equals, and counts the work.</summary>
    private static List<object?> SortBy(RenderState state, IEnumerable<object?> items, Func<object?, object?> key, bool reverse)
    {
        var keyed = items.Select(item => (Item: item, Key: key(item))).ToList();
        state.ChargeItems(keyed.Count * 8L);
        var comparer = Comparer<object?>.Create((left, right) =>
        {
            state.Step();
            return Operators.Order(left, right) ?? 0;
        });
        var sorted = reverse ? keyed.OrderByDescending(pair => pair.Key, comparer) : keyed.OrderBy(pair => pair.Key, comparer);
        return [.. sorted.Select(pair => pair.Item)];
    }

    private static Sequence DictSort(RenderState state, object? value, Arguments arguments)
    {
        if (value is not Dict dict)
            throw (value as Undefined)?.Error() ?? new TemplateException($"'dictsort' needs a dict, not a {Text.TypeName(value)}");
        var caseSensitive = Operators.IsTrue(arguments.Next("case_sensitive", false));
        var by = arguments.Next("by", "key") as string;
        var reverse = Operators.IsTrue(arguments.Next("reverse", false));
        var place = by == "key" ? 0 : by == "value" ? 1 : throw new TemplateException("'dictsort' sorts by 'key' or by 'value'");
        return new Sequence(SortBy(state, DictMethods.Entries(dict).Items, pair => FoldCase(((Sequence)pair!).Items[place], caseSensitive), reverse));
    }

    private static Sequence Sort(RenderState state, object? value, Arguments arguments)
    {
        var reverse = Operators.IsTrue(arguments.Next("reverse", false));
        var caseSensitive = Operators.IsTrue(arguments.Next("case_sensitive", false));
        var attribute = arguments.Next("attribute", null);
        var paths = attribute is string text ? text.Split(',') : null;
        return new Sequence(SortBy(state, Operators.ToList(state, value), item => attribute is null ? FoldCase(item, caseSensitive)
            : paths is { Length: > 1 } ? new Sequence([.. paths.Select(path => FoldCase(Attribute(item, path), caseSensitive))])
            : FoldCase(Attribute(item, attribute), caseSensitive), reverse));
    }

    private static IEnumerable<object?> Unique(RenderState state, object? value, Arguments arguments)
    {
        var caseSensitive = Operators.IsTrue(arguments.Next("case_sensitive", false));
        var attribute = arguments.Next("attribute", null);
        var seen = new Dict();
        foreach (var item in Operators.Items(value))
        {
            state.ChargeItems(1);
            var key = FoldCase(attribute is null ? item : Attribute(item, attribute), caseSensitive);
            if (seen.TryGet(key, out _))
                continue;
            seen[key] = null;
            yield return item;
        }
    }

    private static object? Reverse(RenderState state, object? value, Arguments arguments)
    {
        if (Operators.AsText(value) is { } text)
        {
            state.ChargeText(text.Length);
            return string.Concat(Text.Characters(text).Reverse());
        }

        var items = Operators.ToList(state, value);
        items.Reverse();
        return new Generator(items);
    }

    private static object? Sum(RenderState state, object? value, Arguments arguments)
    {
        var attribute = arguments.Next("attribute", null);
        var sum = arguments.Next("start", 0L);
        foreach (var item in Operators.Items(value))
        {
            state.Step();
            var part = attribute is null ? item : Attribute(item, attribute);
            if (sum is string)
                throw new TemplateException("'sum' adds numbers and lists, not texts");
            sum = Operators.Add(state, sum, part);
        }

        return sum;
    }

    private static object? Extreme(RenderState state, object? value, Arguments arguments, int direction)
    {
        var caseSensitive = Operators.IsTrue(arguments.Next("case_sensitive", false));
        var attribute = arguments.Next("attribute", null);
        object? Key(object? item) => FoldCase(attribute is null ? item : Attribute(item, attribute), caseSensitive);
        var items = Operators.ToList(state, value);
        if (items.Count == 0)
            return new Undefined("there is no item: nothing is in it");
        var best = items[0];
        foreach (var item in items.Skip(1))
        {
            if (Operators.Order(Key(item), Key(best)) * direction > 0)
                best = item;
        }

        return best;
    }

    private static IEnumerable<object?> Batch(RenderState state, object? value, Arguments arguments)
    {
        var count = (int)Math.Clamp(Operators.ToLong(arguments.Next("linecount")), 1, int.MaxValue);
        var fill = arguments.Next("fill_with", null);
        foreach (var chunk in Operators.ToList(state, value).Chunk(count))
        {
            var items = chunk.ToList();
            if (fill is not null)
            {
                state.ChargeItems(count);
                items.AddRange(Enumerable.Repeat(fill, count - items.Count));
            }

            yield return new Sequence(items);
        }
    }
}
