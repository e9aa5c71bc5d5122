using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Node.Links;

/// <summary>The links of this node, one a peer. Safe for use from several threads.</summary>
internal interface ILinks
{
    /// <summary>The links there are.</summary>
    IReadOnlyList<Link> All { get; }

    /// <summary>The link with a peer, or null.</summary>
    Link? Find(PeerId peer);

    /// <summary>A peer is linked that was not.</summary>
    event Action<Link>? Linked;

    /// <summary>A connection that this node dialled was made, be it the first of a link or a better one: the moment to greet.</summary>
    event Action<Link>? Dialled;

    /// <summary>The last connection with a peer has ended.</summary>
    event Action<Link>? Unlinked;

    /// <summary>A peer that is to be kept linked could not be reached at any of its addresses.</summary>
    event Action<PeerId>? Unreached;

    /// <summary>Gives the link with a peer, dialling where there is none: its addresses first, all carriers, then through others.</summary>
    /// <param name="peer">Whoever answers must prove to be it.</param>
    /// <param name="addresses">Where to try: <c>host:port</c> (QUIC), <c>http://…</c> and <c>https://…</c> (tunnel).</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="LinkException">It could not be reached, refuses, or is someone else.</exception>
    Task<Link> ConnectAsync(PeerId peer, IReadOnlyList<string> addresses, CancellationToken cancellation);

    /// <summary>Keeps a peer linked from now on: dials again, with growing pauses, whenever the link has ended.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="addresses">Where it may be, asked before each attempt.</param>
    void Keep(PeerId peer, Func<IReadOnlyList<string>> addresses);

    /// <summary>Dials a peer that is to be kept linked at once, where it is waited for: there is news of where it is.</summary>
    void Wake(PeerId peer);

    /// <summary>Dials a peer no more; a link that exists stays.</summary>
    void Release(PeerId peer);

    /// <summary>Whether a peer is cast out, and why; asked in every handshake, so it must be fast. Set once, before the start.</summary>
    Func<ProvenPeer, string?> Judge { get; set; }

    /// <summary>Ends the link with a peer.</summary>
    Task CloseAsync(PeerId peer, string reason);

    /// <summary>Where others can reach this node, the best first.</summary>
    IReadOnlyList<string> OwnAddresses { get; }

    /// <summary>A peer tells where it sees this node.</summary>
    void Observe(string address);

    /// <summary>Why the last attempt to reach a peer failed, one sentence; null where it did not.</summary>
    string? LastError(PeerId peer);
}
