using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Grammars for JSON output.</summary>
public static class JsonSchemaGrammar
{
    /// <summary>Any JSON object: OpenAI's JSON mode.</summary>
    public static string AnyJsonObject => throw new NotImplementedException();

    /// <summary>A grammar, root rule <c>root</c>, for exactly the JSON texts that a schema allows (with little white space).</summary>
    /// <param name="schema">A JSON schema: an object, or true or false.</param>
    /// <exception cref="GrammarException">The schema asks for what a grammar cannot ensure, or is too large.</exception>
    public static string FromSchema(JsonElement schema)
    {
        GrammarBuilder builder = new();
        return builder.Build(builder.AddSchema("value", schema));
    }
}
