using System.Numerics;

namespace Mycel.Llama.Templates;

/// <summary>A test: whether something holds of a value.</summary>
internal delegate bool Test(RenderState state, object? value, Arguments arguments);

/// <summary>The tests that follow <c>is</c>.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Test> All = new(StringComparer.Ordinal)
    {
        ["defined"] = (_, value, _) => value is not Undefined,
        ["undefined"] = (_, value, _) => value is Undefined,
        ["none"] = (_, value, _) => value is null,
        ["string"] = (_, value, _) => value is string or Markup,
        // In Python a bool is a number, too.
        ["number"] = (_, value, _) => Operators.IsNumber(value),
        ["integer"] = (_, value, _) => value is long or BigInteger,
        ["float"] = (_, value, _) => value is double,
        ["boolean"] = (_, value, _) => value is bool,
        ["true"] = (_, value, _) => value is true,
        ["false"] = (_, value, _) => value is false,
        ["mapping"] = (_, value, _) => value is Dict,
        // What has a length and an index; an undefined value pretends to.
        ["sequence"] = (_, value, _) => value is string or Markup or Dict or Undefined or Sequence { IsIndexable: true },
        ["iterable"] = (_, value, _) => value is string or Markup or Dict or Undefined or Sequence or Generator,
        ["callable"] = (_, value, _) => value is Callable or Undefined,
        ["sameas"] = (_, value, arguments) => Same(value, arguments.Next("other")),
        ["odd"] = (_, value, _) => Operators.Arithmetic("%", value, 2L) is 1L,
        ["even"] = (_, value, _) => Operators.Arithmetic("%", value, 2L) is 0L,
        ["divisibleby"] = (_, value, arguments) => Operators.Arithmetic("%", value, arguments.Next("num")) is 0L,
        ["lower"] = (_, value, _) => Text.Show(value) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = (_, value, _) => Text.Show(value) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["in"] = (state, value, arguments) => Operators.Contains(state, arguments.Next("seq"), value),
        ["eq"] = AreEqual,
        ["equalto"] = AreEqual,
        ["=="] = AreEqual,
        ["ne"] = AreDifferent,
        ["!="] = AreDifferent,
        ["lt"] = Ordered("<"),
        ["lessthan"] = Ordered("<"),
        ["<"] = Ordered("<"),
        ["le"] = Ordered("<="),
        ["<="] = Ordered("<="),
        ["gt"] = Ordered(">"),
        ["greaterthan"] = Ordered(">"),
        [">"] = Ordered(">"),
        ["ge"] = Ordered(">="),
        [">="] = Ordered(">="),
        ["escaped"] = (_, value, _) => value is Markup,
        ["filter"] = (_, value, _) => Filters.Exists(Text.Show(value)),
        ["test"] = (_, value, _) => All!.ContainsKey(Text.Show(value)),
    };

    public static Test Find(string name) =>
        All.TryGetValue(name, out var test) ? test : throw new TemplateException($"the test '{name}' is not known");

    private static bool AreEqual(RenderState state, object? value, Arguments arguments) => Operators.AreEqual(value, arguments.Next("other"));

    private static bool AreDifferent(RenderState state, object? value, Arguments arguments) => !Operators.AreEqual(value, arguments.Next("other"));

    private static Test Ordered(string operation) => (_, value, arguments) => Operators.Compare(operation, value, arguments.Next("other"));

    private static bool Same(object? left, object? right) => (left, right) switch
    {
        (bool or null, _) or (_, bool or null) => Equals(left, right),
        (string or long or double, _) or (_, string or long or double) => throw new TemplateException("'sameas' of texts and numbers is not supported in templates"),
        _ => ReferenceEquals(left, right),
    };
}
