namespace Mycel.Dht;

/// <summary>What a lookup found.</summary>
public sealed class DhtLookupResult
{
    /// <summary>What was looked up.</summary>
    public required DhtKey Key { get; init; }

    /// <summary>The nearest nodes that answered, nearest first; at most a bucket of them.</summary>
    public required IReadOnlyList<DhtContact> Nodes { get; init; }

    /// <summary>The newest valid record of each publisher, those that most nodes gave first.</summary>
    public required IReadOnlyList<DhtRecord> Records { get; init; }

    /// <summary>Hops to the first node that had a record; where none did, or none were asked for, to the nearest node.</summary>
    public required int Hops { get; init; }

    /// <summary>Questions that were asked.</summary>
    public required int Questions { get; init; }

    /// <summary>Nodes that stored the record, of a lookup that published one.</summary>
    public required int Stored { get; init; }
}
