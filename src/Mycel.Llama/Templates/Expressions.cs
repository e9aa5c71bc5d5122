using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>Something with a value.</summary>
/// <param name="Line">Line of the template, from 1.</param>
internal abstract record Expression(int Line)
{
    /// <summary>Its value; an error is told with the line it happened in.</summary>
    public object? Evaluate(RenderState state)
    {
        state.Step();
        try
        {
            return Compute(state);
        }
        catch (TemplateException error) when (error is { Line: 0, IsRefusal: false })
        {
            throw new TemplateException(error.Message, Line);
        }
    }

    public bool IsTrue(RenderState state) => Operators.IsTrue(Evaluate(state));

    protected abstract object? Compute(RenderState state);
}

internal sealed record LiteralExpression(object? Value, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) => Value;
}

internal sealed record NameExpression(string Name, int Line) : Expression(Line)
{
    private readonly Undefined _undefined = Undefined.Variable(Name);

    protected override object? Compute(RenderState state) =>
        state.Scope.TryGet(Name, out var value) ? value : (object?)Globals.Find(Name) ?? _undefined;
}

internal sealed record SequenceExpression(IReadOnlyList<Expression> Items, SequenceKind Kind, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state)
    {
        state.ChargeItems(Items.Count);
        var items = new List<object?>(Items.Count);
        foreach (var item in Items)
            items.Add(item.Evaluate(state));
        return new Sequence(items, Kind);
    }
}

internal sealed record DictExpression(IReadOnlyList<(Expression Key, Expression Value)> Entries, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state)
    {
        state.ChargeItems(Entries.Count);
        var dict = new Dict();
        foreach (var (key, value) in Entries)
            dict[key.Evaluate(state)] = value.Evaluate(state);
        return dict;
    }
}

internal sealed record MemberExpression(Expression Target, string Name, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) => Members.Attribute(Target.Evaluate(state), Name);
}

internal sealed record IndexExpression(Expression Target, Expression Index, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) => Members.Item(Target.Evaluate(state), Index.Evaluate(state));
}

internal sealed record SliceExpression(Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) =>
        Members.Slice(state, Target.Evaluate(state), Start?.Evaluate(state), Stop?.Evaluate(state), Step?.Evaluate(state));
}

/// <summary>Arguments of a call as they are written.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? Spread, Expression? NamedSpread)
{
    public static readonly ArgumentList Empty = new([], [], null, null);

    /// <summary>Their values.</summary>
    public Arguments Evaluate(RenderState state)
    {
        var positional = new List<object?>(Positional.Count);
        foreach (var argument in Positional)
            positional.Add(argument.Evaluate(state));
        if (Spread is not null)
            positional.AddRange(Operators.ToList(state, Spread.Evaluate(state)));

        var named = Named.Count > 0 || NamedSpread is not null ? new Dictionary<string, object?>(StringComparer.Ordinal) : null;
        foreach (var (name, value) in Named)
            named![name] = value.Evaluate(state);
        if (NamedSpread is null)
            return new Arguments(positional, named);
        if (NamedSpread.Evaluate(state) is not Dict dict)
            throw new TemplateException("'**' needs a dict");
        foreach (var (key, value) in dict.Entries)
        {
            if (!named!.TryAdd(Operators.AsText(key) ?? throw new TemplateException("the names of arguments must be texts"), value))
                throw new TemplateException($"the argument '{Operators.AsText(key)}' is given twice");
        }

        return new Arguments(positional, named);
    }
}

internal sealed record CallExpression(Expression Target, ArgumentList Arguments, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) => Call(state, null);

    /// <summary>Calls it; <paramref name="caller"/> is the body of a <c>call</c> block.</summary>
    public object? Call(RenderState state, Callable? caller)
    {
        var target = Target.Evaluate(state);
        if (target is Undefined undefined)
            throw undefined.Error();
        if (target is not Callable callable)
            throw new TemplateException($"a {Text.TypeName(target)} cannot be called");
        var arguments = Arguments.Evaluate(state);
        if (caller is not null)
            arguments = new Arguments(arguments.Positional, new Dictionary<string, object?>(arguments.Named ?? [], StringComparer.Ordinal) { ["caller"] = caller });
        return callable.Call(state, arguments);
    }
}

