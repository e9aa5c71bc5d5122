namespace Mycel.Node.Configuration;

/// <summary>How this node takes part in the table of peers (a DHT), which the members of public networks share.</summary>
public sealed record PeerTableOptions
{
    /// <summary>Take part, once the node belongs to a public network. Default true. Needs a restart.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>UDP port, at the address of <c>links.host</c>; 0 takes any free one. Where the default is taken by another program, any free one is taken. 0–65535, default 8422. Needs a restart.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>The default of <see cref="Port"/>.</summary>
    public const int DefaultPort = 8422;
}
