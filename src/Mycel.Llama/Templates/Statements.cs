using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>Something that writes, or changes names.</summary>
/// <param name="Line">Line of the template, from 1.</param>
internal abstract record Statement(int Line)
{
    public Flow Execute(RenderState state)
    {
        state.Step();
        try
        {
            return Run(state);
        }
        catch (TemplateException error) when (error is { Line: 0, IsRefusal: false })
        {
            throw new TemplateException(error.Message, Line);
        }
    }

    protected abstract Flow Run(RenderState state);
}

/// <summary>Statements in a row.</summary>
internal sealed record Body(IReadOnlyList<Statement> Statements)
{
    public Flow Execute(RenderState state)
    {
        foreach (var statement in Statements)
        {
            var flow = statement.Execute(state);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    /// <summary>What it writes, with a scope of its own.</summary>
    public string Capture(RenderState state, Scope scope)
    {
        var (outerScope, outerOutput) = (state.Scope, state.Output);
        state.Scope = scope;
        state.Output = new StringBuilder();
        try
        {
            Execute(state);
            return state.Output.ToString();
        }
        finally
        {
            state.Scope = outerScope;
            state.Output = outerOutput;
        }
    }
}

internal sealed record TextStatement(string Value, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        state.Write(Value);
        return Flow.Next;
    }
}

internal sealed record OutputStatement(Expression Value, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        state.Write(Text.Show(Value.Evaluate(state)));
        return Flow.Next;
    }
}

internal sealed record IfStatement(IReadOnlyList<(Expression Condition, Body Body)> Branches, Body? Else, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        foreach (var (condition, body) in Branches)
        {
            if (condition.IsTrue(state))
                return body.Execute(state);
        }

        return Else?.Execute(state) ?? Flow.Next;
    }
}

/// <summary>What a value is given to: a name, several, or an attribute of a namespace.</summary>
internal sealed record Target(string? Name, string? Attribute, IReadOnlyList<Target> Parts)
{
    public void Assign(RenderState state, Scope scope, object? value)
    {
        if (Parts.Count > 0)
        {
            AssignParts(state, scope, value);
        }
        else if (Attribute is null)
        {
            scope.Set(Name!, value);
        }
        else
        {
            if (!scope.TryGet(Name!, out var owner) || owner is not Namespace target)
                throw new TemplateException($"'{Name}' is no namespace, so its '{Attribute}' cannot be set");
            target.Attributes[Attribute] = value;
        }
    }

    private void AssignParts(RenderState state, Scope scope, object? value)
    {
        var values = Operators.ToList(state, value);
        if (values.Count != Parts.Count)
            throw new TemplateException($"{Parts.Count} values are needed here, not {values.Count}");
        for (var index = 0; index < Parts.Count; index++)
            Parts[index].Assign(state, scope, values[index]);
    }
}

internal sealed record SetStatement(Target Target, Expression Value, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        Target.Assign(state, state.Scope, Value.Evaluate(state));
        return Flow.Next;
    }
}

internal sealed record SetBlockStatement(Target Target, Body Body, IReadOnlyList<FilterExpression> Filters, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        object? value = Body.Capture(state, new Scope(state.Scope));
        foreach (var filter in Filters)
            value = filter.Apply(state, value);
        Target.Assign(state, state.Scope, value);
        return Flow.Next;
    }
}

internal sealed record FilterBlockStatement(Body Body, IReadOnlyList<FilterExpression> Filters, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        object? value = Body.Capture(state, new Scope(state.Scope));
        foreach (var filter in Filters)
            value = filter.Apply(state, value);
        state.Write(Text.Show(value));
        return Flow.Next;
    }
}

/// <summary><c>with</c>, and <c>generation</c> (which marks what an assistant wrote, for training): a scope of its own.</summary>
internal sealed record ScopeStatement(IReadOnlyList<(Target Target, Expression Value)> Values, Body Body, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        var outer = state.Scope;
        var scope = new Scope(outer);
        foreach (var (target, value) in Values)
            target.Assign(state, scope, value.Evaluate(state));
        state.Scope = scope;
        try
        {
            return Body.Execute(state);
        }
        finally
        {
            state.Scope = outer;
        }
    }
}

internal sealed record JumpStatement(Flow Flow, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state) => Flow;
}

/// <summary>A macro, or the body of a <c>call</c> block.</summary>
internal sealed record MacroDefinition(string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Body Body)
{
    /// <summary>Whether the body uses the name, which lets a call give more arguments than there are parameters.</summary>
    public required bool UsesVarargs { get; init; }

    public required bool UsesKwargs { get; init; }

    public required bool UsesCaller { get; init; }
}

internal sealed record MacroStatement(MacroDefinition Definition, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        state.Scope.Set(Definition.Name, new Macro(Definition, state.Scope));
        return Flow.Next;
    }
}

