using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>Checks the entries of a network's ledger as a clearing node does before it posts them, for <see cref="LedgerVerifier"/>. Safe for use from many threads.</summary>
public sealed class LedgerAudit
{
    private readonly StatementCache _cache = new();

    /// <summary>Checks one entry: all signatures, and that the entry moves what its settled receipt says (about 230 µs).</summary>
    /// <returns>What is wrong, for people; null where nothing is.</returns>
    public string? Check(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        try
        {
            SettledReceipt settled = SettledReceipt.Parse(entry.Bytes.Span);
            settled.Verify(_cache);
            Order order = settled.Order;
            if (order.Id != entry.Id) return "It is not the receipt that the entry names.";
            if (order.Network != entry.Network) return "Its receipt is of another network.";
            if (order.Payer != entry.Payer || order.Provider != entry.Provider) return "Its receipt is of other accounts.";
            return settled.Countersignature!.Amount == entry.Amount ? null : $"It moves {entry.Amount:N0} micro-credits, and its receipt says {settled.Countersignature.Amount:N0}.";
        }
        catch (StatementException invalid)
        {
            return invalid.Message;
        }
    }
}
