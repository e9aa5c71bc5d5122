using System.Net;
using Mycel.Identity;

namespace Mycel.Node.Discovery.Lan;

/// <summary>What discovery on the local network logs.</summary>
internal static partial class LanLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Name} ({Peer}), a node of this account, was heard on the local network at {Address}")]
    public static partial void Found(ILogger logger, string name, PeerId peer, IPAddress address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nodes of this account are not looked for on the local network: {Reason}")]
    public static partial void NotLookedFor(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A node of this account was heard on the local network, and links cannot be had: {Reason}")]
    public static partial void NoLinks(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This node could not be announced on the local network; it is tried again within two minutes")]
    public static partial void Failed(ILogger logger, Exception exception);
}
