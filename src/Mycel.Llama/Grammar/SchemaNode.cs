using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Parts of a schema that are dealt with already.</summary>
[Flags]
internal enum SchemaParts
{
    None = 0,
    References = 1,
    AnyOf = 2,
    OneOf = 4,
}

/// <summary>A schema within the whole one.</summary>
/// <param name="Element">The schema: an object, or true or false.</param>
/// <param name="Pointer">Where it is, such as <c>#/properties/age</c>.</param>
/// <param name="Done">What of it no longer counts.</param>
internal readonly record struct SchemaNode(JsonElement Element, string Pointer, SchemaParts Done = SchemaParts.None)
{
    public string Key => Done == SchemaParts.None ? Pointer : $"{Pointer}!{(int)Done}";

    public SchemaNode Child(JsonElement element, string keyword) => new(element, $"{Pointer}/{Token(keyword)}");

    public SchemaNode Child(JsonElement element, string keyword, string name) => new(element, $"{Pointer}/{Token(keyword)}/{Token(name)}");

    public string At(string keyword) => $"{Pointer}/{Token(keyword)}";

    private static string Token(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}

/// <summary>JSON types; a number that need not be whole has both <see cref="Number"/> and <see cref="Integer"/>.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    String = 1,
    Number = 2,
    Integer = 4,
    Boolean = 8,
    Null = 16,
    Object = 32,
    Array = 64,
    All = 127,
}
