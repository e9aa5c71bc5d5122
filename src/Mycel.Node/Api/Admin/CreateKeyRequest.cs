namespace Mycel.Node.Api.Admin;

/// <summary>Asks for a new key.</summary>
internal sealed record CreateKeyRequest
{
    /// <summary>Who uses it; unlike the name of any other key.</summary>
    public required string Name { get; init; }

    /// <summary>inference (the default), metrics or admin.</summary>
    public string? Scope { get; init; }

    /// <summary>Requests at once; 0 is no limit, null the configured limit a key.</summary>
    public int? Concurrent { get; init; }

    /// <summary>Rate such as <c>10/m</c>; null is the configured limit a key.</summary>
    public string? Rate { get; init; }

    /// <summary>Credits that it may spend, such as <c>5/month</c>; null is no bound.</summary>
    public string? Budget { get; init; }
}
