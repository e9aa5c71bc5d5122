using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Mycel.Llama.Templates;

/// <summary>JSON as Python's <c>json.dumps</c> writes it: <c>tojson</c> of the reference.</summary>
internal sealed class JsonText
{
    /// <summary>Deepest nesting read and written.</summary>
    public const int MaxDepth = 256;

    private readonly StringBuilder _text = new();
    private readonly RenderState _state;

    public required bool EscapesNonAscii { get; init; }

    public required bool SortsKeys { get; init; }

    /// <summary>What each level is indented by; null for one line.</summary>
    public required string? Indent { get; init; }

    public required string ItemSeparator { get; init; }

    public required string KeySeparator { get; init; }

    public JsonText(RenderState state) => _state = state;

    public string Write(object? value)
    {
        Write(value, 0);
        return _text.ToString();
    }

    private void Write(object? value, int depth)
    {
        _state.Step();
        if (depth > MaxDepth)
            throw RenderState.TooDeep();
        var before = _text.Length;
        switch (value)
        {
            case null:
                _text.Append("null");
                break;
            case bool flag:
                _text.Append(flag ? "true" : "false");
                break;
            case long or BigInteger:
                _text.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                _text.Append(double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : Text.ShowFloat(number));
                break;
            case string or Markup:
                WriteText(Operators.AsText(value)!);
                break;
            case Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence:
                WriteAll('[', ']', sequence.Items, depth, (item, inner) => Write(item, inner));
                break;
            case Dict dict:
                WriteDict(dict, depth);
                break;
            default:
                throw new TemplateException($"'tojson' cannot write a {Text.TypeName(value)}");
        }

        if (depth == 0)
            _state.ChargeText(_text.Length);
        else if (_text.Length - before > 4096 && _text.Length > RenderState.MaxTextLength)
            _state.ChargeText(_text.Length);
    }

    private void WriteDict(Dict dict, int depth)
    {
        IEnumerable<(object? Key, object? Value)> entries = dict.Entries;
        if (SortsKeys)
            entries = entries.Order(Comparer<(object? Key, object? Value)>.Create((left, right) => Operators.Order(left.Key, right.Key) ?? 0));
        WriteAll('{', '}', entries.ToList(), depth, (entry, inner) =>
        {
            WriteText(entry.Key switch
            {
                string text => text,
                null => "null",
                bool flag => flag ? "true" : "false",
                long or BigInteger or double => Text.Show(entry.Key),
                var key => throw new TemplateException($"'tojson' cannot write a {Text.TypeName(key)} as a key"),
            });
            _text.Append(KeySeparator);
            Write(entry.Value, inner);
        });
    }

    private void WriteAll<T>(char open, char close, List<T> items, int depth, Action<T, int> write)
    {
        _text.Append(open);
        for (var index = 0; index < items.Count; index++)
        {
            if (index > 0)
                _text.Append(ItemSeparator);
            BreakLine(depth + 1);
            write(items[index], depth + 1);
        }

        if (items.Count > 0)
            BreakLine(depth);
        _text.Append(close);
    }

    private void BreakLine(int depth)
    {
        if (Indent is null)
            return;
        _text.Append('\n');
        for (var level = 0; level < depth; level++)
            _text.Append(Indent);
    }

    private void WriteText(string text)
    {
        _text.Append('"');
        foreach (var character in text)
        {
            var escape = character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                _ => null,
            };
            if (escape is not null)
                _text.Append(escape);
            else if (character < ' ' || (EscapesNonAscii && character > '~'))
                _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else
                _text.Append(character);
        }

        _text.Append('"');
    }

    /// <summary>A JSON document as a template's value.</summary>
    /// <exception cref="TemplateException">It nests too deeply, or a text in it is no Unicode.</exception>
    public static object? Read(JsonElement element)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return ReadText(element.GetString);
            case JsonValueKind.Number:
                return ReadNumber(element);
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.Array:
                var items = new List<object?>(element.GetArrayLength());
                foreach (var item in element.EnumerateArray())
                    items.Add(Read(item));
                return new Sequence(items);
            case JsonValueKind.Object:
                var dict = new Dict();
                foreach (var property in element.EnumerateObject())
                    dict[ReadText(() => property.Name)] = Read(property.Value);
                return dict;
            default:
                return null;
        }
    }

    private static string ReadText(Func<string?> read)
    {
        try
        {
            return read()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: JSON allows it, UTF-8 does not.
            throw new TemplateException("a text holds half of a character (an escape \\uD800 to \\uDFFF on its own)");
        }
    }

    private static object ReadNumber(JsonElement element)
    {
        var raw = element.GetRawText();
        if (raw.AsSpan().IndexOfAny('.', 'e', 'E') >= 0)
            return element.GetDouble();
        if (element.TryGetInt64(out var whole))
            return whole;
        // Thousands of digits would take long to convert, and no template needs them.
        return raw.Length <= 100 ? BigInteger.Parse(raw, CultureInfo.InvariantCulture) : throw new TemplateException("a whole number has more than 100 digits");
    }
}
