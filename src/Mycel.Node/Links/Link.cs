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
    /// <summary>Connections that the peer dialled, at once.</summary>
    private const int MaxAccepted = 4;

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _prefersOwnDial;
    private volatile LinkConnection[] _connections;
    private volatile LinkConnection _latestBest;
    private readonly TimeProvider _time;
    private long _uses;
    private long _usedAt;
    private int _working;

    /// <param name="first">Its first connection.</param>
    /// <param name="prefersOwnDial">Of two connections, one dialled by each side, whether both sides keep the one that this node dialled.</param>
    /// <param name="time">The clock.</param>
    public Link(LinkConnection first, bool prefersOwnDial, TimeProvider time)
    {
        _prefersOwnDial = prefersOwnDial;
        _time = time;
        _usedAt = time.GetTimestamp();
        _connections = [first];
        _latestBest = first;
        Id = first.Peer.PeerId;
        Since = time.GetUtcNow();
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

    /// <summary>How long it has done nothing for anybody but keep the two nodes informed: since its last work, or since it is there. Zero while there is work.</summary>
    public TimeSpan Idle => Volatile.Read(ref _working) > 0 ? TimeSpan.Zero : _time.GetElapsedTime(Volatile.Read(ref _usedAt));

    /// <summary>Whether it ended since one of the two nodes needed the room for another.</summary>
    public bool HadToMakeRoom { get; set; }

    /// <summary>Completes when the last connection of the link has ended.</summary>
    public Task Closed => _closed.Task;

    /// <summary>A stream of this kind is there; <see cref="EndWork"/> when it is over.</summary>
    public void BeginWork(Kind kind)
    {
        if (IsWork(kind)) Interlocked.Increment(ref _working);
    }

    /// <inheritdoc cref="BeginWork"/>
    public void EndWork(Kind kind)
    {
        if (!IsWork(kind)) return;
        Volatile.Write(ref _usedAt, _time.GetTimestamp());
        Interlocked.Decrement(ref _working);
    }

    private static bool IsWork(Kind kind) => kind is not (Kind.Greeting or Kind.Records or Kind.Ping or Kind.Dht);

    /// <summary>Opens an exchange: the header goes out with the first flush.</summary>
    /// <exception cref="TransportException">The link has ended.</exception>
    public async ValueTask<OutboundStream> OpenAsync(StreamHeader header, CancellationToken cancellation)
    {
        var stream = new OutboundStream(this, await _latestBest.Transport.OpenStreamAsync(cancellation), header.Kind);
        WireMessages.Write(stream.Writer, FrameKind.Header, header);
        return stream;
    }

    /// <summary>Takes a further connection in.</summary>
    /// <returns>
    /// The one to be closed, which may be this one; null for none. A node that dials several addresses side by side may be connected by two of them: it alone
    /// knows which it uses, so this side closes none that the peer dialled before there are too many.
    /// </returns>
    public LinkConnection? Add(LinkConnection connection, out bool isEnded)
    {
        lock (_gate)
        {
            isEnded = _connections.Length == 0;
            if (isEnded) return null;
            if (connection.IsDialled && _connections.Any(c => c.IsDialled && c.Carrier == connection.Carrier)) return connection;
            var accepted = _connections.Where(c => !c.IsDialled).ToList();
            var surplus = connection.IsDialled || accepted.Count < MaxAccepted ? null : accepted.Where(c => c != _latestBest).MinBy(c => c.UsedAt);
            Use([.. _connections.Where(c => c != surplus), connection]);
            return surplus;
        }
    }

    /// <summary>The peer opened a stream on a connection: of several that are equal, that is the one it uses.</summary>
    public void Use(LinkConnection connection)
    {
        if (ReferenceEquals(connection, _latestBest)) return;
        lock (_gate)
        {
            connection.UsedAt = ++_uses;
            Use([.. _connections]);
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
        _connections = [.. connections.OrderBy(c => c.Carrier).ThenBy(Rank).ThenByDescending(c => c.UsedAt)];
        if (connections.Length > 0) _latestBest = _connections[0];
    }

    private int Rank(LinkConnection connection) => connection.IsDialled == _prefersOwnDial ? 0 : 1;
}
