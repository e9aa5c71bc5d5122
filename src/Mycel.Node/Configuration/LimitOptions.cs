namespace Mycel.Node.Configuration;

/// <summary>One scope's limits.</summary>
public sealed record LimitOptions
{
    /// <summary>Requests running or waiting at once; 0 is no limit. 0–1,000,000, default 0.</summary>
    public int Concurrent { get; init; }

    /// <summary>Requests in a time, such as <c>10/30s</c>, <c>600/m</c>, <c>1000/h</c>; empty is no limit. Default none.</summary>
    public RateLimit? Rate { get; init; }
}
