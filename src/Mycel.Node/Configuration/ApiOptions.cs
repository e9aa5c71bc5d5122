namespace Mycel.Node.Configuration;

/// <summary>The HTTP interface of the node.</summary>
public sealed record ApiOptions
{
    /// <summary>Address to listen on: an IP address, or <c>localhost</c>. Default 127.0.0.1. Anything but loopback needs a key,
    /// or <see cref="Open"/>. Needs a restart.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port, 0–65535; 0 takes any free one. Default 8420. Needs a restart.</summary>
    public int Port { get; init; } = 8420;

    /// <summary>Serve without keys beyond loopback: anyone who reaches the port may use the models. Default false. Needs a restart.</summary>
    public bool Open { get; init; }

    /// <summary>Further names the node may be called by in the Host header, beside IP addresses, localhost and this machine's name.
    /// <c>*</c> accepts every name. Default none.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Web origins, as <c>https://host[:port]</c>, whose pages may call the API. <c>*</c> accepts every origin. Default none but
    /// the node's own.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Addresses or networks (CIDR) of reverse proxies whose X-Forwarded-For is believed. Default none.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Largest request body, in MB (2^20 bytes). 1–1024, default 64.</summary>
    public int MaxBodyMegabytes { get; init; } = 64;

    /// <summary>Memory for request bodies being handled at once, in MB (2^20 bytes). 64–65536, default 512.
    /// A request that would go over it is refused with 503.</summary>
    public int BodyMemoryMegabytes { get; init; } = 512;

    /// <summary>Open connections at once. 1–1,000,000, default 10,000. Needs a restart.</summary>
    public int MaxConnections { get; init; } = 10_000;
}
