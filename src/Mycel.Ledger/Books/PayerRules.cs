using Mycel.Identity;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Books;

/// <summary>What a payer agrees to pay, and what it says when it does not.</summary>
internal static class PayerRules
{
    // One event of a stream has a few tokens at most; a short answer may come in one.
    private const long TokensPerEvent = 4;
    private const long TokensBesides = 16;

    /// <summary>
    /// The tokens of a receipt that the payer pays: the fewest of what is claimed, what the answer's usage says, and what can have been in what was sent
    /// and came. A whole answer must be the very bytes of the receipt.
    /// </summary>
    /// <returns>Null where nothing is paid because the answer is not the receipt's.</returns>
    public static (long Prompt, long Completion)? Recount(Receipt receipt, RequestBounds? bounds, Observed? observed)
    {
        long prompt = receipt.PromptTokens;
        long completion = Math.Min(receipt.CompletionTokens, receipt.ReplyBytes);
        if (bounds is not null)
        {
            prompt = Math.Min(prompt, bounds.PromptTokens);
            completion = Math.Min(completion, bounds.CompletionTokens);
        }

        if (observed is null) return (prompt, completion);
        if (observed.IsWhole && (observed.ReplyBytes != receipt.ReplyBytes || !observed.ReplyHash.Span.SequenceEqual(receipt.ReplyHash))) return null;
        if (observed.ReplyBytes <= 0) return (0, 0);
        completion = Math.Min(completion, observed.ReplyBytes);
        if (observed.PromptTokens is >= 0 and var read) prompt = Math.Min(prompt, read);
        if (observed.CompletionTokens is >= 0 and var written) completion = Math.Min(completion, written);
        if (observed.OutputEvents is >= 0 and var events) completion = Math.Min(completion, (long)Int128.Min(((Int128)events * TokensPerEvent) + TokensBesides, long.MaxValue));
        return (prompt, completion);
    }

    /// <summary>The most tokens that can be paid for, by what came of the answer; null where it is not over.</summary>
    public static (long Prompt, long Completion) MostTokens(RequestBounds bounds, Observed? observed)
    {
        long prompt = Math.Min(bounds.PromptTokens, Prices.MaxTokens), completion = Math.Min(bounds.CompletionTokens, Prices.MaxTokens);
        if (observed is null) return (prompt, completion);
        if (observed.ReplyBytes <= 0) return (0, 0);
        completion = Math.Min(completion, observed.ReplyBytes);
        if (observed.OutputEvents is >= 0 and var events) completion = Math.Min(completion, (long)Int128.Min(((Int128)events * TokensPerEvent) + TokensBesides, long.MaxValue));
        return (prompt, completion);
    }

    /// <summary>What so many tokens cost at most.</summary>
    public static long MostFor(Order order, (long Prompt, long Completion) tokens) => Math.Min(order.MaxAmount, order.Prices.AmountFor(tokens.Prompt, tokens.Completion));

    public static CreditRefusal Insufficient(long available, long needed) => new(
        402,
        CreditCodes.InsufficientCredit,
        $"This request may cost {MicroCredits.Format(needed)} credits, and {MicroCredits.Format(Math.Max(0, available))} can be spent. "
            + "Serve others to earn credits, ask for fewer tokens (max_tokens), or choose a cheaper or a free model.");

    public static CreditRefusal OverBudget(string? key, Budget budget) => new(
        402,
        CreditCodes.BudgetExceeded,
        $"The budget of {(key is null ? "this account" : $"the key \"{key}\"")}, {budget} credits, does not allow this request. "
            + "Ask for fewer tokens (max_tokens), wait for the next period, or have the budget raised.")
    { MayTryOthers = false };

    public static CreditRefusal Full { get; } = new(
        503, CreditCodes.BooksFull, "More orders are under way than this node keeps books of. Try again in a moment.")
    { MayTryOthers = false };

    public static CreditRefusal FraudulentProvider { get; } = new(
        403, CreditCodes.AccountRefused, "Fraud of the account that offers this model is proved; nothing is ordered from it.");

    public static CreditRefusal OwnFraud { get; } = new(
        403, CreditCodes.AccountRefused, "The network's ledger has a proof of fraud of this account and takes nothing more from it. Ask whoever runs the network.");

    public static CreditRefusal NotOurs { get; } = new(
        403, CreditCodes.NotAllowed, "The receipt is of an order of another device, or its order was not signed by this one.");

    public static CreditRefusal UnderWay { get; } = new(425, CreditCodes.NotYet, "The answer to this order is still under way here. Ask again in a moment.");

    public static CreditRefusal Unknown { get; } = new(
        422, CreditCodes.ReceiptRefused, "The payer knows of no answer to this order: it was refused, or nothing came of it, or the receipt comes too late.");

    public static CreditRefusal OtherBytes { get; } = new(
        422, CreditCodes.ReceiptRefused, "The receipt is of another answer than the one that came: its hash or length differs.");

    public static CreditRefusal SecondReceipt { get; } = new(
        403, CreditCodes.AccountRefused, "There is another receipt of this order: the provider has signed two, which proves its fraud.");

    public static CreditRefusal NoOrder(StatementException reason) => new(400, CreditCodes.OrderInvalid, $"Nothing can be ordered from this provider. {reason.Message}");

    public static CreditRefusal Invalid(StatementException reason) => new(422, CreditCodes.ReceiptRefused, reason.Message);
}
