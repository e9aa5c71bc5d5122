using Mycel.Identity.Certificates;
using Mycel.Transport;

namespace Mycel.Node.Links;

/// <summary>One connection with a peer.</summary>
internal sealed class LinkConnection(ITransportConnection transport, ProvenPeer peer, Carrier carrier, bool isDialled)
{
    public ITransportConnection Transport { get; } = transport;

    /// <summary>Who is at its other end.</summary>
    public ProvenPeer Peer { get; } = peer;

    public Carrier Carrier { get; } = carrier;

    /// <summary>Whether this node dialled.</summary>
    public bool IsDialled { get; } = isDialled;

    /// <summary>A number that grows with each use, kept by the link.</summary>
    public long UsedAt { get; set; }

    /// <summary>What is still open on it, as far as its carrier tells.</summary>
    public int OpenStreams => Transport.ReadStatistics().OpenStreams;
}

/// <summary>Why a connection was closed; the code that its other end is given.</summary>
internal enum LinkError
{
    /// <summary>The node stops.</summary>
    Shutdown = 1,

    /// <summary>The same node has connected anew.</summary>
    Replaced = 2,

    /// <summary>Both had dialled; one connection is enough.</summary>
    Duplicate = 3,

    /// <summary>The peer is not, or no longer, one to be linked with.</summary>
    NotWanted = 4,

    /// <summary>The node has as many links as it may.</summary>
    Full = 5,
}
