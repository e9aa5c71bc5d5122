using Mycel.Ledger.Storage;
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

    /// <summary>Receipts by side and state, as they were a moment ago.</summary>
    public IReadOnlyList<(ReceiptSide Side, ReceiptState State, long Count)> Receipts { get; private set; } = [];

    /// <summary>Looks anew how far receipts have come.</summary>
    public async Task RefreshAsync(CreditBooks books, CancellationToken cancellation)
    {
        var sums = await books.Store.SumAsync(new ReceiptQuery(), cancellation);
        Receipts = [.. sums.GroupBy(sum => (sum.Side, sum.State)).Select(group => (group.Key.Side, group.Key.State, group.Sum(sum => sum.Count)))];
    }

    /// <summary>Micro-credits that others have countersigned.</summary>
    public StripedCounter Earned { get; } = new();
}
