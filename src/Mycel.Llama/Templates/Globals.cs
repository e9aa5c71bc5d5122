using System.Globalization;
using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>The functions that every template has.</summary>
internal static class Globals
{
    /// <summary>Most items of a <c>range</c>, as in the reference's sandbox.</summary>
    public const int MaxRange = 100_000;

    private static readonly Dictionary<string, Callable> Functions = new Callable[]
    {
        new Function("range", Range),
        new Function("namespace", MakeNamespace),
        new Function("dict", MakeDict),
        new Function("raise_exception", (_, arguments) => throw new TemplateException(Text.Show(arguments.Next("message")), 0, isRefusal: true)),
        new Function("strftime_now", (state, arguments) => FormatTime(state.Time.GetLocalNow(), Text.Show(arguments.Next("format")))),
        new Function("joiner", MakeJoiner),
        new Function("cycler", (_, _) => throw new TemplateException("'cycler' is not supported in chat templates")),
        new Function("lipsum", (_, _) => throw new TemplateException("'lipsum' is not supported in chat templates")),
    }.ToDictionary(function => function.Name, StringComparer.Ordinal);

    public static Callable? Find(string name) => Functions.GetValueOrDefault(name);

    private static Sequence Range(RenderState state, Arguments arguments)
    {
        var numbers = arguments.Positional.ConvertAll(Operators.ToLong);
        if (numbers.Count is 0 or > 3 || arguments.Named is not null)
            throw new TemplateException("'range' takes one to three numbers");
        var (start, stop, step) = numbers.Count == 1 ? (0L, numbers[0], 1L) : (numbers[0], numbers[1], numbers.Count == 3 ? numbers[2] : 1L);
        if (step == 0)
            throw new TemplateException("the step of a 'range' is 0");
        // In decimals, which hold any difference of two 64-bit numbers.
        var count = Math.Max(0, Math.Ceiling(((decimal)stop - start) / step));
        if (count > MaxRange)
            throw new TemplateException($"a 'range' has more than {MaxRange:N0} numbers");
        state.ChargeItems((long)count);
        return new Sequence([.. Enumerable.Range(0, (int)count).Select(index => (object?)(start + (index * step)))], SequenceKind.Range);
    }

    private static Namespace MakeNamespace(RenderState state, Arguments arguments)
    {
        var space = new Namespace();
        foreach (var (name, value) in MakeDict(state, arguments).Entries)
            space.Attributes[Text.Show(name)] = value;
        return space;
    }

    private static Dict MakeDict(RenderState state, Arguments arguments)
    {
        var dict = new Dict();
        if (arguments.Positional.Count > 1)
            throw new TemplateException("a dict is made of one value at most");
        if (arguments.Positional is [Dict given])
            dict = DictMethods.Copy(given);
        else if (arguments.Positional is [var pairs])
        {
            foreach (var pair in Operators.ToList(state, pairs))
                dict[Operators.ToList(state, pair) is [var key, var value] ? key : throw new TemplateException("a dict is made of pairs")] = value;
        }

        foreach (var (name, value) in arguments.Named ?? [])
            dict[name] = value;
        return dict;
    }

    private static Function MakeJoiner(RenderState state, Arguments arguments)
    {
        var separator = arguments.Next("sep", ", ");
        var isUsed = false;
        return new Function("joiner", (_, _) =>
        {
            var text = isUsed ? separator : "";
            isUsed = true;
            return text;
        });
    }

    /// <summary>C's <c>strftime</c> in the C locale.</summary>
    public static string FormatTime(DateTimeOffset now, string format)
    {
        var text = new StringBuilder();
        for (var index = 0; index < format.Length; index++)
        {
            if (format[index] != '%' || index + 1 == format.Length)
            {
                text.Append(format[index]);
                continue;
            }

            var plain = format[++index] == '-' && index + 1 < format.Length;
            var letter = plain ? format[++index] : format[index];
            var part = FormatPart(now, letter);
            text.Append(plain && part.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : part);
        }

        return text.ToString();
    }

    private static string FormatPart(DateTimeOffset now, char letter)
    {
        string Net(string format) => now.ToString(format, CultureInfo.InvariantCulture);
        return letter switch
        {
            'Y' => Net("yyyy"),
            'y' => Net("yy"),
            'm' => Net("MM"),
            'd' => Net("dd"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'B' => Net("MMMM"),
            'b' or 'h' => Net("MMM"),
            'A' => Net("dddd"),
            'a' => Net("ddd"),
            'H' => Net("HH"),
            'I' => Net("hh"),
            'M' => Net("mm"),
            'S' => Net("ss"),
            'f' => Net("ffffff"),
            'p' => Net("tt"),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'u' => (now.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'F' => Net("yyyy-MM-dd"),
            'T' => Net("HH:mm:ss"),
            'R' => Net("HH:mm"),
            'D' => Net("MM'/'dd'/'yy"),
            'n' => "\n",
            't' => "\t",
            // The reference asks for a time without a zone, which shows none.
            'z' or 'Z' => "",
            '%' => "%",
            _ => throw new TemplateException($"'%{letter}' in 'strftime_now' is not supported in templates"),
        };
    }
}
