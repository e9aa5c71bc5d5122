namespace Mycel.Transport;

/// <summary>Figures of one connection at one moment. A provider leaves what it does not know at zero.</summary>
public readonly record struct TransportStatistics
{
    /// <summary>Smoothed round-trip time.</summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>What may be under way at once, in bytes.</summary>
    public long CongestionWindowBytes { get; init; }

    /// <summary>Sent and not acknowledged, in bytes.</summary>
    public long InFlightBytes { get; init; }

    /// <summary>UDP datagrams sent since the connection began.</summary>
    public long DatagramsSent { get; init; }

    /// <summary>UDP datagrams received since the connection began.</summary>
    public long DatagramsReceived { get; init; }

    /// <summary>Streams that are not yet both finished and disposed of.</summary>
    public int OpenStreams { get; init; }

    /// <summary>Written bytes that are held because the peer has not acknowledged them.</summary>
    public long HeldBytes { get; init; }
}
