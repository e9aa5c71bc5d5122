namespace Mycel.Dht;

/// <summary>How far an address reaches. Nobody is told of addresses that reach less far than the one they were told from.</summary>
public enum DhtReach
{
    /// <summary>No node can be there: port 0, unspecified, multicast, reserved.</summary>
    Nowhere,

    /// <summary>This machine (loopback).</summary>
    Machine,

    /// <summary>A private network: RFC 1918, RFC 6598, link-local, unique local.</summary>
    Site,

    /// <summary>The Internet.</summary>
    Public,
}
