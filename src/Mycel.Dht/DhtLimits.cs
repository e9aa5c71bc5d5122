namespace Mycel.Dht;

/// <summary>Sizes that all nodes agree on; part of the protocol (docs/protocol/dht.md).</summary>
public static class DhtLimits
{
    /// <summary>Largest message, in bytes: with what <see cref="SignedPacket"/> adds and UDP's and IPv6's headers it is at most 1,280, the least that every IPv6 path takes whole.</summary>
    public const int MaxMessageBytes = 1080;

    /// <summary>Largest signed record, in bytes.</summary>
    public const int MaxRecordBytes = 512;

    /// <summary>Most contacts in an answer.</summary>
    public const int MaxContacts = 20;

    /// <summary>Most records in an answer.</summary>
    public const int MaxRecordsInAnswer = 8;

    /// <summary>Most addresses in a record.</summary>
    public const int MaxAddresses = 8;

    /// <summary>Longest name of a model in a record, in bytes of UTF-8.</summary>
    public const int MaxModelBytes = 128;

    /// <summary>Length of an endpoint token, in bytes.</summary>
    public const int TokenBytes = 8;

    /// <summary>The longest that a record may still be valid.</summary>
    public static readonly TimeSpan MaxRecordLifetime = TimeSpan.FromHours(24);

    /// <summary>Clocks of two nodes may differ by this much.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(10);
}
