namespace Mycel.Node.Cli.Chat;

/// <summary>What the commands of a chat can change.</summary>
internal sealed class ChatState
{
    /// <summary>The model being asked.</summary>
    public required string Model { get; set; }

    /// <summary>Whether the person wants to leave.</summary>
    public bool Quit { get; set; }
}
