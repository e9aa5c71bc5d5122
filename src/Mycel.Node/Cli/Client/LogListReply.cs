namespace Mycel.Node.Cli.Client;

/// <summary>The latest entries of a node's log, oldest first.</summary>
internal sealed class LogListReply
{
    /// <summary>The entries.</summary>
    public IReadOnlyList<LogLine> Logs { get; set; } = [];

    /// <summary>An entry.</summary>
    internal sealed class LogLine
    {
        /// <summary>When it was written.</summary>
        public DateTimeOffset Ts { get; set; }

        /// <summary>debug, info, warn or error.</summary>
        public string Level { get; set; } = "";

        /// <summary>What happened.</summary>
        public string Message { get; set; } = "";
    }
}
