namespace Mycel.Node.Cli.Client;

/// <summary>Another node as the node describes it.</summary>
internal sealed class PeerReply
{
    /// <summary>Its peer id.</summary>
    public string Id { get; set; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it is of the same account.</summary>
    public bool Own { get; set; }

    /// <summary>Whether it is the node that was asked; in the list of a fleet.</summary>
    public bool This { get; set; }

    /// <summary>Names of the networks in common.</summary>
    public IReadOnlyList<string> Networks { get; set; } = [];

    /// <summary>Whether it is linked now.</summary>
    public bool Linked { get; set; }

    /// <summary>quic, tunnel or relay.</summary>
    public string? Carrier { get; set; }

    /// <summary>Where it is.</summary>
    public string? Address { get; set; }

    /// <summary>in or out.</summary>
    public string? Direction { get; set; }

    /// <summary>How long there and back takes, in ms.</summary>
    public double? RoundTripMs { get; set; }

    /// <summary>Models that it offers.</summary>
    public IReadOnlyList<string> Models { get; set; } = [];

    /// <summary>Requests at once.</summary>
    public int Slots { get; set; }

    /// <summary>How many more it takes now.</summary>
    public int FreeSlots { get; set; }

    /// <summary>Version of its program.</summary>
    public string? Version { get; set; }

    /// <summary>When it was last linked.</summary>
    public DateTimeOffset? LastSeen { get; set; }

    /// <summary>Why it is not linked.</summary>
    public string? LastError { get; set; }
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
