using Mycel.Ledger.Storage;
using Mycel.Node.Observability;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api;

/// <summary>What <c>/metrics</c> tells of credit.</summary>
internal static class CreditFigures
{
    /// <summary>Writes them; amounts in credits.</summary>
    public static void Write(PrometheusText text, CreditMetrics metrics)
    {
        text.Metric("mycel_credits_earned_total", "counter", "Credits that others have agreed to pay since the start.").Sample("mycel_credits_earned_total", metrics.Earned.Value / 1e6);
        text.Metric("mycel_credits_spent_total", "counter", "Credits that this node has agreed to pay since the start.").Sample("mycel_credits_spent_total", metrics.Spent.Value / 1e6);
        text.Metric("mycel_credit_refusals_total", "counter", "Requests refused for want of credit, sent or received.").Sample("mycel_credit_refusals_total", metrics.Refused.Value);
        text.Metric("mycel_receipts_disputed_total", "counter", "Receipts that this node did not pay.").Sample("mycel_receipts_disputed_total", metrics.Disputed.Value);
        text.Metric("mycel_receipts", "gauge", "Receipts by side and how far they have come.");
        foreach (var (side, state, count) in metrics.Receipts)
            text.Sample("mycel_receipts", count, ("side", side.ToString().ToLowerInvariant()), ("state", state.ToString().ToLowerInvariant()));
        var waiting = metrics.Receipts.Where(receipts => receipts.State is not (ReceiptState.Posted or ReceiptState.Refused)).Sum(receipts => receipts.Count);
        text.Metric("mycel_outbox", "gauge", "Receipts that are still to be signed, handed over or posted.").Sample("mycel_outbox", waiting);
    }
}
