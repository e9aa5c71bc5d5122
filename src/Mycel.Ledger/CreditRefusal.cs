namespace Mycel.Ledger;

/// <summary>Why something is not done for lack of credit, or is not paid.</summary>
/// <param name="Status">As HTTP has it, 400 to 599.</param>
/// <param name="Code">For programs; one of <see cref="CreditCodes"/>.</param>
/// <param name="Message">For people: what is wrong and what to do.</param>
public sealed record CreditRefusal(int Status, string Code, string Message)
{
    /// <summary>Whether another provider may be asked the same: false where the payer's own books or budget refuse.</summary>
    public bool MayTryOthers { get; init; } = true;
}

/// <summary>Codes of <see cref="CreditRefusal"/>.</summary>
public static class CreditCodes
{
    /// <summary>402: the model has a price, and the request came without an order.</summary>
    public const string PaymentRequired = "payment_required";

    /// <summary>402: the account's balance and line do not allow it.</summary>
    public const string InsufficientCredit = "insufficient_credit";

    /// <summary>402: the provider lends this account no more before it has settled.</summary>
    public const string CreditExhausted = "credit_exhausted";

    /// <summary>402: the budget of a key or of the account is used up.</summary>
    public const string BudgetExceeded = "budget_exceeded";

    /// <summary>402: the order does not cover what the request may cost.</summary>
    public const string OrderTooSmall = "order_too_small";

    /// <summary>409: the order's prices are below the provider's.</summary>
    public const string PriceChanged = "price_changed";

    /// <summary>409: the order is over, from the future, or for an earlier run of the provider.</summary>
    public const string OrderExpired = "order_expired";

    /// <summary>409: the order was used before.</summary>
    public const string OrderReplayed = "order_replayed";

    /// <summary>400: the order, the receipt or a signature is damaged or does not fit.</summary>
    public const string OrderInvalid = "order_invalid";

    /// <summary>403: fraud of the account is proved.</summary>
    public const string AccountRefused = "account_refused";

    /// <summary>403: the account is not a member of the network, or its device may not do this.</summary>
    public const string NotAllowed = "not_allowed";

    /// <summary>503: the books have no room for more at the moment.</summary>
    public const string BooksFull = "books_full";

    /// <summary>429: too much came at once; to be sent again later.</summary>
    public const string Busy = "busy";

    /// <summary>422: a receipt is not paid: it does not fit what the payer ordered and received.</summary>
    public const string ReceiptRefused = "receipt_refused";

    /// <summary>425: the payer still has this request under way.</summary>
    public const string NotYet = "not_yet";
}
