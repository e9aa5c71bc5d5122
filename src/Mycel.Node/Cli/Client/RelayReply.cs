namespace Mycel.Node.Cli.Client;

/// <summary>A relay device as the node describes it.</summary>
internal sealed class RelayReply
{
    /// <summary>Base address.</summary>
    public string Url { get; set; } = "";

    /// <summary>Short name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it answers.</summary>
    public bool Online { get; set; }

    /// <summary>Whether it generates.</summary>
    public bool Healthy { get; set; } = true;

    /// <summary>Ids of its models.</summary>
    public IReadOnlyList<string> Models { get; set; } = [];

    /// <summary>Requests on it at once.</summary>
    public int MaxConcurrent { get; set; }

    /// <summary>Requests on it now.</summary>
    public int InFlight { get; set; }

    /// <summary>Whether the node presents a key to it.</summary>
    public bool HasKey { get; set; }

    /// <summary>Where it is named: flag, env, file or api.</summary>
    public string Source { get; set; } = "";

    /// <summary>How long its last answer took, in ms.</summary>
    public double? LatencyMs { get; set; }

    /// <summary>What went wrong last.</summary>
    public string? LastError { get; set; }
}

/// <summary>The node's relay devices.</summary>
internal sealed class RelayListReply
{
    /// <summary>The devices.</summary>
    public IReadOnlyList<RelayReply> Relays { get; set; } = [];
}
