namespace Mycel.Node.Links;

/// <summary>What carries a link.</summary>
internal enum Carrier
{
    /// <summary>QUIC over UDP.</summary>
    Quic,

    /// <summary>Mutual TLS over a WebSocket to the other node's HTTP port.</summary>
    Tunnel,

    /// <summary>Mutual TLS over a stream through a third node.</summary>
    Relay,
}
