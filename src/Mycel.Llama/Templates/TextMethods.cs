using System.Text;

namespace Mycel.Llama.Templates;

/// <summary>Methods of texts, as of Python's <c>str</c>.</summary>
internal static class TextMethods
{
    private delegate object? Method(RenderState state, string text, Arguments arguments);

    private static readonly Dictionary<string, Method> Methods = new(StringComparer.Ordinal)
    {
        ["strip"] = (_, text, arguments) => StripEnd(StripStart(text, Characters(arguments)), Characters(arguments, again: true)),
        ["lstrip"] = (_, text, arguments) => StripStart(text, Characters(arguments)),
        ["rstrip"] = (_, text, arguments) => StripEnd(text, Characters(arguments)),
        ["upper"] = (_, text, _) => Text.Upper(text),
        ["lower"] = (_, text, _) => Text.Lower(text),
        ["casefold"] = (_, text, _) => Text.Lower(text).Replace("ß", "ss", StringComparison.Ordinal),
        ["title"] = (_, text, _) => Title(text),
        ["capitalize"] = (_, text, _) => Capitalize(text),
        ["swapcase"] = (_, text, _) => string.Concat(Text.Characters(text).Select(part => Text.Upper(part) != part ? Text.Upper(part) : Text.Lower(part))),
        ["startswith"] = (_, text, arguments) => Candidates(arguments).Any(part => text.StartsWith(part, StringComparison.Ordinal)),
        ["endswith"] = (_, text, arguments) => Candidates(arguments).Any(part => text.EndsWith(part, StringComparison.Ordinal)),
        ["removeprefix"] = (_, text, arguments) => Part(arguments) is var part && text.StartsWith(part, StringComparison.Ordinal) ? text[part.Length..] : text,
        ["removesuffix"] = (_, text, arguments) => Part(arguments) is var part && text.EndsWith(part, StringComparison.Ordinal) ? text[..^part.Length] : text,
        ["split"] = (state, text, arguments) => Split(state, text, arguments, fromEnd: false),
        ["rsplit"] = (state, text, arguments) => Split(state, text, arguments, fromEnd: true),
        ["splitlines"] = (state, text, arguments) => List(state, Text.SplitLines(text, Operators.IsTrue(arguments.Next("keepends", false)))),
        ["partition"] = (state, text, arguments) => Partition(state, text, Part(arguments), fromEnd: false),
        ["rpartition"] = (state, text, arguments) => Partition(state, text, Part(arguments), fromEnd: true),
        ["replace"] = (state, text, arguments) =>
            Replace(state, text, Part(arguments, "old"), Part(arguments, "new"), Operators.ToLong(arguments.Next("count", -1L))),
        ["join"] = (state, text, arguments) => Join(state, text, arguments.Next("iterable")),
        ["find"] = (state, text, arguments) => Find(state, text, Part(arguments), last: false),
        ["rfind"] = (state, text, arguments) => Find(state, text, Part(arguments), last: true),
        ["index"] = (state, text, arguments) => Find(state, text, Part(arguments), last: false) is var place and >= 0
            ? place : throw new TemplateException("'index' does not find the text"),
        ["count"] = (state, text, arguments) => Count(state, text, Part(arguments)),
        ["format"] = TextFormat.Format,
        ["isspace"] = (_, text, _) => text.Length > 0 && text.All(Text.IsSpace),
        ["isdigit"] = (_, text, _) => IsAll(text, char.IsDigit),
        ["isdecimal"] = (_, text, _) => IsAll(text, char.IsDigit),
        ["isnumeric"] = (_, text, _) => IsAll(text, char.IsNumber),
        ["isalpha"] = (_, text, _) => IsAll(text, char.IsLetter),
        ["isalnum"] = (_, text, _) => IsAll(text, char.IsLetterOrDigit),
        ["isascii"] = (_, text, _) => text.All(char.IsAscii),
        ["isupper"] = (_, text, _) => text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["islower"] = (_, text, _) => text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["ljust"] = (state, text, arguments) => Pad(state, text, arguments, 0, 1),
        ["rjust"] = (state, text, arguments) => Pad(state, text, arguments, 1, 0),
        ["zfill"] = (state, text, arguments) => ZeroFill(state, text, arguments),
    };

