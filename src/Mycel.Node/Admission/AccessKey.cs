using Mycel.Node.Configuration;

namespace Mycel.Node.Admission;

/// <summary>What a key lets its bearer do.</summary>
public enum KeyScope
{
    /// <summary>Use the models.</summary>
    Inference,

    /// <summary>Read /metrics only.</summary>
    Metrics,

    /// <summary>Everything, the node's own settings included.</summary>
    Admin,
}

/// <summary>A key that callers present, without its secret: only a SHA-256 of that is kept.</summary>
public sealed class AccessKey
{
    /// <summary>Identifier, never used again after revocation, such as <c>k3</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The name its owner gave it.</summary>
    public required string Name { get; init; }

    /// <summary>What it may be used for.</summary>
    public required KeyScope Scope { get; init; }

    /// <summary>First characters of the secret, to recognise it by.</summary>
    public required string Prefix { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Requests at once, or null for the configured limit a key; 0 is no limit.</summary>
    public int? Concurrent { get; init; }

    /// <summary>Rate, or null for the configured limit a key.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>The most that its requests may spend at other accounts' nodes, or null for no bound of its own.</summary>
    public CreditBudget? Budget { get; init; }
}
