namespace Mycel.Node.Cli;

/// <summary>A command cannot go on; the message is for the person who gave it.</summary>
internal sealed class LocalRunException(string message, int exitCode) : Exception(message)
{
    /// <summary>The exit code to end with.</summary>
    public int ExitCode { get; } = exitCode;
}