    private static readonly HashSet<string> Unsupported = new(StringComparer.Ordinal)
    {
        "center", "encode", "expandtabs", "format_map", "isidentifier", "isprintable", "istitle", "maketrans", "rindex", "translate",
    };

    public static Callable? Find(object target, string name)
    {
        if (Unsupported.Contains(name))
            throw new TemplateException($"the method '{name}' of texts is not supported in templates");
        if (!Methods.TryGetValue(name, out var method))
            return null;
        return new Function(name, (state, arguments) =>
        {
            if (target is Markup)
                throw new TemplateException($"the method '{name}' is not supported on a text marked as safe");
            var text = (string)target;
            state.ChargeText(text.Length);
            var result = method(state, text, arguments);
            if (name != "format")
                arguments.End(name);
            return result;
        });
    }

    private static bool IsAll(string text, Predicate<char> test) => text.Length > 0 && text.All(character => test(character));

    private static string Part(Arguments arguments, string name = "sub") => Operators.AsText(arguments.Next(name))
        ?? throw new TemplateException($"the argument '{name}' must be a text");

    private static string? Characters(Arguments arguments, bool again = false)
    {
        var value = again ? arguments.Positional.FirstOrDefault() : arguments.Next("chars", null);
        return value is null ? null : Operators.AsText(value) ?? throw new TemplateException("the characters to strip must be a text");
    }

    private static string StripStart(string text, string? characters) =>
        characters is null ? Text.TrimStart(text) : characters.Length == 0 ? text : text.TrimStart(characters.ToCharArray());

    private static string StripEnd(string text, string? characters) =>
        characters is null ? Text.TrimEnd(text) : characters.Length == 0 ? text : text.TrimEnd(characters.ToCharArray());

    public static string Capitalize(string text) => text.Length == 0 ? "" : string.Concat(Text.Upper(text[..1]), Text.Lower(text[1..]));

