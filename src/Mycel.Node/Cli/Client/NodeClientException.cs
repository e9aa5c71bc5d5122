namespace Mycel.Node.Cli.Client;

/// <summary>A command can't go on: the message says in a sentence or two what is wrong and what to do.</summary>
internal sealed class NodeClientException : Exception
{
    /// <summary>With the process's exit code (see <see cref="ExitCode"/>).</summary>
    public NodeClientException(string message, int exitCode = Cli.ExitCode.Failed, Exception? inner = null)
        : base(message, inner) => ExitCode = exitCode;

    /// <summary>The process's exit code.</summary>
    public int ExitCode { get; }
}
