namespace Mycel.Dht.Routing;

/// <summary>Contacts at one range of distances, least recently heard of first, and those that wait for a place.</summary>
internal sealed class Bucket
{
    public List<BucketEntry> Entries { get; } = [];

    /// <summary>Heard of, with no place so far; the latest at the end.</summary>
    public List<DhtContact> Replacements { get; } = [];
}

/// <summary>A contact in its bucket.</summary>
internal sealed class BucketEntry(DhtContact contact)
{
    /// <summary>Who, at the address that answered last.</summary>
    public DhtContact Contact { get; set; } = contact;

    /// <summary>When it was last heard of, in ticks of the node's clock.</summary>
    public long HeardAt { get; set; }

    /// <summary>When it was last asked whether it is there.</summary>
    public long CheckedAt { get; set; }

    /// <summary>Questions in a row that it did not answer.</summary>
    public int Failures { get; set; }
}
