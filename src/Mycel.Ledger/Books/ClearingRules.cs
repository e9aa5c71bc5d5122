namespace Mycel.Ledger.Books;

/// <summary>What a clearing node says when it does not post.</summary>
internal static class ClearingRules
{
    public const string Fraud = "Fraud of the payer or the provider is proved: the network's ledger takes nothing more of it.";

    public const string Conflict = "Another receipt of this order is posted: one of the two sides has signed two things, which proves its fraud.";

    public const string LineReached = "The payer owes as much as it may. The receipt is posted as soon as the payer has earned enough; it is sent again by itself.";

    public const string UnknownPayer = "The clearing node knows no valid membership of the payer. The receipt is sent again by itself.";

    public const string UnknownProvider = "The clearing node knows no valid membership of the provider. The receipt is sent again by itself.";

    public const string Revoked = "The payer's device was cast out by its account.";

    public const string Future = "By the clearing node's clock the receipt is from the future. It is sent again by itself. If it waits for long, check the clocks of all three nodes.";

    public const string Free = "Both prices of the order are 0: of such work nothing is signed.";

    public const string TooManyEntries = "The payer has as many new entries in the ledger within this hour as the clearing node takes. The receipt is sent again by itself.";

    public const string WentBack = "The network's ledger was set back to an earlier state. The receipt is sent again by itself.";

    public static CreditRefusal NoMember { get; } = new(403, CreditCodes.NotAllowed, "Only members of the network may clear here.");

    public static CreditRefusal Busy { get; } = new(
        429, CreditCodes.Busy, "Too much was submitted within this minute that cannot be posted. Submit the rest later.");

    public static CreditRefusal TooMany(int count) => new(
        400, CreditCodes.OrderInvalid, $"{count} receipts in one submission; {ClearingBook.MaxReceipts} are the most. Submit them in parts.");
}