internal sealed record FilterExpression(Expression? Input, string Name, ArgumentList Arguments, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) => Apply(state, Input!.Evaluate(state));

    public object? Apply(RenderState state, object? input) => Filters.Find(Name)(state, input, Arguments.Evaluate(state));
}

internal sealed record TestExpression(Expression Input, string Name, ArgumentList Arguments, bool IsNegated, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state)
    {
        // A filter or test that is asked about needs no value: `'tojson' is filter`.
        var test = Tests.Find(Name);
        return test(state, Input.Evaluate(state), Arguments.Evaluate(state)) != IsNegated;
    }
}

internal sealed record NotExpression(Expression Operand, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) => !Operand.IsTrue(state);
}

internal sealed record SignExpression(Expression Operand, bool IsNegative, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state) => Operand.Evaluate(state) switch
    {
        double number => IsNegative ? -number : number,
        Undefined undefined => throw undefined.Error(),
        var value when Operators.IsNumber(value) => IsNegative ? Operators.Arithmetic("-", 0L, value) : Operators.ToLong(value),
        var value => throw new TemplateException($"a {Text.TypeName(value)} has no sign"),
    };
}

/// <summary><c>and</c>, <c>or</c>: the operand that decided.</summary>
internal sealed record LogicExpression(Expression Left, Expression Right, bool IsAnd, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state)
    {
        var left = Left.Evaluate(state);
        return Operators.IsTrue(left) == IsAnd ? Right.Evaluate(state) : left;
    }
}

internal sealed record ConcatExpression(IReadOnlyList<Expression> Parts, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state)
    {
        var text = new StringBuilder();
        foreach (var part in Parts)
        {
            var shown = Text.Show(part.Evaluate(state));
            state.ChargeText((long)text.Length + shown.Length);
            text.Append(shown);
        }

        return text.ToString();
    }
}

internal sealed record BinaryExpression(string Operation, Expression Left, Expression Right, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state)
    {
        var left = Left.Evaluate(state);
        var right = Right.Evaluate(state);
        return Operation switch
        {
            "+" => Operators.Add(state, left, right),
            "*" => Operators.Multiply(state, left, right),
            "%" when left is string format => TextFormat.Percent(state, format, right),
            _ => Operators.Arithmetic(Operation, left, right),
        };
    }
}

/// <summary>One or more comparisons in a chain: <c>a &lt; b &lt; c</c> holds where both do.</summary>
internal sealed record CompareExpression(Expression First, IReadOnlyList<(string Operation, Expression Operand)> Rest, int Line) : Expression(Line)
{
    protected override object? Compute(RenderState state)
    {
        var left = First.Evaluate(state);
        foreach (var (operation, operand) in Rest)
        {
            var right = operand.Evaluate(state);
            var holds = operation switch
            {
                "==" => Operators.AreEqual(left, right),
                "!=" => !Operators.AreEqual(left, right),
                "in" => Operators.Contains(state, right, left),
                "not in" => !Operators.Contains(state, right, left),
                _ => Operators.Compare(operation, left, right),
            };
            if (!holds)
                return false;
            left = right;
        }

        return true;
    }
}

internal sealed record ConditionExpression(Expression Condition, Expression Then, Expression? Else, int Line) : Expression(Line)
{
    private static readonly Undefined Missing = new("a condition does not hold, and there is no 'else'");

    protected override object? Compute(RenderState state) =>
        Condition.IsTrue(state) ? Then.Evaluate(state) : Else is null ? Missing : Else.Evaluate(state);
}
