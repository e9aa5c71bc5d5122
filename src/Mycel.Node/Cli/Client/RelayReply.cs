namespace Mycel.Node.Cli.Client;

/// <summary>A relay device as the node describes it.</summary>
internal sealed class RelayReply
{
    /// <summary>Base address.</summary>
    public string Url { get; init; } = "";

    /// <summary>Short name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether it answers.</summary>
    public bool Online { get; init; }

    /// <summary>Whether it generates.</summary>
    public bool Healthy { get; init; } = true;

    /// <summary>Ids of its models.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Requests on it at once.</summary>
    public int MaxConcurrent { get; init; }

    /// <summary>Requests on it now.</summary>
    public int InFlight { get; init; }

    /// <summary>Whether the node presents a key to it.</summary>
    public bool HasKey { get; init; }

    /// <summary>Where it is named: flag, env, file or api.</summary>
    public string Source { get; init; } = "";

    /// <summary>How long its last answer took, in ms.</summary>
    public double? LatencyMs { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? LastError { get; init; }
}

/// <summary>The node's relay devices.</summary>
internal sealed class RelayListReply
{
    /// <summary>The devices.</summary>
    public IReadOnlyList<RelayReply> Relays { get; init; } = [];
}
