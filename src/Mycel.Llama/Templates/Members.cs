namespace Mycel.Llama.Templates;

/// <summary>Attributes, methods and items of values.</summary>
internal static class Members
{
    /// <summary><c>target.name</c>: a method or attribute, else the item of that name.</summary>
    public static object? Attribute(object? target, string name) =>
        TryOwn(target, name, out var found) ? found : target is Dict dict && dict.TryGet(name, out var item) ? item : Missing(target, name);

    /// <summary><c>target[key]</c>: the item, else a method or attribute of that name.</summary>
    public static object? Item(object? target, object? key)
    {
        switch (target)
        {
            case Dict dict when dict.TryGet(key, out var item):
                return item;
            case Sequence { IsIndexable: true } sequence when key is long or bool:
                return At(sequence.Items, Operators.ToLong(key), out var element) ? element : new Undefined($"a {Text.TypeName(target)} has no item {key}");
            case string or Markup when key is long or bool:
                var characters = Text.Characters(Operators.AsText(target)!).ToList();
                return At(characters, Operators.ToLong(key), out var character) ? character : new Undefined($"a text has no character {key}");
        }

        if (target is Undefined undefined)
            throw undefined.Error();
        if (Operators.AsText(key) is { } name)
            return TryOwn(target, name, out var found) ? found : Missing(target, name);
        return new Undefined($"a {Text.TypeName(target)} has no such item");
    }

    private static bool At<T>(List<T> items, long index, out T? item)
    {
        if (index < 0)
            index += items.Count;
        var isIn = index >= 0 && index < items.Count;
        item = isIn ? items[(int)index] : default;
        return isIn;
    }

    private static Undefined Missing(object? target, string name) =>
        target is Undefined undefined ? throw undefined.Error() : new Undefined($"a {Text.TypeName(target)} has no '{name}'");

    /// <summary>What a value has beside its items.</summary>
    private static bool TryOwn(object? target, string name, out object? found)
    {
        if (target is Namespace space)
            return space.Attributes.TryGetValue(name, out found);
        if (target is Loop loop)
        {
            found = loop.Attribute(name);
            return true;
        }

        found = target switch
        {
            string or Markup => TextMethods.Find(target, name),
            Dict dict => DictMethods.Find(dict, name),
            Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence => SequenceMethods.Find(sequence, name),
            Macro macro when name == "name" => macro.Name,
            _ => null,
        };
        return found is not null;
    }

    public static object Slice(RenderState state, object? target, object? start, object? stop, object? step)
    {
        switch (target)
        {
            case string or Markup:
                var text = Operators.AsText(target)!;
                state.ChargeText(text.Length);
                if (text.All(char.IsAscii) && step is null or 1L)
                {
                    var (from, to, _) = Bounds(text.Length, start, stop, step);
                    return from < to ? text[(int)from..(int)to] : "";
                }

                return string.Concat(Pick(Text.Characters(text).ToList(), start, stop, step));
            case Sequence { IsIndexable: true } sequence:
                state.ChargeItems(sequence.Items.Count);
                return new Sequence(Pick(sequence.Items, start, stop, step), sequence.Kind);
            case Undefined undefined:
                throw undefined.Error();
            default:
                // Jinja looks for an attribute of this name then, and finds none.
                return new Undefined($"a {Text.TypeName(target)} has no slices");
        }
    }

    private static List<T> Pick<T>(List<T> items, object? start, object? stop, object? step)
    {
        var (from, to, by) = Bounds(items.Count, start, stop, step);
        var picked = new List<T>();
        for (var index = from; by > 0 ? index < to : index > to; index += by)
            picked.Add(items[(int)index]);
        return picked;
    }

    private static (long From, long To, long By) Bounds(int count, object? start, object? stop, object? step)
    {
        var by = step is null ? 1 : Operators.ToLong(step);
        if (by == 0)
            throw new TemplateException("a slice's step is 0");
        // Beyond the length a step makes no difference, and its sum could not overflow.
        by = Math.Clamp(by, -count - 1L, count + 1L);
        var (low, high) = by > 0 ? (0L, (long)count) : (-1L, count - 1L);
        long Limit(object? value, long otherwise)
        {
            if (value is null)
                return otherwise;
            var index = Operators.ToLong(value);
            return Math.Clamp(index < 0 ? index + count : index, low, high);
        }

        return by > 0 ? (Limit(start, low), Limit(stop, high), by) : (Limit(start, high), Limit(stop, low), by);
    }
}

