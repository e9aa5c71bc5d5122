using Mycel.Identity;

namespace Mycel.Ledger.Books;

/// <summary>What a provider says when it does not take an order.</summary>
internal static class ProviderRules
{
    public static CreditRefusal Invalid(StatementException reason) => new(400, CreditCodes.OrderInvalid, reason.Message);

    public static CreditRefusal Mismatch(string what) => new(400, CreditCodes.OrderInvalid, $"The order does not fit the request: {what}.");

    public static CreditRefusal NoMember { get; } = new(403, CreditCodes.NotAllowed, "The account is not a member of the network in which it wants to pay.");

    public static CreditRefusal MayNotAsk { get; } = new(403, CreditCodes.NotAllowed, "The device was not given the role to send requests by its account.");

    public static CreditRefusal Fraud { get; } = new(403, CreditCodes.AccountRefused, "Fraud of the account is proved; it is not served any more.");

    public static CreditRefusal OtherRun { get; } = new(
        409, CreditCodes.OrderExpired, "The order is for an earlier run of this node, which has started anew since. Greet it and order again.");

    public static CreditRefusal Time { get; } = new(
        409, CreditCodes.OrderExpired, "The order is over, too old, or from the future. Check the clocks of both machines and order again.");

    public static CreditRefusal Replayed { get; } = new(409, CreditCodes.OrderReplayed, "This order was used before. Order anew for each request.");

    public static CreditRefusal Full { get; } = new(503, CreditCodes.BooksFull, "This node keeps the books of as many orders as it can. Try again in a while, or ask another.");

    public static CreditRefusal TooManyUnsettled { get; } = new(
        402, CreditCodes.CreditExhausted, "Too many receipts of this account are not settled yet. They are settled by themselves as soon as both nodes, and the network's clearing node, reach each other.");

    public static CreditRefusal NoPrice { get; } = new(409, CreditCodes.PriceChanged, "The model has no price here at the moment. Try again shortly, or ask another.");

    public static CreditRefusal PriceChanged(Prices now) => new(
        409,
        CreditCodes.PriceChanged,
        $"The price has changed: it is {MicroCredits.Format(now.Prompt)} credits for a million tokens read and {MicroCredits.Format(now.Completion)} for a million written. Order again.");

    public static CreditRefusal TooSmall(long needed, long offered) => new(
        402,
        CreditCodes.OrderTooSmall,
        $"The request may cost {MicroCredits.Format(needed)} credits; its order allows {MicroCredits.Format(offered)}. Order more, or ask for fewer tokens (max_tokens).");

    public static CreditRefusal Exhausted(Exposure exposure, long most, long cap) => new(
        402,
        CreditCodes.CreditExhausted,
        $"This node lends an account at most {MicroCredits.Format(cap)} credits until it has settled; {MicroCredits.Format(exposure.Total)} are open, and this request may cost "
            + $"{MicroCredits.Format(most)}. What is open is settled by itself as soon as the nodes reach each other; until then ask for less, or ask another.");

    public static CreditRefusal Uncovered(Exposure exposure, long most, long allowed, bool isTab) => new(
        402,
        CreditCodes.InsufficientCredit,
        $"{(isTab ? "Without a fresh standing from the network's clearing node this account can have" : "By its standing this account can spend")} "
            + $"{MicroCredits.Format(allowed)} credits; {MicroCredits.Format(exposure.Total)} are open here, and this request may cost {MicroCredits.Format(most)}. "
            + "Earn credits by serving others, or ask for fewer tokens (max_tokens).");
}
