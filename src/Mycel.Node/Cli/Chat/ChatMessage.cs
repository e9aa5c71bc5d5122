namespace Mycel.Node.Cli.Chat;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">system, user or assistant.</param>
/// <param name="Content">Its text.</param>
internal sealed record ChatMessage(string Role, string Content);
