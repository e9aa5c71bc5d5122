using System.Collections;
using System.Numerics;
using System.Text.Json;

namespace Mycel.Llama.Templates;

/// <summary>
/// A chat template in Jinja, as model files carry them. It renders what jinja2 does with the settings that Hugging Face's
/// transformers use for chat templates (blocks trimmed and stripped, loop controls, its own <c>tojson</c>, <c>raise_exception</c> and
/// <c>strftime_now</c>); what it cannot render that way it refuses. Lists may be changed (<c>append</c>, <c>pop</c>), as llama.cpp allows it too.
/// Parsed once, rendered often, by many threads at once; templates are not trusted: work, memory and nesting are bounded.
/// </summary>
public sealed class JinjaTemplate
{
    /// <summary>Longest template, in characters.</summary>
    public const int MaxSourceLength = 1024 * 1024;

    private readonly Body _body;

    private JinjaTemplate(string source, Body body)
    {
        Source = source;
        _body = body;
    }

    /// <summary>The template as it was given.</summary>
    public string Source { get; }

    /// <exception cref="TemplateException">The source is wrong, too long, or uses what is not supported; the message says where.</exception>
    public static JinjaTemplate Parse(string source)
    {
        if (source.Length > MaxSourceLength)
            throw new TemplateException($"the chat template is longer than {MaxSourceLength:N0} characters");
        return new JinjaTemplate(source, Parser.Parse(source));
    }

    /// <summary>Renders it.</summary>
    /// <param name="values">The variables: null, bool, whole numbers, double, string, <see cref="JsonElement"/>, dictionaries with
    /// string keys, and lists of these. They are copied, so that a template cannot change them.</param>
    /// <param name="time">The clock of <c>strftime_now</c>; null for the system's.</param>
    /// <exception cref="TemplateException">The template refuses the values, or does what is wrong, not supported, or too much.</exception>
    public string Render(IReadOnlyDictionary<string, object?> values, TimeProvider? time = null)
    {
        var state = new RenderState(time ?? TimeProvider.System);
        foreach (var (name, value) in values)
            state.Scope.Set(name, Import(value));
        try
        {
            _body.Execute(state);
        }
        catch (InvalidOperationException error)
        {
            // .NET wraps what a comparison throws while it sorts; all else of this type is a list changed under a loop.
            throw error.InnerException as TemplateException ?? new TemplateException("the chat template changes a list while it goes through it");
        }

        return state.Output.ToString();
    }

    private static object? Import(object? value)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        switch (value)
        {
            case null or bool or long or double or string or BigInteger:
                return value;
            case int number:
                return (long)number;
            case JsonElement element:
                return JsonText.Read(element);
            case IReadOnlyDictionary<string, object?> entries:
                var dict = new Dict();
                foreach (var (name, item) in entries)
                    dict[name] = Import(item);
                return dict;
            case IEnumerable items:
                return new Sequence([.. items.Cast<object?>().Select(Import)]);
            default:
                throw new ArgumentException($"A template cannot take a value of type {value.GetType()}.", nameof(value));
        }
    }
}
