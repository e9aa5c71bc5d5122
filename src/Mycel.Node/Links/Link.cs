using System.Net;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Transport;

namespace Mycel.Node.Links;

/// <summary>This node's tie with one peer, over whatever connection is the best at the moment. Safe for use from several threads.</summary>
internal sealed class Link
{
    /// <summary>The other end, as the handshake proved it.</summary>
    public required ProvenPeer Peer { get; init; }

    public PeerId Id => Peer.PeerId;

    /// <summary>What carries it now.</summary>
    public Carrier Carrier => throw new NotImplementedException();

    /// <summary>Where the peer is now; null over a relay.</summary>
    public IPEndPoint? RemoteEndPoint => throw new NotImplementedException();

    /// <summary>Whether this node dialled.</summary>
    public bool IsDialled => throw new NotImplementedException();

    /// <summary>Since when the peer is linked without a break.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Smoothed round-trip time; zero where it is not known yet.</summary>
    public TimeSpan RoundTrip => throw new NotImplementedException();

    /// <summary>Completes when the last connection of the link has ended.</summary>
    public Task Closed => throw new NotImplementedException();

    /// <summary>Opens an exchange: the header goes out with the first flush.</summary>
    /// <exception cref="TransportException">The link has ended.</exception>
    public ValueTask<OutboundStream> OpenAsync(Wire.StreamHeader header, CancellationToken cancellation) => throw new NotImplementedException();
}
