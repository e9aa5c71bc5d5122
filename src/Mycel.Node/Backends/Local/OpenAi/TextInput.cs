using System.Text.Json;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A text to read, as such or as tokens: one of both is given.</summary>
internal readonly record struct TextInput(string? Text, int[]? Tokens)
{
    /// <summary>Most tokens that one text may be given as; more than any model reads.</summary>
    public const int MaxTokens = 4 * 1024 * 1024;

    /// <summary>Reads one or more texts in any of OpenAI's four forms: a string, strings, tokens, arrays of tokens.</summary>
    /// <param name="field">The field.</param>
    /// <param name="most">Most texts.</param>
    /// <exception cref="InvalidRequestException">It is none of them, or there are too many.</exception>
    public static IReadOnlyList<TextInput> Read(Field field, int most)
    {
        if (field.Kind == JsonValueKind.String) return [new TextInput(field.Text(), null)];
        const string Forms = "a string, an array of strings, an array of token ids or an array of such arrays";
        if (field.Kind != JsonValueKind.Array) throw field.WrongType(Forms);
        var count = field.Value.GetArrayLength();
        if (count == 0) throw new InvalidRequestException(InvalidRequestException.InvalidValue, $"'{field.Name}' is empty; send at least one text.", field.Name);
        var form = field.Value[0].ValueKind;
        if (form == JsonValueKind.Number) return [new TextInput(null, ReadTokens(field))];
        if (form is not (JsonValueKind.String or JsonValueKind.Array)) throw field.WrongType(Forms);
        if (count > most) throw field.OutOfRange($"one to {most} texts; this one holds {count}. Send them in several requests");
        var texts = new TextInput[count];
        var index = 0;
        foreach (var element in field.Value.EnumerateArray())
        {
            var inner = field.Element(index, element);
            if (inner.Kind != form) throw inner.WrongType(form == JsonValueKind.String ? "a string like those before it" : "an array of token ids like those before it");
            texts[index++] = form == JsonValueKind.String ? new TextInput(inner.Text(), null) : new TextInput(null, ReadTokens(inner));
        }
        return texts;
    }

    private static int[] ReadTokens(Field field)
    {
        var count = field.Value.GetArrayLength();
        if (count is 0 or > MaxTokens) throw field.OutOfRange($"1 to {MaxTokens} tokens long");
        var tokens = new int[count];
        var index = 0;
        foreach (var element in field.Value.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out var token) || token < 0) throw field.Element(index, element).OutOfRange("a token id, 0 or more");
            tokens[index++] = token;
        }
        return tokens;
    }
}