/// <summary>Methods of dicts.</summary>
internal static class DictMethods
{
    public static Callable? Find(Dict dict, string name) => name switch
    {
        "get" => new Function(name, (_, arguments) =>
        {
            var key = arguments.Next("key");
            var otherwise = arguments.Next("default", null);
            return dict.TryGet(key, out var value) ? value : otherwise;
        }),
        "items" => View(name, () => Entries(dict)),
        "keys" => View(name, () => new Sequence([.. dict.Keys], SequenceKind.Keys)),
        "values" => View(name, () => new Sequence([.. dict.Values], SequenceKind.Values)),
        "copy" => new Function(name, (_, _) => Copy(dict)),
        "update" => new Function(name, (state, arguments) => Update(state, dict, arguments)),
        "pop" => new Function(name, (_, arguments) => Pop(dict, arguments)),
        "setdefault" => new Function(name, (_, arguments) =>
        {
            var key = arguments.Next("key");
            if (!dict.TryGet(key, out var value))
                dict[key] = value = arguments.Next("default", null);
            return value;
        }),
        "clear" or "fromkeys" or "popitem" => throw new TemplateException($"the method '{name}' of dicts is not supported in templates"),
        _ => null,
    };

    public static Sequence Entries(Dict dict) =>
        new([.. dict.Entries.Select(entry => Sequence.Tuple(entry.Key, entry.Value))], SequenceKind.Items);

    public static Dict Copy(Dict dict)
    {
        var copy = new Dict();
        foreach (var (key, value) in dict.Entries)
            copy[key] = value;
        return copy;
    }

    private static Function View(string name, Func<Sequence> make) => new(name, (state, arguments) =>
    {
        arguments.End(name);
        var view = make();
        state.ChargeItems(view.Items.Count);
        return view;
    });

    private static object? Update(RenderState state, Dict dict, Arguments arguments)
    {
        if (arguments.TryNext("other", out var other))
        {
            state.ChargeItems(Operators.Length(other));
            foreach (var (key, value) in (other as Dict ?? throw new TemplateException("'update' needs a dict")).Entries.ToList())
                dict[key] = value;
        }

        foreach (var (key, value) in arguments.Named ?? [])
            dict[key] = value;
        return null;
    }

    private static object? Pop(Dict dict, Arguments arguments)
    {
        var key = arguments.Next("key");
        if (!dict.TryGet(key, out var value))
            return arguments.TryNext("default", out var otherwise) ? otherwise : throw new TemplateException($"a dict has no '{Text.Show(key)}' to take out");
        dict.Remove(key);
        return value;
    }
}

/// <summary>Methods of lists and tuples.</summary>
internal static class SequenceMethods
{
    public static Callable? Find(Sequence sequence, string name)
    {
        var items = sequence.Items;
        switch (name)
        {
            case "index":
                return new Function(name, (_, arguments) =>
                {
                    var sought = arguments.Next("value");
                    var place = items.FindIndex(item => Operators.AreEqual(item, sought));
                    return place >= 0 ? (long)place : throw new TemplateException("'index' does not find the value in the list");
                });
            case "count":
                return new Function(name, (_, arguments) =>
                {
                    var sought = arguments.Next("value");
                    return (long)items.Count(item => Operators.AreEqual(item, sought));
                });
        }

        if (sequence.Kind == SequenceKind.Tuple)
            return null;
        return name switch
        {
            "append" => new Function(name, (state, arguments) => Insert(state, items, items.Count, arguments.Next("object"))),
            "insert" => new Function(name, (state, arguments) =>
            {
                var place = Operators.ToLong(arguments.Next("index"));
                place = Math.Clamp(place < 0 ? place + items.Count : place, 0, items.Count);
                return Insert(state, items, (int)place, arguments.Next("object"));
            }),
            "extend" => new Function(name, (state, arguments) =>
            {
                items.AddRange(Operators.ToList(state, arguments.Next("iterable")));
                return null;
            }),
            "pop" => new Function(name, (_, arguments) =>
            {
                var place = Operators.ToLong(arguments.Next("index", -1L));
                place = place < 0 ? place + items.Count : place;
                if (place < 0 || place >= items.Count)
                    throw new TemplateException("'pop' finds no such item in the list");
                var item = items[(int)place];
                items.RemoveAt((int)place);
                return item;
            }),
            "copy" => new Function(name, (state, _) => new Sequence(Operators.ToList(state, sequence))),
            "clear" or "remove" or "reverse" or "sort" => throw new TemplateException($"the method '{name}' of lists is not supported in templates"),
            _ => null,
        };
    }

    private static object? Insert(RenderState state, List<object?> items, int place, object? item)
    {
        state.ChargeItems(1 + ((items.Count - place) / 8));
        items.Insert(place, item);
        return null;
    }
}
