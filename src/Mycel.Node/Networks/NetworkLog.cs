using Mycel.Identity;

namespace Mycel.Node.Networks;

/// <summary>What this room logs.</summary>
internal static partial class NetworkLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Revocation lists of {MaxAccounts} accounts are kept, which is the most; a further one was not taken")]
    public static partial void RevocationsFull(ILogger logger, int maxAccounts);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Appointments of {MaxDevices} devices in the network {Network} are kept, which is the most; a further one was not taken")]
    public static partial void AppointmentsFull(ILogger logger, NetworkId network, int maxDevices);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} cannot be read ({Reason}), so nobody is known to be appointed in the network; its nodes send it again")]
    public static partial void AppointmentsUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} cannot be read ({Reason}) and is left out; other nodes of the network send it again")]
    public static partial void RevocationsUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} cannot be read ({Reason}); the node finds its networks again by the nodes that invited it")]
    public static partial void PeersUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The known nodes could not be written to {Path}: {Reason}")]
    public static partial void PeersUnwritable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Linked with {Name} ({Peer}), networks in common: {Networks}")]
    public static partial void Greeted(ILogger logger, string name, PeerId peer, int networks);

    [LoggerMessage(Message = "Greeting {Peer} failed, and is tried again: {Reason}")]
    public static partial void GreetingFailed(ILogger logger, LogLevel level, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer} showed a statement that does not count: {Reason}")]
    public static partial void StatementRefused(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Guest} was admitted to the network {Network}")]
    public static partial void Admitted(ILogger logger, AccountId guest, string network);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Peer} was refused an admission: {Reason}")]
    public static partial void AdmissionRefused(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "An admission could not be written down, so nobody was admitted: {Reason}")]
    public static partial void AdmissionUnwritable(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Peer} was cast out by its account; its link is closed")]
    public static partial void Revoked(ILogger logger, PeerId peer);

    [LoggerMessage(Level = LogLevel.Error, Message = "This device was cast out by its own account: no other node links with it any more. Make it new with another data folder")]
    public static partial void CastOut(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The link with {Peer} is closed: it proved no network in common")]
    public static partial void StrangerClosed(ILogger logger, PeerId peer);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Records can be sent to {Peer} no more: {Reason}")]
    public static partial void FeedEnded(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Work in the background failed; it goes on with the next round")]
    public static partial void Failed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Links cannot be had: {Reason}")]
    public static partial void NoLinks(ILogger logger, string reason);
}
