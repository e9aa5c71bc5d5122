namespace Mycel.Llama.Grammar;

/// <summary>A schema asks for what a grammar cannot ensure, or is no schema. The message is for whoever wrote it: what is wrong and what to do.</summary>
/// <param name="message">One or two sentences that do not repeat the path.</param>
/// <param name="path">Where in the schema: a JSON pointer such as <c>#/properties/age</c>.</param>
public sealed class GrammarException(string message, string path) : Exception(message)
{
    public string Path { get; } = path;
}
