using Mycel.Identity;
using Mycel.Identity.Networks;

namespace Mycel.Node.Networks;

/// <summary>The nodes that this one knows, and what each may do here. Safe for use from several threads.</summary>
internal interface IPeerBook
{
    /// <summary>All, linked or not.</summary>
    IReadOnlyList<PeerInfo> All { get; }

    PeerInfo? Find(PeerId peer);

    /// <summary>Something of a peer changed: it came, went, was greeted, or sent a new record.</summary>
    event Action? Changed;

    /// <summary>
    /// What a linked peer may ask for, decided now: its device's certificate is in its time and not revoked, and in each network its account's
    /// membership holds. Null for one that may ask for nothing, with the reason.
    /// </summary>
    PeerStanding? StandingOf(PeerId peer, out string? whyNot);
}

/// <summary>What a peer may ask for.</summary>
/// <param name="Account">The person it belongs to.</param>
/// <param name="Name">The device's name.</param>
/// <param name="IsOwn">Whether it is of this node's own account, and may ask for everything.</param>
/// <param name="Networks">The networks in common, with the peer's terms in each.</param>
internal sealed record PeerStanding(AccountId Account, string Name, bool IsOwn, IReadOnlyDictionary<NetworkId, MemberTerms> Networks);
