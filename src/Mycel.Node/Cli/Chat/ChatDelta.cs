namespace Mycel.Node.Cli.Chat;

/// <summary>A piece of an answer.</summary>
/// <param name="Content">Text of the answer, or empty.</param>
/// <param name="Reasoning">What the model thinks before it answers, or empty.</param>
internal readonly record struct ChatDelta(string Content, string Reasoning);
