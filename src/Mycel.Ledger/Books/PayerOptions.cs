namespace Mycel.Ledger.Books;

/// <summary>Bounds of a <see cref="PayerBook"/>.</summary>
public sealed class PayerOptions
{
    /// <summary>Orders remembered at once: those under way, and those that broke off and whose receipt may still come. Default 16,384, at least 1.</summary>
    public int MaxOrders { get; init; } = 16_384;

    /// <summary>How long after its expiry the receipt of an order that broke off is still paid. Default 7 days.</summary>
    public TimeSpan ClaimTime { get; init; } = TimeSpan.FromDays(7);
}
