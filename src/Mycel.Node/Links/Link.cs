using System.Net;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Links;

/// <summary>This node's tie with one peer, over whatever connection is the best at the moment. Safe for use from several threads.</summary>
internal sealed class Link
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _prefersOwnDial;
    private volatile LinkConnection[] _connections;
    private volatile LinkConnection _latestBest;

    /// <param name="first">Its first connection.</param>
    /// <param name="prefersOwnDial">Of two connections, one dialled by each side, whether both sides keep the one that this node dialled.</param>
    /// <param name="now">The time.</param>
    public Link(LinkConnection first, bool prefersOwnDial, DateTimeOffset now)
    {
        _prefersOwnDial = prefersOwnDial;
        _connections = [first];
        _latestBest = first;
        Id = first.Peer.PeerId;
        Since = now;
    }

    public PeerId Id { get; }

    /// <summary>The other end, as the latest handshake proved it.</summary>
    public ProvenPeer Peer => _latestBest.Peer;

    /// <summary>What carries it now.</summary>
    public Carrier Carrier => _latestBest.Carrier;

    /// <summary>Where the peer is now; null over a relay, and where a proxy stands between.</summary>
    public IPEndPoint? RemoteEndPoint => _latestBest.Transport.RemoteEndPoint is { Port: > 0 } known ? known : null;

    /// <summary>Where it sees the peer, <c>host:port</c>, for the peer to tell others; empty where no QUIC could go there.</summary>
    public string ObservedAddress => Carrier == Carrier.Quic ? _latestBest.Transport.RemoteEndPoint.ToString() : "";

    /// <summary>Whether this node dialled.</summary>
    public bool IsDialled => _latestBest.IsDialled;

    /// <summary>Since when the peer is linked without a break.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Smoothed round-trip time; zero where it is not known yet.</summary>
    public TimeSpan RoundTrip => _latestBest.Transport.ReadStatistics().RoundTrip;

    /// <summary>Completes when the last connection of the link has ended.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Opens an exchange: the header goes out with the first flush.</summary>
    /// <exception cref="TransportException">The link has ended.</exception>
    public async ValueTask<OutboundStream> OpenAsync(StreamHeader header, CancellationToken cancellation)
    {
        var stream = new OutboundStream(await _latestBest.Transport.OpenStreamAsync(cancellation));
        WireMessages.Write(stream.Writer, FrameKind.Header, header);
        return stream;
    }

    /// <summary>Takes a further connection in.</summary>
    /// <returns>The one that it takes the place of, to be closed; null for none.</returns>
    public LinkConnection? Add(LinkConnection connection, out bool isEnded)
    {
        lock (_gate)
        {
            isEnded = _connections.Length == 0;
            if (isEnded) return null;
            // Whoever dials again over the same carrier has lost the connection before.
            var replaced = _connections.FirstOrDefault(c => c.IsDialled == connection.IsDialled && c.Carrier == connection.Carrier);
            Use([.. _connections.Where(c => c != replaced), connection]);
            return replaced;
        }
    }

    /// <summary>Takes note that a connection has ended.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Remove(LinkConnection connection)
    {
        lock (_gate)
        {
            if (!_connections.Contains(connection)) return false;
            Use([.. _connections.Where(c => c != connection)]);
            if (_connections.Length > 0) return false;
        }
        _closed.TrySetResult();
        return true;
    }

    /// <summary>Its connections, the best first.</summary>
    public IReadOnlyList<LinkConnection> Connections => _connections;

    private void Use(LinkConnection[] connections)
    {
        Array.Sort(connections, (a, b) => a.Carrier != b.Carrier ? a.Carrier.CompareTo(b.Carrier) : Rank(a).CompareTo(Rank(b)));
        _connections = connections;
        if (connections.Length > 0) _latestBest = connections[0];
    }

    private int Rank(LinkConnection connection) => connection.IsDialled == _prefersOwnDial ? 0 : 1;
}