internal sealed record CallStatement(CallExpression Call, MacroDefinition Caller, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        state.Write(Text.Show(Call.Call(state, new Macro(Caller, state.Scope))));
        return Flow.Next;
    }
}

internal sealed record ForStatement(Target Target, Expression Items, Expression? Condition, Body Body, Body? Else, int Line) : Statement(Line)
{
    protected override Flow Run(RenderState state)
    {
        var outer = state.Scope;
        var items = Operators.ToList(state, Items.Evaluate(state));
        try
        {
            if (Condition is not null)
                items = Select(state, outer, items, Condition);
            var loop = new Loop(items);
            for (; loop.Index < items.Count; loop.Index++)
            {
                state.Scope = new Scope(outer);
                state.Scope.Set("loop", loop);
                Target.Assign(state, state.Scope, items[loop.Index]);
                if (Body.Execute(state) == Flow.Break)
                    break;
            }

            state.Scope = new Scope(outer);
            if (items.Count == 0 && Else is not null)
                return Else.Execute(state);
            return Flow.Next;
        }
        finally
        {
            state.Scope = outer;
        }
    }

    private List<object?> Select(RenderState state, Scope outer, List<object?> items, Expression condition)
    {
        var selected = new List<object?>();
        foreach (var item in items)
        {
            state.Scope = new Scope(outer);
            Target.Assign(state, state.Scope, item);
            if (condition.IsTrue(state))
                selected.Add(item);
        }

        return selected;
    }
}

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class Loop(List<object?> items)
{
    private object? _lastChanged;

    public int Index { get; set; }

    public object? Attribute(string name) => name switch
    {
        "index" => (long)Index + 1,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => (long)items.Count - Index - 1,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index < items.Count - 1 ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => new Function("cycle", (_, arguments) => arguments.Positional.Count == 0
            ? throw new TemplateException("no items for cycling are given")
            : arguments.Positional[Index % arguments.Positional.Count]),
        "changed" => new Function("changed", (_, arguments) => HasChanged(Sequence.Tuple([.. arguments.Positional]))),
        "depth" or "depth0" => throw new TemplateException($"loop.{name} is not supported in templates"),
        _ => new Undefined($"the loop has no '{name}'"),
    };

    private bool HasChanged(Sequence values)
    {
        var isChanged = _lastChanged is null || !Operators.AreEqual(_lastChanged, values);
        _lastChanged = values;
        return isChanged;
    }
}

/// <summary>A macro with the scope that it was defined in.</summary>
internal sealed class Macro(MacroDefinition definition, Scope scope) : Callable(definition.Name)
{
    public override object? Call(RenderState state, Arguments arguments)
    {
        var inner = new Scope(scope);
        if (++state.MacroDepth > RenderState.MaxMacroDepth)
            throw RenderState.TooDeep();
        var outer = state.Scope;
        state.Scope = inner;
        try
        {
            Bind(state, inner, arguments);
            return definition.Body.Capture(state, inner);
        }
        finally
        {
            state.Scope = outer;
            state.MacroDepth--;
        }
    }

    private void Bind(RenderState state, Scope inner, Arguments arguments)
    {
        var parameters = definition.Parameters;
        var named = arguments.Named is null ? [] : new Dictionary<string, object?>(arguments.Named, StringComparer.Ordinal);
        for (var index = 0; index < parameters.Count; index++)
        {
            var (name, otherwise) = parameters[index];
            if (index < arguments.Positional.Count)
            {
                if (named.ContainsKey(name))
                    throw new TemplateException($"the macro '{Name}' got its argument '{name}' twice");
                inner.Set(name, arguments.Positional[index]);
            }
            else if (named.Remove(name, out var value))
            {
                inner.Set(name, value);
            }
            else
            {
                inner.Set(name, otherwise is null ? new Undefined($"parameter '{name}' was not provided") : otherwise.Evaluate(state));
            }
        }

        if (definition.UsesCaller)
            inner.Set("caller", named.Remove("caller", out var caller) ? caller : new Undefined("no caller is defined"));
        BindRest(inner, arguments, named);
    }

    private void BindRest(Scope inner, Arguments arguments, Dictionary<string, object?> named)
    {
        if (definition.UsesKwargs)
        {
            var rest = new Dict();
            foreach (var (name, value) in named)
                rest[name] = value;
            inner.Set("kwargs", rest);
        }
        else if (named.Count > 0)
        {
            throw new TemplateException($"the macro '{Name}' has no parameter '{named.Keys.First()}'");
        }

        var count = definition.Parameters.Count;
        if (definition.UsesVarargs)
            inner.Set("varargs", Sequence.Tuple([.. arguments.Positional.Skip(count)]));
        else if (arguments.Positional.Count > count)
            throw new TemplateException($"the macro '{Name}' takes no more than {count} arguments");
    }
}
