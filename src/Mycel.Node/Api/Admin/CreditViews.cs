using System.Text.Json.Serialization;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;
using Mycel.Node.Networks;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Admin;

/// <summary>What this account has and owes; amounts in micro-credits.</summary>
/// <param name="Sentence">What that means, in plain words.</param>
/// <param name="Networks">Each network.</param>
internal sealed record CreditReply(string Sentence, IReadOnlyList<NetworkCreditReply> Networks)
{
    /// <summary>The reply for what the books say.</summary>
    public static CreditReply Of(IReadOnlyList<NetworkCredit> all) => new(CreditReport.SentenceOf(all), [.. all.Select(NetworkCreditReply.Of)]);
}

/// <summary>One network; see <see cref="NetworkCredit"/>.</summary>
internal sealed record NetworkCreditReply(
    string Id, string Name, string Sentence, long Balance, long Line, long Available, long Reserved, long Earned, long Used, long EarnedPending, long UsedPending, bool Refused,
    DateTimeOffset? StandingAt, bool ClearsHere, bool LedgerReached, IReadOnlyList<CreditTabReply> Tabs)
{
    public static NetworkCreditReply Of(NetworkCredit credit) => new(
        credit.Network.ToString(), credit.Name, credit.Sentence, credit.Balance, credit.Line, credit.Available, credit.Reserved, credit.Earned, credit.Used, credit.EarnedPending, credit.UsedPending,
        credit.IsRefused, credit.StandingAt, credit.ClearsHere, credit.IsLedgerReached,
        [.. credit.Tabs.Select(tab => new CreditTabReply(tab.Account.ToString(), tab.Names, tab.Earned, tab.Used, tab.EarnedPending, tab.UsedPending))]);
}

/// <summary>What there is with one other account; see <see cref="CreditTab"/>.</summary>
internal sealed record CreditTabReply(string Account, IReadOnlyList<string> Names, long Earned, long Used, long EarnedPending, long UsedPending);

/// <summary>A receipt; amounts in micro-credits.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Network">The network's id.</param>
/// <param name="Side"><c>paid</c> or <c>earned</c>.</param>
/// <param name="State"><c>receipted</c>, <c>countersigned</c>, <c>acknowledged</c>, <c>waiting</c>, <c>posted</c> or <c>refused</c>.</param>
/// <param name="Account">The other account.</param>
/// <param name="Peer">The other device.</param>
/// <param name="Name">Its name, where it is known.</param>
/// <param name="Model">The model.</param>
/// <param name="PromptTokens">Tokens read.</param>
/// <param name="CompletionTokens">Tokens written.</param>
/// <param name="Amount">What both agreed on, or what is claimed.</param>
/// <param name="Claimed">What the provider claims.</param>
/// <param name="Key">The API key, of what was paid; null for none.</param>
/// <param name="At">When the provider signed.</param>
/// <param name="Entry">Number in the network's ledger; null while it is not posted.</param>
/// <param name="Reason">Why it waits or was refused.</param>
internal sealed record ReceiptReply(
    string Id, string Network, string Side, string State, string Account, string Peer, string? Name, string Model, long PromptTokens, long CompletionTokens, long Amount, long Claimed, string? Key,
    DateTimeOffset At, long? Entry, string? Reason)
{
    /// <summary>What was ordered; only where one receipt is asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReceiptOrderReply? Order { get; init; }

    /// <summary>The signed bytes, in Base64; only where one receipt is asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Signed { get; init; }

    public static ReceiptReply Of(ReceiptRecord record, IPeerBook peers) => new(
        record.Id.ToString(), record.Network.ToString(), record.Side.ToString().ToLowerInvariant(), record.State.ToString().ToLowerInvariant(), record.Account.ToString(), record.Device.ToString(),
        peers.Find(record.Device)?.Name, record.Model, record.PromptTokens, record.CompletionTokens, record.Amount, record.Claimed, record.KeyName, record.At, record.Entry, record.Reason);
}

/// <summary>An order, and what was made of it.</summary>
internal sealed record ReceiptOrderReply(
    string Payer, string PayerDevice, string Provider, string ProviderDevice, long PromptPrice, long CompletionPrice, long MaxAmount, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, string? FinishReason)
{
    public static ReceiptOrderReply Of(SettledReceipt settled)
    {
        var order = settled.Order;
        return new ReceiptOrderReply(
            order.Payer.ToString(), order.PayerDevice.ToString(), order.Provider.ToString(), order.ProviderDevice.ToString(), order.Prices.Prompt, order.Prices.Completion, order.MaxAmount,
            order.IssuedAt, order.ExpiresAt, settled.Receipt?.FinishReason);
    }
}

/// <summary>Receipts, the latest first.</summary>
/// <param name="Receipts">As many as were asked for at most.</param>
/// <param name="Next">For <c>before</c>, to get those after them; null where there are no more.</param>
internal sealed record ReceiptListReply(IReadOnlyList<ReceiptReply> Receipts, string? Next);

/// <summary>What a check of the books found.</summary>
/// <param name="Whole">Whether everything is in order.</param>
/// <param name="Books">Each book that was checked.</param>
internal sealed record LedgerCheckReply(bool Whole, IReadOnlyList<BookCheckReply> Books);

/// <summary>One book; see <see cref="BookCheck"/>.</summary>
internal sealed record BookCheckReply(string Network, string Book, long Entries, long? BadEntry, string? BadReceipt, string? Problem);

/// <summary>What a check of one receipt found.</summary>
/// <param name="Holds">Whether nothing is wrong with it.</param>
/// <param name="Settled">Whether, besides, both sides have signed.</param>
/// <param name="Checks">Each thing that was checked.</param>
internal sealed record ReceiptCheckReply(bool Holds, bool Settled, IReadOnlyList<ReceiptPartReply> Checks)
{
    public static ReceiptCheckReply Of(ReceiptCheck check) => new(
        check.BookProblem is null && check.Parts.All(part => part.Problem is null),
        check.Parts.Count > 0 && check.Parts.All(part => part.IsThere),
        [
            .. check.Parts.Select(part => new ReceiptPartReply(part.Part.ToString().ToLowerInvariant(), part.Problem is not null ? "wrong" : part.IsThere ? "holds" : "missing", part.Problem)),
            new ReceiptPartReply("book", check.BookProblem is null ? "holds" : "wrong", check.BookProblem),
        ]);
}

/// <summary>One thing that was checked.</summary>
/// <param name="Check"><c>order</c>, <c>devices</c>, <c>receipt</c>, <c>countersignature</c> or <c>book</c>.</param>
/// <param name="Result"><c>holds</c>, <c>wrong</c>, or <c>missing</c>: there is no such part yet.</param>
/// <param name="Problem">What is wrong; null for nothing.</param>
internal sealed record ReceiptPartReply(string Check, string Result, string? Problem);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CreditReply))]
[JsonSerializable(typeof(ReceiptReply))]
[JsonSerializable(typeof(ReceiptListReply))]
[JsonSerializable(typeof(LedgerCheckReply))]
[JsonSerializable(typeof(ReceiptCheckReply))]
internal sealed partial class CreditJson : JsonSerializerContext;
