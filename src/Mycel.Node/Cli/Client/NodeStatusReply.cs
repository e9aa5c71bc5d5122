namespace Mycel.Node.Cli.Client;

/// <summary>What a node says about itself.</summary>
internal sealed class NodeStatusReply
{
    /// <summary>Version of the program.</summary>
    public string Version { get; set; } = "";

    /// <summary>Identity of the node.</summary>
    public string NodeId { get; set; } = "";

    /// <summary>Name of the node.</summary>
    public string Name { get; set; } = "";

    /// <summary>ready, starting or draining.</summary>
    public string State { get; set; } = "";

    /// <summary>Seconds since the start.</summary>
    public double UptimeS { get; set; }

    /// <summary>HTTP address.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>Data folder.</summary>
    public string DataDir { get; set; } = "";

    /// <summary>Configuration file, or null.</summary>
    public string? ConfigFile { get; set; }

    /// <summary>Requests.</summary>
    public RequestCounts Requests { get; set; } = new();

    /// <summary>Tokens.</summary>
    public TokenCounts Tokens { get; set; } = new();

    /// <summary>Slots.</summary>
    public SlotCounts Slots { get; set; } = new();

    /// <summary>Relay devices.</summary>
    public RelayCounts Relays { get; set; } = new();

    /// <summary>Models on offer.</summary>
    public int Models { get; set; }

    /// <summary>Keys that exist.</summary>
    public int Keys { get; set; }

    /// <summary>Ties with other nodes.</summary>
    public LinkState Links { get; set; } = new();

    /// <summary>What is found on the local network.</summary>
    public LanState Lan { get; set; } = new();

    /// <summary>What is found on the local network.</summary>
    /// <param name="Interfaces">Network interfaces that the node is announced on.</param>
    /// <param name="Nearby">Other nodes of the account that were heard.</param>
    /// <param name="WhyNot">Why none is looked for, by choice.</param>
    /// <param name="Problem">What keeps them from being looked for.</param>
    internal sealed record LanState(int Interfaces = 0, int Nearby = 0, string? WhyNot = null, string? Problem = null);

    /// <summary>Ties with other nodes.</summary>
    internal sealed class LinkState
    {
        /// <summary>Where it listens for QUIC.</summary>
        public string? Listening { get; set; }

        /// <summary>What carries QUIC.</summary>
        public string? Provider { get; set; }

        /// <summary>Why there is no QUIC.</summary>
        public string? Problem { get; set; }

        /// <summary>Where others are told to reach it.</summary>
        public IReadOnlyList<string> Addresses { get; set; } = [];

        /// <summary>Networks that it belongs to.</summary>
        public int Networks { get; set; }

        /// <summary>Nodes of them that are linked.</summary>
        public int PeersLinked { get; set; }

        /// <summary>Nodes of them that are known.</summary>
        public int PeersKnown { get; set; }
    }

    /// <summary>Requests now and since the start.</summary>
    internal sealed record RequestCounts(long Active = 0, long Queued = 0, long Total = 0, long Failed = 0);

    /// <summary>Tokens since the start.</summary>
    internal sealed record TokenCounts(long Prompt = 0, long Completion = 0);

    /// <summary>Slots on all devices together.</summary>
    internal sealed record SlotCounts(long Used = 0, long Total = 0);

    /// <summary>Relay devices known, and those that answer.</summary>
    internal sealed record RelayCounts(int Total = 0, int Online = 0);
}
