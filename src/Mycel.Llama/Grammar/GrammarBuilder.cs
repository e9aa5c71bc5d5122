using System.Text.Json;

namespace Mycel.Llama.Grammar;

/// <summary>Puts a grammar in llama.cpp's language (GBNF) together from rules and JSON schemas. Not safe for use by several threads.</summary>
public sealed class GrammarBuilder
{
    /// <summary>Adds rules for the JSON texts that a schema allows.</summary>
    /// <param name="name">Wish for the rule's name; made valid and unique.</param>
    /// <param name="schema">A JSON schema: an object, or true or false.</param>
    /// <returns>The rule's name, for use in other rules.</returns>
    /// <exception cref="GrammarException">The schema asks for what a grammar cannot ensure, or is too large.</exception>
    public string AddSchema(string name, JsonElement schema) => throw new NotImplementedException();

    /// <summary>Adds a rule.</summary>
    /// <param name="name">Wish for its name; made valid and unique.</param>
    /// <param name="body">What comes after <c>::=</c>, in GBNF.</param>
    /// <returns>The rule's name, for use in other rules.</returns>
    public string AddRule(string name, string body) => throw new NotImplementedException();

    /// <summary>A text as a GBNF literal, quotes included.</summary>
    public static string Literal(string text) => throw new NotImplementedException();

    /// <summary>The whole grammar.</summary>
    /// <param name="rootBody">What comes after <c>root ::=</c>.</param>
    public string Build(string rootBody) => throw new NotImplementedException();
}
