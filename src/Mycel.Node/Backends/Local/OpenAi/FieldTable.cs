using System.Text.Json;
using Mycel.Node.Configuration;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>The fields that one kind of request may have, and what is done with each. A field that is not in it is refused.</summary>
/// <typeparam name="T">What is read into.</typeparam>
internal sealed class FieldTable<T>
{
    private const int MaxShownName = 64;

    private readonly Dictionary<string, Action<Field, T>> _fields = new(StringComparer.Ordinal);

    /// <summary>A field that is read.</summary>
    public FieldTable<T> Reads(string name, Action<Field, T> read)
    {
        _fields.Add(name, read);
        return this;
    }

    /// <summary>Fields that change nothing in the answer, whatever they say.</summary>
    public FieldTable<T> Accepts(params ReadOnlySpan<string> names)
    {
        foreach (var name in names) _fields.Add(name, static (_, _) => { });
        return this;
    }

    /// <summary>A field that the engine cannot honour, except where its value asks for what is done anyway.</summary>
    /// <param name="name">The field.</param>
    /// <param name="isNeutral">Whether a value asks for nothing else.</param>
    /// <param name="hint">What to do, a sentence.</param>
    public FieldTable<T> Refuses(string name, Func<JsonElement, bool>? isNeutral = null, string? hint = null)
    {
        _fields.Add(name, (field, _) =>
        {
            if (isNeutral is not null && isNeutral(field.Value)) return;
            var scope = isNeutral is null ? "is not supported by local models" : "is not supported by local models with this value";
            throw field.Unsupported($"{scope}; {hint ?? "leave it out."}");
        });
        return this;
    }

    /// <summary>Reads a request: an object whose fields are all in the table, none twice. Fields that are null count as absent.</summary>
    /// <exception cref="InvalidRequestException">One is not in it, or says what it may not.</exception>
    public void Read(JsonElement request, T target)
    {
        if (request.ValueKind != JsonValueKind.Object) throw new InvalidRequestException(InvalidRequestException.InvalidType, "The request must be a JSON object.", null);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in request.EnumerateObject())
        {
            var name = property.Name;
            if (!_fields.TryGetValue(name, out var read))
            {
                if (property.Value.ValueKind == JsonValueKind.Null) continue;
                throw Unknown(name);
            }
            if (!seen.Add(name)) throw new InvalidRequestException(InvalidRequestException.InvalidValue, $"The request names '{name}' twice.", name);
            if (property.Value.ValueKind != JsonValueKind.Null) read(new Field(name, property.Value), target);
        }
    }

    private InvalidRequestException Unknown(string name)
    {
        var shown = name.Length > MaxShownName ? string.Concat(name.AsSpan(0, MaxShownName), "…") : name;
        var near = NearestName.Find(name, _fields.Keys);
        var hint = near is null ? "Leave it out." : $"Did you mean '{near}'? Otherwise leave it out.";
        return new InvalidRequestException(InvalidRequestException.Unsupported, $"'{shown}' is no parameter that local models know. {hint}", shown);
    }
}
