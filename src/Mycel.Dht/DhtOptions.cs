namespace Mycel.Dht;

/// <summary>How a node takes part. The defaults are meant for a node on the Internet.</summary>
public sealed class DhtOptions
{
    /// <summary>Contacts of a bucket, and nodes that a record is stored on as a rule ("k" of Kademlia). Default 20; 1–20.</summary>
    public int BucketSize { get; set; } = 20;

    /// <summary>Questions under way on each path of a lookup ("α" of Kademlia). Default 3; 1–16.</summary>
    public int Concurrency { get; set; } = 3;

    /// <summary>Paths of a lookup that have no node in common ("d" of S/Kademlia). Default 4; 2–16.</summary>
    public int DisjointPaths { get; set; } = 4;

    /// <summary>Questions under way while a region is asked. Default 16; 1–64.</summary>
    public int SweepConcurrency { get; set; } = 16;

    /// <summary>Nodes that a region is expected to hold: its radius follows from the estimated size of the network. Default 30; 1–64.</summary>
    public int RegionNodes { get; set; } = 30;

    /// <summary>Most questions of a lookup, whatever it is told of, without those that store its record. Default 512; 16–1,024. Where nobody attacks it takes about fifty.</summary>
    public int MaxQuestionsPerLookup { get; set; } = 512;

    /// <summary>Most candidates of a lookup. Default 1,024; 64–8,192.</summary>
    public int MaxCandidates { get; set; } = 1024;

    /// <summary>Most candidates of one /24 or /48 in a lookup, for addresses on the Internet. Default 8; 1–1,024.</summary>
    public int MaxCandidatesPerGroup { get; set; } = 8;

    /// <summary>Most lookups at the same time; one more is refused. Default 64; 1–1,024.</summary>
    public int MaxLookups { get; set; } = 64;

    /// <summary>Most questions under way; one more counts as unanswered. Default 2,048; 16–65,536.</summary>
    public int MaxPending { get; set; } = 2048;

    /// <summary>How long an answer is waited for. Default 1 s; 10 ms–30 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Contacts of a bucket that may share a /24 or /48; further ones must each be of their own. Default 4; 1–20. Private addresses are not counted.</summary>
    public int SharedGroupSlots { get; set; } = 4;

    /// <summary>Contacts of one /24 or /48 in the whole table, for addresses on the Internet. Default 12; 1–1,024.</summary>
    public int MaxContactsPerGroup { get; set; } = 12;

    /// <summary>Contacts that wait for a place in a bucket. Default 10; 1–64.</summary>
    public int MaxReplacements { get; set; } = 10;

    /// <summary>A contact not heard of for so long is asked whether it is there. Default 20 min; 1 s–24 h.</summary>
    public TimeSpan LivenessInterval { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>Unanswered questions in a row after which a contact gives way to another. Default 2; 1–10.</summary>
    public int MaxFailures { get; set; } = 2;

    /// <summary>How often each bucket is refreshed by a lookup. Default 1 h; 1 s–24 h.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How often own records are published anew. Default 1 h; 1 s–12 h, less than records last.</summary>
    public TimeSpan RepublishInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Most own records that are kept published. Default 1,024; 1–65,536.</summary>
    public int MaxPublications { get; set; } = 1024;

    /// <summary>Most records stored for others. Default 16,384, which is 8 MB of records; 1–1,048,576.</summary>
    public int MaxRecords { get; set; } = 16_384;

    /// <summary>Most records of one key. Default 64; 1–4,096.</summary>
    public int MaxRecordsPerKey { get; set; } = 64;

    /// <summary>Most records stored for one /24 or /48, for addresses on the Internet. Default 1,024; 1–1,048,576.</summary>
    public int MaxRecordsPerGroup { get; set; } = 1024;

    /// <summary>Questions a second that one address is answered. Default 50; 1–100,000.</summary>
    public int QuestionsPerSecond { get; set; } = 50;

    /// <summary>Questions that one address may ask at once after a pause. Default 300; 1–100,000.</summary>
    public int QuestionBurst { get; set; } = 300;

    /// <summary>Addresses whose rate is remembered; all others share one rate. Default 4,096; 1–65,536.</summary>
    public int MaxLimitedAddresses { get; set; } = 4096;

    /// <summary>Tokens of other nodes that are remembered. Default 2,048; 16–65,536.</summary>
    public int MaxTokens { get; set; } = 2048;

    /// <summary>A node that asks and is never asked, since others cannot reach it. Default false.</summary>
    public bool Passive { get; set; }

    /// <summary>Checks all ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Within(BucketSize, 1, DhtLimits.MaxContacts, nameof(BucketSize));
        Within(Concurrency, 1, 16, nameof(Concurrency));
        Within(DisjointPaths, 2, 16, nameof(DisjointPaths));
        Within(SweepConcurrency, 1, 64, nameof(SweepConcurrency));
        Within(RegionNodes, 1, 64, nameof(RegionNodes));
        Within(MaxQuestionsPerLookup, 16, 1024, nameof(MaxQuestionsPerLookup));
        Within(MaxCandidates, 64, 8192, nameof(MaxCandidates));
        Within(MaxCandidatesPerGroup, 1, 1024, nameof(MaxCandidatesPerGroup));
        Within(MaxLookups, 1, 1024, nameof(MaxLookups));
        Within(MaxPending, 16, 65_536, nameof(MaxPending));
        Within(RequestTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(30), nameof(RequestTimeout));
        Within(SharedGroupSlots, 1, DhtLimits.MaxContacts, nameof(SharedGroupSlots));
        Within(MaxContactsPerGroup, 1, 1024, nameof(MaxContactsPerGroup));
        Within(MaxReplacements, 1, 64, nameof(MaxReplacements));
        Within(LivenessInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24), nameof(LivenessInterval));
        Within(MaxFailures, 1, 10, nameof(MaxFailures));
        Within(RefreshInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24), nameof(RefreshInterval));
        Within(RepublishInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(12), nameof(RepublishInterval));
        Within(MaxPublications, 1, 65_536, nameof(MaxPublications));
        Within(MaxRecords, 1, 1_048_576, nameof(MaxRecords));
        Within(MaxRecordsPerKey, 1, 4096, nameof(MaxRecordsPerKey));
        Within(MaxRecordsPerGroup, 1, 1_048_576, nameof(MaxRecordsPerGroup));
        Within(QuestionsPerSecond, 1, 100_000, nameof(QuestionsPerSecond));
        Within(QuestionBurst, 1, 100_000, nameof(QuestionBurst));
        Within(MaxLimitedAddresses, 1, 65_536, nameof(MaxLimitedAddresses));
        Within(MaxTokens, 16, 65_536, nameof(MaxTokens));
    }

    private static void Within<T>(T value, T least, T most, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            throw new ArgumentException($"{name} is {value}; it must lie between {least} and {most}.");
    }
}
