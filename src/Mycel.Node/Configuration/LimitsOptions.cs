namespace Mycel.Node.Configuration;

/// <summary>Limits on callers. A request is charged against all of them or none.</summary>
public sealed record LimitsOptions
{
    /// <summary>For each key that has no limits of its own.</summary>
    public LimitOptions PerKey { get; init; } = new();

    /// <summary>For all callers together.</summary>
    public LimitOptions Total { get; init; } = new();
}
