using Mycel.Identity;
using Mycel.Ledger;

namespace Mycel.Node.Settlement;

/// <summary>What a peer is told of what went wrong with what it sent: nothing of how this node keeps its books.</summary>
internal static partial class PeerReason
{
    /// <summary>Whatever the database said, which may name its machine, its user, or a path.</summary>
    public const string StorageFailed = "This node cannot read or write its books at the moment. Try again later.";

    /// <summary>The reason for a peer; what it leaves out goes to the log.</summary>
    /// <param name="error">A <see cref="LedgerException"/>, or a <see cref="StatementException"/>, which is about what the peer itself sent.</param>
    /// <param name="peer">Whom it is told.</param>
    /// <param name="logger">The log.</param>
    public static string Of(Exception error, PeerId peer, ILogger logger)
    {
        if (error is StatementException) return error.Message;
        LogFailed(logger, peer, error.Message);
        return StorageFailed;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the books failed while {Peer} was answered: {Reason}")]
    private static partial void LogFailed(ILogger logger, PeerId peer, string reason);
}
