namespace Mycel.Node.Configuration;

/// <summary>How nodes of the own account are found on the local network.</summary>
public sealed record LanOptions
{
    /// <summary>
    /// Announce this node to the other devices of its account on the local network, and listen for theirs. Nobody else can read the announcements. Without
    /// effect where links are for this machine only. Default true.
    /// </summary>
    public bool Enabled { get; init; } = true;
}
