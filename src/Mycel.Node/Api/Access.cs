using Mycel.Node.Admission;

namespace Mycel.Node.Api;

/// <summary>Who may use an endpoint. One that says nothing is for admins only.</summary>
/// <param name="Scope">What a key must be good for, or null where none is needed.</param>
internal sealed record Access(KeyScope? Scope)
{
    public static Access Everyone { get; } = new((KeyScope?)null);

    public static Access Models { get; } = new(KeyScope.Inference);

    public static Access Metrics { get; } = new(KeyScope.Metrics);

    public static Access Admin { get; } = new(KeyScope.Admin);
}

/// <summary>Marks endpoints that run where the sockets are served, because they never block; all others leave that thread first.</summary>
internal sealed class NeverBlocks
{
    public static NeverBlocks Instance { get; } = new();
}
