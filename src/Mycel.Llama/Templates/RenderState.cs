using System.Runtime.CompilerServices;
using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>
/// One rendering under way: scopes, output, and how much work was done. A template comes from a model file that nobody has
/// vouched for, so work and memory are bounded: each node evaluated costs one unit, each two characters and each quarter of a list
/// item made cost one more.
/// </summary>
internal sealed class RenderState(TimeProvider time)
{
    /// <summary>Most units of work; about a second, and at most 200 MB of text.</summary>
    public const long MaxWork = 50_000_000;

    /// <summary>Most characters of the rendered text, and of any text on the way.</summary>
    public const int MaxTextLength = 32 * 1024 * 1024;

    /// <summary>Most macro calls inside each other.</summary>
    public const int MaxMacroDepth = 200;

    private long _work;

    public TimeProvider Time { get; } = time;

    public Scope Scope { get; set; } = new(null);

    public StringBuilder Output { get; set; } = new();

    public int MacroDepth { get; set; }

    /// <summary>Counts one step, and sees to it that the stack does not run out.</summary>
    public void Step()
    {
        if (++_work > MaxWork)
            throw TooMuchWork();
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw TooDeep();
    }

    /// <summary>Counts text that is made.</summary>
    public void ChargeText(long characters)
    {
        if (characters > MaxTextLength)
            throw new TemplateException($"the chat template makes a text of more than {MaxTextLength:N0} characters");
        Charge(characters / 2);
    }

    /// <summary>Counts items of a list that is made or walked.</summary>
    public void ChargeItems(long items) => Charge(items * 4);

    /// <summary>Counts a search, whose worst case is the product of both lengths.</summary>
    public void ChargeSearch(string text, string part) => Charge((long)text.Length * Math.Max(part.Length, 1) / 64);

    public void Write(string text)
    {
        ChargeText(text.Length);
        if (Output.Length + (long)text.Length > MaxTextLength)
            ChargeText(Output.Length + (long)text.Length);
        Output.Append(text);
    }

    public static TemplateException TooDeep() => new("the chat template nests too deeply");

    private void Charge(long units)
    {
        if ((_work += units) > MaxWork)
            throw TooMuchWork();
    }

    private static TemplateException TooMuchWork() => new("the chat template does too much work for this conversation");
}

/// <summary>Names and what they stand for; asks the scope around it for those it does not have.</summary>
internal sealed class Scope(Scope? parent)
{
    private Dictionary<string, object?>? _values;

    public Scope? Parent { get; } = parent;

    public void Set(string name, object? value) => (_values ??= new(StringComparer.Ordinal))[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._values is { } values && values.TryGetValue(name, out value))
                return true;
        }

        value = null;
        return false;
    }
}
