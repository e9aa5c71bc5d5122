namespace Mycel.Node.Configuration;

/// <summary>How this node is linked with others.</summary>
public sealed record LinkOptions
{
    /// <summary>Address to listen on for links (QUIC over UDP), once the node belongs to a network or hears another of its account. <c>::</c> serves IPv6 and IPv4. Default <c>::</c>. Needs a restart.</summary>
    public string Host { get; init; } = "::";

    /// <summary>UDP port; 0 takes any free one. Where the default is taken by another program, any free one is taken. 0–65535, default 8421. Needs a restart.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>The default of <see cref="Port"/>.</summary>
    public const int DefaultPort = 8421;

    /// <summary>What carries links: <c>auto</c>, <c>ngtcp2</c>, <c>msquic</c>, or <c>none</c> (tunnels only). Default <c>auto</c>. Needs a restart.</summary>
    public string Provider { get; init; } = "auto";

    /// <summary>Further addresses at which others reach this node: <c>host:port</c>, or <c>https://host</c> of its HTTP interface. Told to others before those that the node finds itself.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Links at once. 1–1024, default 128.</summary>
    public int MaxLinks { get; init; } = 128;

    /// <summary>Carry streams between two members that cannot reach each other; they stay sealed. Default true.</summary>
    public bool Relay { get; init; } = true;
}
