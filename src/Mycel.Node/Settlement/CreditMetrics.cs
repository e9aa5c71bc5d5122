using Mycel.Node.Observability;

namespace Mycel.Node.Settlement;

/// <summary>What is counted of credit since the start.</summary>
internal sealed class CreditMetrics
{
    /// <summary>Micro-credits that were signed away.</summary>
    public StripedCounter Spent { get; } = new();

    /// <summary>Receipts that this node did not pay.</summary>
    public StripedCounter Disputed { get; } = new();

    /// <summary>Requests refused for lack of credit, before they were sent or served.</summary>
    public StripedCounter Refused { get; } = new();

    /// <summary>Receipts that were posted.</summary>
    public StripedCounter Posted { get; } = new();

    /// <summary>Micro-credits that others have countersigned.</summary>
    public StripedCounter Earned { get; } = new();
}
