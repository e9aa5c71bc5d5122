using Mycel.Identity;

namespace Mycel.Node.Links.Tunnel;

/// <summary>Who may pass through whom; decided by those who know the networks.</summary>
internal interface IRelayRules
{
    /// <summary>Why this node does not carry streams between two peers; null where it does.</summary>
    string? WhyNot(PeerId asker, PeerId target);

    /// <summary>Whether a linked peer may bring others to this node.</summary>
    bool MayBring(PeerId middle);

    /// <summary>Linked peers through which another may be reached, the best first.</summary>
    IEnumerable<PeerId> MiddlesTo(PeerId target);
}
