using System.Globalization;
using System.Text.Json;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>One field of a request, read strictly: what is of another type or out of range is refused by name.</summary>
/// <param name="Name">Its name as an error tells it, with the path to it where it lies deeper: <c>response_format.type</c>.</param>
/// <param name="Value">Its value.</param>
internal readonly record struct Field(string Name, JsonElement Value)
{
    private const long MaxExact = 1L << 53;

    public JsonValueKind Kind => Value.ValueKind;

    public bool IsNull => Kind == JsonValueKind.Null;

    /// <exception cref="InvalidRequestException">It is no number, or not within the bounds.</exception>
    public double Number(double least, double most)
    {
        var range = string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}");
        if (Kind != JsonValueKind.Number || !Value.TryGetDouble(out var number)) throw WrongType(range);
        return number >= least && number <= most ? number : throw OutOfRange(range);
    }

    /// <exception cref="InvalidRequestException">It is no whole number, or not within the bounds.</exception>
    public long Integer(long least, long most)
    {
        var range = most == long.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} up")
            : string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}");
        if (Kind != JsonValueKind.Number) throw WrongType(range);
        var number = TryWhole(out var whole) ? whole : throw OutOfRange(range);
        return number >= least && number <= most ? number : throw OutOfRange(range);
    }

    /// <summary>Whether it is a whole number of 64 bits; 5.0 is one, because some languages write all numbers that way.</summary>
    public bool TryWhole(out long whole)
    {
        whole = 0;
        if (Kind != JsonValueKind.Number) return false;
        if (Value.TryGetInt64(out whole)) return true;
        if (!Value.TryGetDouble(out var number) || Math.Abs(number) > MaxExact || Math.Truncate(number) != number) return false;
        whole = (long)number;
        return true;
    }

    /// <exception cref="InvalidRequestException">It is neither true nor false.</exception>
    public bool Boolean() => Kind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw WrongType("true or false"),
    };

    /// <exception cref="InvalidRequestException">It is no string.</exception>
    public string Text() => Kind == JsonValueKind.String ? Value.GetString()! : throw WrongType("a string");

    /// <exception cref="InvalidRequestException">It is no array.</exception>
    public JsonElement Array() => Kind == JsonValueKind.Array ? Value : throw WrongType("an array");

    /// <exception cref="InvalidRequestException">It is no object.</exception>
    public JsonElement Object() => Kind == JsonValueKind.Object ? Value : throw WrongType("an object");

    /// <summary>A field inside it.</summary>
    public Field Inner(string name, JsonElement value) => new($"{Name}.{name}", value);

    /// <summary>An element of it.</summary>
    public Field Element(int index, JsonElement value) => new(string.Create(CultureInfo.InvariantCulture, $"{Name}[{index}]"), value);

    public InvalidRequestException WrongType(string wanted) =>
        new(InvalidRequestException.InvalidType, $"'{Name}' must be {wanted}, not {KindName}.", Name);

    public InvalidRequestException OutOfRange(string wanted)
    {
        // Numbers are told back; a text may be part of a prompt.
        var raw = Kind == JsonValueKind.Number ? Value.GetRawText() : "";
        var given = raw.Length is > 0 and <= 32 ? $" is {raw}; it" : "";
        return new InvalidRequestException(InvalidRequestException.InvalidValue, $"'{Name}'{given} must be {wanted}.", Name);
    }

    /// <summary>It cannot be honoured.</summary>
    /// <param name="why">The rest of a sentence that begins with its name.</param>
    public InvalidRequestException Unsupported(string why) => new(InvalidRequestException.Unsupported, $"'{Name}' {why}", Name);

    private string KindName => Kind switch
    {
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };
}
