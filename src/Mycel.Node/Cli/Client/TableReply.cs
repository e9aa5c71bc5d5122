namespace Mycel.Node.Cli.Client;

/// <summary>A node's part in the table of peers, as it tells it.</summary>
internal sealed class TableReply
{
    /// <summary>Whether it takes part.</summary>
    public bool Running { get; set; }

    /// <summary>Why it does not.</summary>
    public string? Problem { get; set; }

    /// <summary>Its UDP port; 0 where only links carry messages.</summary>
    public int Port { get; set; }

    /// <summary>Whether it asks and is not asked.</summary>
    public bool Passive { get; set; }

    /// <summary>Nodes that are known.</summary>
    public int Contacts { get; set; }

    /// <summary>Nodes that wait for a place among them.</summary>
    public int Waiting { get; set; }

    /// <summary>Nodes that take part, by estimate.</summary>
    public double EstimatedNodes { get; set; }

    /// <summary>The contacts by the number of leading bits that their ids share with this node's.</summary>
    public IReadOnlyList<Bucket> Buckets { get; set; } = [];

    /// <summary>Records stored.</summary>
    public int Records { get; set; }

    /// <summary>Own records that are kept published.</summary>
    public int Published { get; set; }

    /// <summary>Lookups so far.</summary>
    public LookupCounts Lookups { get; set; } = new();

    /// <summary>Questions so far; null where it takes no part.</summary>
    public QuestionCounts? Questions { get; set; }

    /// <summary>One bucket.</summary>
    internal sealed record Bucket(int Prefix, int Contacts, int Waiting);

    /// <summary>Lookups.</summary>
    internal sealed class LookupCounts
    {
        /// <summary>Under way.</summary>
        public int Running { get; set; }

        /// <summary>Begun.</summary>
        public long Started { get; set; }

        /// <summary>Of records, that found one.</summary>
        public long Found { get; set; }

        /// <summary>Of records, that found none.</summary>
        public long Empty { get; set; }
    }

    /// <summary>Questions.</summary>
    internal sealed class QuestionCounts
    {
        /// <summary>Asked.</summary>
        public long Sent { get; set; }

        /// <summary>Asked and not answered.</summary>
        public long Unanswered { get; set; }

        /// <summary>Of others.</summary>
        public long Received { get; set; }

        /// <summary>Of others, dropped since they were too many.</summary>
        public long Limited { get; set; }
    }
}

/// <summary>Who has a model.</summary>
internal sealed class FoundReply
{
    /// <summary>The nodes.</summary>
    public IReadOnlyList<Provider> Providers { get; set; } = [];

    /// <summary>Whether the table of peers was asked.</summary>
    public bool TableAsked { get; set; }

    /// <summary>Why it was not.</summary>
    public string? Problem { get; set; }

    /// <summary>Questions asked.</summary>
    public int Questions { get; set; }

    /// <summary>How long it took, in milliseconds.</summary>
    public double TookMs { get; set; }

    /// <summary>One node that has it.</summary>
    internal sealed class Provider
    {
        /// <summary>Its peer id.</summary>
        public string Id { get; set; } = "";

        /// <summary>Its name; null where nobody told it.</summary>
        public string? Name { get; set; }

        /// <summary>The network.</summary>
        public string Network { get; set; } = "";

        /// <summary>Where it says that it is.</summary>
        public IReadOnlyList<string> Addresses { get; set; } = [];

        /// <summary>Whether it is linked.</summary>
        public bool Linked { get; set; }

        /// <summary>record or table.</summary>
        public string Source { get; set; } = "";
    }
}
