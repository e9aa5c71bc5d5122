using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Mycel.Llama.Templates;

/// <summary>Operators on values, as in Python.</summary>
internal static class Operators
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        string text => text.Length > 0,
        Markup markup => markup.Text.Length > 0,
        long number => number != 0,
        double number => number != 0,
        Sequence sequence => sequence.Items.Count > 0,
        Dict dict => dict.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? left, object? right)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        switch (left, right)
        {
            case (string a, string b):
                return a == b;
            case (Markup a, _):
                return AreEqual(a.Text, right);
            case (_, Markup b):
                return AreEqual(left, b.Text);
            case (Undefined, Undefined):
                return true;
            case (Sequence a, Sequence b):
                return a.Kind == b.Kind && a.Items.Count == b.Items.Count && a.Items.Zip(b.Items).All(pair => AreEqual(pair.First, pair.Second));
            case (Dict a, Dict b):
                return a.Count == b.Count && a.Entries.All(entry => b.TryGet(entry.Key, out var other) && AreEqual(entry.Value, other));
        }

        if (IsNumber(left) && IsNumber(right))
            return CompareNumbers(left!, right!) == 0;
        return left is null ? right is null : ReferenceEquals(left, right);
    }

    public static bool IsNumber(object? value) => value is long or double or bool or BigInteger;

    /// <summary>Less than 0, 0 or more than 0; null where a NaN is compared.</summary>
    private static int? CompareNumbers(object left, object right)
    {
        if (left is double || right is double)
        {
            var (a, b) = (ToDouble(left), ToDouble(right));
            return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
        }

        return left is BigInteger || right is BigInteger ? ToBig(left).CompareTo(ToBig(right)) : ToLong(left).CompareTo(ToLong(right));
    }

    private static BigInteger ToBig(object value) => value is BigInteger big ? big : ToLong(value);

    public static double ToDouble(object value) => value switch
    {
        double number => number,
        BigInteger number => (double)number,
        _ => ToLong(value),
    };

    public static long ToLong(object? value) => value switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        BigInteger => throw new TemplateException("a whole number is too large to count with"),
        Undefined undefined => throw undefined.Error(),
        _ => throw new TemplateException($"a whole number is needed, not a {Text.TypeName(value)}"),
    };

    public static bool Compare(string operation, object? left, object? right)
    {
        var order = Order(left, right);
        return operation switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    /// <summary>Less than 0, 0 or more than 0; null where the values have no order.</summary>
    public static int? Order(object? left, object? right)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        if (IsNumber(left) && IsNumber(right))
            return CompareNumbers(left!, right!);
        if (AsText(left) is { } a && AsText(right) is { } b)
            return OrderText(a, b);
        if (left is Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } first && right is Sequence second && first.Kind == second.Kind)
        {
            for (var index = 0; index < Math.Min(first.Items.Count, second.Items.Count); index++)
            {
                if (!AreEqual(first.Items[index], second.Items[index]))
                    return Order(first.Items[index], second.Items[index]);
            }

            return first.Items.Count.CompareTo(second.Items.Count);
        }

        throw (left as Undefined ?? right as Undefined)?.Error() ?? new TemplateException($"a {Text.TypeName(left)} and a {Text.TypeName(right)} have no order");
    }

    /// <summary>By code points: UTF-16 orders characters beyond U+FFFF wrongly.</summary>
    private static int OrderText(string left, string right)
    {
        for (var index = 0; index < Math.Min(left.Length, right.Length); index++)
        {
            var (a, b) = (left[index], right[index]);
            if (a != b)
                return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
        }

        return left.Length.CompareTo(right.Length);
    }

    public static string? AsText(object? value) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        _ => null,
    };

    public static bool Contains(RenderState state, object? container, object? item)
    {
        switch (container)
        {
            case string or Markup:
                var text = AsText(container)!;
                var part = AsText(item) ?? throw new TemplateException($"'in' looks for a text in a text, not for a {Text.TypeName(item)}");
                state.ChargeSearch(text, part);
                return text.Contains(part, StringComparison.Ordinal);
            case Dict dict:
                return dict.TryGet(item, out _);
            case Sequence sequence:
                state.ChargeItems(sequence.Items.Count);
                return sequence.Items.Any(candidate => ReferenceEquals(candidate, item) || AreEqual(candidate, item));
            case Generator generator:
                return generator.Rest().Any(candidate => AreEqual(candidate, item));
            case Undefined:
                return false;
            default:
                throw new TemplateException($"'in' cannot look into a {Text.TypeName(container)}");
        }
    }

    public static object? Add(RenderState state, object? left, object? right)
    {
        if (left is string a && right is string b)
        {
            state.ChargeText((long)a.Length + b.Length);
            return a + b;
        }

        if ((left is Markup || right is Markup) && AsText(left) is { } first && AsText(right) is { } second)
        {
            state.ChargeText(((long)first.Length + second.Length) * 5);
            return new Markup((left is Markup ? first : Text.Escape(first)) + (right is Markup ? second : Text.Escape(second)));
        }

        if (left is Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } list && right is Sequence other && list.Kind == other.Kind)
        {
            state.ChargeItems((long)list.Items.Count + other.Items.Count);
            return new Sequence([.. list.Items, .. other.Items], list.Kind);
        }

        return Arithmetic("+", left, right);
    }

    public static object? Multiply(RenderState state, object? left, object? right)
    {
        if (left is long or bool && right is string or Markup or Sequence)
            (left, right) = (right, left);
        if (right is long or bool)
        {
            var times = Math.Max(0, ToLong(right));
            if (AsText(left) is { } text)
            {
                state.ChargeText((long)Math.Min((double)text.Length * times, long.MaxValue / 4));
                var repeated = text.Length == 0 ? "" : string.Concat(Enumerable.Repeat(text, (int)times));
                return left is Markup ? new Markup(repeated) : repeated;
            }

            if (left is Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } list)
            {
                state.ChargeItems((long)Math.Min((double)list.Items.Count * times, long.MaxValue / 16));
                return new Sequence(list.Items.Count == 0 ? [] : [.. Enumerable.Repeat(list.Items, (int)times).SelectMany(items => items)], list.Kind);
            }
        }

        return Arithmetic("*", left, right);
    }

    /// <summary>Arithmetic on numbers.</summary>
    public static object Arithmetic(string operation, object? left, object? right)
    {
        if (left is Undefined || right is Undefined)
            throw (left as Undefined ?? (Undefined)right!).Error();
        if (!IsNumber(left) || !IsNumber(right))
            throw new TemplateException($"'{operation}' does not go with a {Text.TypeName(left)} and a {Text.TypeName(right)}");
        try
        {
            return left is double || right is double || operation == "/"
                ? OnDoubles(operation, ToDouble(left!), ToDouble(right!))
                : OnLongs(operation, ToLong(left), ToLong(right));
        }
        catch (OverflowException)
        {
            throw new TemplateException("a whole number becomes too large");
        }
    }

    private static object OnLongs(string operation, long left, long right) => operation switch
    {
        "+" => (object)checked(left + right),
        "-" => checked(left - right),
        "*" => checked(left * right),
        "//" => FloorDivide(left, NotZero(right)),
        "%" => left - (FloorDivide(left, NotZero(right)) * right),
        _ when right < 0 => Math.Pow(left, right),
        _ => Power(left, right),
    };

    private static long FloorDivide(long left, long right)
    {
        if (right == -1)
            return checked(-left);
        var quotient = left / right;
        return left % right != 0 && left < 0 != right < 0 ? quotient - 1 : quotient;
    }

    private static long Power(long value, long exponent)
    {
        if (value is 0 or 1 || exponent == 0)
            return exponent == 0 ? 1 : value;
        if (value == -1)
            return exponent % 2 == 0 ? 1 : -1;
        var power = 1L;
        for (var step = 0L; step < exponent; step++)
            power = checked(power * value);
        return power;
    }

    private static object OnDoubles(string operation, double left, double right)
    {
        if (right == 0 && operation is "/" or "//" or "%")
            NotZero((long)Math.Sign(right));
        return operation switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - (Math.Floor(left / right) * right),
            _ => Math.Pow(left, right),
        };
    }

    private static long NotZero(long divisor) =>
        divisor != 0 ? divisor : throw new TemplateException("division by zero");

    /// <summary>Walks a value's items.</summary>
    public static IEnumerable<object?> Items(object? value) => value switch
    {
        Sequence sequence => sequence.Items,
        string text => Text.Characters(text),
        Markup markup => Text.Characters(markup.Text),
        Dict dict => dict.Keys,
        Generator generator => generator.Rest(),
        Undefined => [],
        _ => throw new TemplateException($"a {Text.TypeName(value)} has no items to go through"),
    };

    /// <summary>A value's items as a list of their own; they are counted as work.</summary>
    public static List<object?> ToList(RenderState state, object? value)
    {
        var items = new List<object?>();
        foreach (var item in Items(value))
        {
            state.ChargeItems(1);
            items.Add(item);
        }

        return items;
    }

    public static int Length(object? value) => value switch
    {
        string text => Text.Length(text),
        Markup markup => Text.Length(markup.Text),
        Sequence sequence => sequence.Items.Count,
        Dict dict => dict.Count,
        Undefined => 0,
        _ => throw new TemplateException($"a {Text.TypeName(value)} has no length"),
    };

    public static string Number(object number) => string.Create(CultureInfo.InvariantCulture, $"{number}");
}
