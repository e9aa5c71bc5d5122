using System.Net;

namespace Mycel.Transport;

/// <summary>How a sender paces itself.</summary>
public enum CongestionControl
{
    /// <summary>CUBIC (RFC 9438): fair beside TCP.</summary>
    Cubic,

    /// <summary>BBR: several times faster where packets are lost at random, as on radio links.</summary>
    Bbr,
}

/// <summary>Settings of an endpoint; checked when it is bound. A provider that cannot follow one says so in its own description.</summary>
public sealed record EndpointOptions
{
    /// <summary>Name of the protocol in the TLS handshake (ALPN).</summary>
    public const string Protocol = "mycel/1";

    /// <summary>Address and port to bind; port 0 lets the system choose. <c>[::]</c> serves IPv6 and IPv4.</summary>
    public required IPEndPoint Local { get; init; }

    /// <summary>What is shown to peers.</summary>
    public required TransportCredentials Credentials { get; init; }

    /// <summary>Judges what peers show.</summary>
    public required PeerValidator Validator { get; init; }

    /// <summary>Streams that a peer may have open at once on a connection. Default 1,024; 1 to 65,536.</summary>
    public int MaxStreams { get; init; } = 1024;

    /// <summary>Connections of the endpoint, accepted and dialled. Default 1,024; 1 to 65,536.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Incoming handshakes under way from which on callers must first prove their address (Retry). Default 64; 0 to 65,536.</summary>
    public int RetryAbove { get; init; } = 64;

    /// <summary>Incoming handshakes under way at once; more are ignored. Default 512; 1 to 65,536.</summary>
    public int MaxHalfOpen { get; init; } = 512;

    /// <summary>Incoming handshakes begun from one address (IPv4: /32, IPv6: /64) in a second; more are ignored. Default 100; 1 to 1,000,000.</summary>
    public int HandshakesPerSecondPerAddress { get; init; } = 100;

    /// <summary>A connection with nothing received for so long has ended. Default 30 s; 100 ms to 10 min.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An idle connection shows that it lives this often; keeps NAT mappings open. Default 10 s; 50 ms to 10 min.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// While streams are open the peer is probed more often, and one silent for so long is given up. Default 4 s; 100 ms to 10 min.
    /// </summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Longest handshake. Default 10 s; 100 ms to 2 min.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Received bytes of one stream that nobody has read: the peer waits beyond. Default 1 MB; 16 KB to 64 MB.</summary>
    public int StreamWindowBytes { get; init; } = 1 << 20;

    /// <summary>The same of all streams of one connection. Default 8 MB; 64 KB to 1 GB.</summary>
    public int ConnectionWindowBytes { get; init; } = 8 << 20;

    /// <summary>Written bytes of one stream that the peer has not acknowledged: writers wait beyond. Default 4 MB; 64 KB to 64 MB.</summary>
    public int StreamSendBytes { get; init; } = 4 << 20;

    /// <summary>
    /// The same of all streams of one connection. Default 16 MB; 64 KB to 1 GB. So that none waits for ever on the others,
    /// each stream may hold 32 KB in any case.
    /// </summary>
    public int ConnectionSendBytes { get; init; } = 16 << 20;

    /// <summary>The same of all connections of the endpoint. Default 256 MB; 64 KB up.</summary>
    public long EndpointSendBytes { get; init; } = 256 << 20;

    /// <summary>How the sender paces itself. Default CUBIC.</summary>
    public CongestionControl Congestion { get; init; } = CongestionControl.Cubic;

    /// <summary>
    /// 32 secret bytes, the same after a restart, so that peers of the process before learn at once that it is gone (stateless
    /// reset). Empty, the default: random ones.
    /// </summary>
    public ReadOnlyMemory<byte> ResetKey { get; init; }

    /// <summary>
    /// Continues whoever waits on a read or an accepted stream on the endpoint's own thread: saves a change of threads, and is for
    /// programs that never block there. Default false: on the thread pool.
    /// </summary>
    public bool InlineCompletions { get; init; }

    /// <summary>Another name in the handshake, to show that it is refused.</summary>
    internal string Alpn { get; init; } = Protocol;

    /// <summary>Shows no certificate, to show that this is refused.</summary>
    internal bool WithholdCertificate { get; init; }

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Local);
        ArgumentNullException.ThrowIfNull(Credentials);
        ArgumentNullException.ThrowIfNull(Validator);
        Range(MaxStreams, 1, 65_536, nameof(MaxStreams));
        Range(MaxConnections, 1, 65_536, nameof(MaxConnections));
        Range(RetryAbove, 0, 65_536, nameof(RetryAbove));
        Range(MaxHalfOpen, 1, 65_536, nameof(MaxHalfOpen));
        Range(HandshakesPerSecondPerAddress, 1, 1_000_000, nameof(HandshakesPerSecondPerAddress));
        Range(IdleTimeout, 100, 600_000, nameof(IdleTimeout));
        Range(KeepAlive, 50, 600_000, nameof(KeepAlive));
        Range(SilenceTimeout, 100, 600_000, nameof(SilenceTimeout));
        Range(HandshakeTimeout, 100, 120_000, nameof(HandshakeTimeout));
        Range(StreamWindowBytes, 16 << 10, 64 << 20, nameof(StreamWindowBytes));
        Range(ConnectionWindowBytes, 64 << 10, 1 << 30, nameof(ConnectionWindowBytes));
        Range(StreamSendBytes, 64 << 10, 64 << 20, nameof(StreamSendBytes));
        Range(ConnectionSendBytes, 64 << 10, 1 << 30, nameof(ConnectionSendBytes));
        Range(EndpointSendBytes, 64 << 10, long.MaxValue, nameof(EndpointSendBytes));
        if (ResetKey.Length is not (0 or 32))
            throw new ArgumentException("The reset key has 32 bytes, or none.", nameof(ResetKey));
    }

    private static void Range(TimeSpan value, long minimumMs, long maximumMs, string name)
    {
        if (value < TimeSpan.FromMilliseconds(minimumMs) || value > TimeSpan.FromMilliseconds(maximumMs))
            throw new ArgumentOutOfRangeException(name, value, $"Give {minimumMs} to {maximumMs} milliseconds.");
    }

    private static void Range(long value, long minimum, long maximum, string name)
    {
        if (value < minimum || value > maximum)
            throw new ArgumentOutOfRangeException(name, value, $"Give {minimum} to {maximum}.");
    }
}
