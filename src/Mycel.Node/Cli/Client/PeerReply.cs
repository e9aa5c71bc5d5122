namespace Mycel.Node.Cli.Client;

/// <summary>Another node as the node describes it.</summary>
internal sealed record PeerReply
{
    /// <summary>Its peer id.</summary>
    public string Id { get; init; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether it is of the same account.</summary>
    public bool Own { get; init; }

    /// <summary>Whether it is the node that was asked; in the list of a fleet.</summary>
    public bool This { get; init; }

    /// <summary>Names of the networks in common.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];

    /// <summary>Whether it is linked now.</summary>
    public bool Linked { get; init; }

    /// <summary>quic, tunnel or relay.</summary>
    public string? Carrier { get; init; }

    /// <summary>Where it is.</summary>
    public string? Address { get; init; }

    /// <summary>in or out.</summary>
    public string? Direction { get; init; }

    /// <summary>How long there and back takes, in ms.</summary>
    public double? RoundTripMs { get; init; }

    /// <summary>Models that it offers.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Requests at once.</summary>
    public int Slots { get; init; }

    /// <summary>How many more it takes now.</summary>
    public int FreeSlots { get; init; }

    /// <summary>Version of its program.</summary>
    public string? Version { get; init; }

    /// <summary>When it was last linked.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>Why it is not linked.</summary>
    public string? LastError { get; init; }
}

/// <summary>The nodes that a node knows.</summary>
internal sealed class PeerListReply
{
    /// <summary>The nodes.</summary>
    public IReadOnlyList<PeerReply> Peers { get; set; } = [];
}

/// <summary>The nodes of an account.</summary>
internal sealed class FleetListReply
{
    /// <summary>The nodes, the one that was asked first.</summary>
    public IReadOnlyList<PeerReply> Nodes { get; set; } = [];
}
