using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Grammars for JSON output. What they allow is valid JSON with at most one space or one indented line between its parts.</summary>
/// <remarks>
/// Of a schema's keywords those that constrain are either ensured or refused by name; annotations such as <c>title</c>, and formats that are not
/// known, have no effect. Where a schema leaves a choice the grammar may be stricter: properties come in the order of the schema; an object whose
/// schema lists properties has no others unless <c>additionalProperties</c> allows them; without <c>type</c> it follows from the other
/// keywords; <c>oneOf</c> is taken as <c>anyOf</c>; numbers have at most 16 digits before the point and 16 after it.
/// </remarks>
public static class JsonSchemaGrammar
{
    /// <summary>Any JSON object: OpenAI's JSON mode.</summary>
    public static string AnyJsonObject { get; } = BuildAnyObject();

    /// <summary>A grammar, root rule <c>root</c>, for the JSON texts that a schema allows.</summary>
    /// <param name="schema">A JSON schema: an object, or true or false.</param>
    /// <exception cref="GrammarException">The schema asks for what a grammar cannot ensure, or is too large.</exception>
    public static string FromSchema(JsonElement schema)
    {
        GrammarBuilder builder = new();
        return builder.Build(builder.AddSchema("value", schema));
    }

    private static string BuildAnyObject()
    {
        GrammarBuilder builder = new();
        return builder.Build(JsonRules.AnyObject(builder));
    }
}