    private static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var part in Text.Characters(text))
        {
            var isLetter = char.IsLetter(part, 0);
            title.Append(!isLetter ? part : inWord ? Text.Lower(part) : Text.Upper(part));
            inWord = isLetter;
        }

        return title.ToString();
    }

    private static List<string> Candidates(Arguments arguments)
    {
        var value = arguments.Next("prefix");
        var candidates = value is Sequence { Kind: SequenceKind.Tuple } tuple ? tuple.Items : [value];
        return candidates.ConvertAll(candidate => Operators.AsText(candidate)
            ?? throw ((candidate as Undefined)?.Error() ?? new TemplateException($"a text cannot begin or end with a {Text.TypeName(candidate)}")));
    }

    private static Sequence List(RenderState state, List<string> parts)
    {
        state.ChargeItems(parts.Count);
        return new Sequence([.. parts]);
    }

    private static Sequence Split(RenderState state, string text, Arguments arguments, bool fromEnd)
    {
        var separator = arguments.Next("sep", null);
        var most = Operators.ToLong(arguments.Next("maxsplit", -1L));
        if (most < 0)
            most = int.MaxValue;
        if (separator is null)
            return List(state, SplitAtSpace(text, most, fromEnd));
        var part = Operators.AsText(separator) ?? throw new TemplateException("the separator of 'split' must be a text");
        if (part.Length == 0)
            throw new TemplateException("the separator of 'split' is empty");
        state.ChargeSearch(text, part);
        if (!fromEnd)
            return List(state, [.. text.Split(part, (int)Math.Min(most + 1, int.MaxValue))]);
        var parts = new List<string>();
        var end = text.Length;
        for (; most > 0 && end >= part.Length; most--)
        {
            var place = text.LastIndexOf(part, end - 1, end, StringComparison.Ordinal);
            if (place < 0)
                break;
            parts.Add(text[(place + part.Length)..end]);
            end = place;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return List(state, parts);
    }

    private static List<string> SplitAtSpace(string text, long most, bool fromEnd)
    {
        if (fromEnd && most < int.MaxValue)
            throw new TemplateException("'rsplit' with a number but no separator is not supported in templates");
        var parts = new List<string>();
        var position = 0;
        while (true)
        {
            while (position < text.Length && Text.IsSpace(text[position]))
                position++;
            if (position == text.Length)
                return parts;
            var start = position;
            if (parts.Count == most)
            {
                parts.Add(Text.TrimEnd(text[start..]));
                return parts;
            }

            while (position < text.Length && !Text.IsSpace(text[position]))
                position++;
            parts.Add(text[start..position]);
        }
    }

    private static Sequence Partition(RenderState state, string text, string separator, bool fromEnd)
    {
        if (separator.Length == 0)
            throw new TemplateException("the separator of 'partition' is empty");
        state.ChargeSearch(text, separator);
        var place = fromEnd ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (place < 0)
            return fromEnd ? Sequence.Tuple("", "", text) : Sequence.Tuple(text, "", "");
        return Sequence.Tuple(text[..place], separator, text[(place + separator.Length)..]);
    }

    public static string Replace(RenderState state, string text, string old, string with, long most = -1)
    {
        state.ChargeSearch(text, old);
        if (most == 0)
            return text;
        if (old.Length == 0)
            return ReplaceNothing(state, text, with, most);
        var count = CountOf(text, old);
        if (most > 0)
            count = Math.Min(count, most);
        state.ChargeText(Math.Max(0, text.Length + (count * ((long)with.Length - old.Length))));
        if (most < 0)
            return text.Replace(old, with, StringComparison.Ordinal);
        var result = new StringBuilder();
        var start = 0;
        for (; count > 0; count--)
        {
            var place = text.IndexOf(old, start, StringComparison.Ordinal);
            result.Append(text, start, place - start).Append(with);
            start = place + old.Length;
        }

        return result.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>Puts a text before each character and at the end, as Python does where nothing is to be replaced.</summary>
    private static string ReplaceNothing(RenderState state, string text, string with, long most)
    {
        var parts = Text.Characters(text).ToList();
        var count = most < 0 ? parts.Count + 1 : Math.Min(most, parts.Count + 1);
        state.ChargeText(text.Length + (count * with.Length));
        var result = new StringBuilder();
        for (var index = 0; index <= parts.Count; index++)
            result.Append(index < count ? with : "").Append(index < parts.Count ? parts[index] : "");
        return result.ToString();
    }

    public static string Join(RenderState state, string separator, object? items)
    {
        var text = new StringBuilder();
        var isFirst = true;
        foreach (var item in Operators.Items(items))
        {
            var part = Operators.AsText(item) ?? throw new TemplateException($"'join' needs texts, not a {Text.TypeName(item)}");
            state.ChargeItems(1);
            state.ChargeText((long)part.Length + separator.Length);
            if (text.Length > RenderState.MaxTextLength)
                state.ChargeText(text.Length);
            text.Append(isFirst ? "" : separator).Append(part);
            isFirst = false;
        }

        return text.ToString();
    }

    private static long Find(RenderState state, string text, string part, bool last)
    {
        state.ChargeSearch(text, part);
        var place = last ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal);
        return place < 0 ? -1 : Text.Length(text[..place]);
    }

    private static long Count(RenderState state, string text, string part)
    {
        state.ChargeSearch(text, part);
        return part.Length == 0 ? Text.Length(text) + 1 : CountOf(text, part);
    }

    private static long CountOf(string text, string part)
    {
        var count = 0L;
        for (var place = text.IndexOf(part, StringComparison.Ordinal); place >= 0; place = text.IndexOf(part, place + part.Length, StringComparison.Ordinal))
            count++;
        return count;
    }

    private static string Pad(RenderState state, string text, Arguments arguments, int left, int right)
    {
        var missing = Operators.ToLong(arguments.Next("width")) - Text.Length(text);
        var fill = Operators.AsText(arguments.Next("fillchar", " ")) is { Length: 1 } character ? character[0]
            : throw new TemplateException("the character to fill with must be one character");
        if (missing <= 0)
            return text;
        state.ChargeText(text.Length + missing);
        var padding = new string(fill, (int)missing);
        return (left > 0 ? padding : "") + text + (right > 0 ? padding : "");
    }

    private static string ZeroFill(RenderState state, string text, Arguments arguments)
    {
        var missing = Operators.ToLong(arguments.Next("width")) - Text.Length(text);
        if (missing <= 0)
            return text;
        state.ChargeText(text.Length + missing);
        var sign = text.Length > 0 && text[0] is '-' or '+' ? 1 : 0;
        return text.Insert(sign, new string('0', (int)missing));
    }
}
