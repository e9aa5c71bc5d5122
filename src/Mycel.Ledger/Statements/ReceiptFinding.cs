namespace Mycel.Ledger.Statements;

/// <summary>A part of a settled receipt that holds or does not by itself.</summary>
public enum ReceiptPart
{
    /// <summary>The order: signed by the payer's device.</summary>
    Order,

    /// <summary>Both device certificates: issued by the two accounts, and valid at the time of the work.</summary>
    Devices,

    /// <summary>The receipt: signed by the provider's device, for this order and within its time; its amount is its tokens at the order's prices, and no more than was ordered.</summary>
    Receipt,

    /// <summary>The countersignature: signed by the payer's device, for this receipt, with an amount that is its tokens at the order's prices.</summary>
    Countersignature,
}

/// <summary>What a check of one part found.</summary>
/// <param name="Part">The part.</param>
/// <param name="IsThere">Whether there is such a part yet.</param>
/// <param name="Problem">What does not hold, for people; null for nothing.</param>
public sealed record ReceiptFinding(ReceiptPart Part, bool IsThere, string? Problem);
