namespace Mycel.Node.Cli.Client;

/// <summary>What a node says about itself.</summary>
internal sealed class NodeStatusReply
{
    /// <summary>Version of the program.</summary>
    public string Version { get; init; } = "";

    /// <summary>Identity of the node.</summary>
    public string NodeId { get; init; } = "";

    /// <summary>Name of the node.</summary>
    public string Name { get; init; } = "";

    /// <summary>ready, starting or draining.</summary>
    public string State { get; init; } = "";

    /// <summary>Seconds since the start.</summary>
    public double UptimeS { get; init; }

    /// <summary>HTTP address.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Data folder.</summary>
    public string DataDir { get; init; } = "";

    /// <summary>Configuration file, or null.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Requests.</summary>
    public RequestCounts Requests { get; init; } = new();

    /// <summary>Tokens.</summary>
    public TokenCounts Tokens { get; init; } = new();

    /// <summary>Slots.</summary>
    public SlotCounts Slots { get; init; } = new();

    /// <summary>Relay devices.</summary>
    public RelayCounts Relays { get; init; } = new();

    /// <summary>Models on offer.</summary>
    public int Models { get; init; }

    /// <summary>Keys that exist.</summary>
    public int Keys { get; init; }

    /// <summary>Requests now and since the start.</summary>
    internal sealed record RequestCounts(long Active = 0, long Queued = 0, long Total = 0, long Failed = 0);

    /// <summary>Tokens since the start.</summary>
    internal sealed record TokenCounts(long Prompt = 0, long Completion = 0);

    /// <summary>Slots on all devices together.</summary>
    internal sealed record SlotCounts(long Used = 0, long Total = 0);

    /// <summary>Relay devices known, and those that answer.</summary>
    internal sealed record RelayCounts(int Total = 0, int Online = 0);
}
