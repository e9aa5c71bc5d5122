using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;
using Mycel.Node.Networks;

namespace Mycel.Node.Settlement;

/// <summary>What a check of one network's books found.</summary>
/// <param name="Name">The network's name.</param>
/// <param name="IsLedger">Whether it is the network's whole ledger, or only this node's own receipts.</param>
/// <param name="Entries">Entries or receipts looked at.</param>
/// <param name="BadEntry">Number of the first bad entry; 0 for none.</param>
/// <param name="BadReceipt">Id of the first bad receipt; null for none.</param>
/// <param name="Problem">What is wrong; null for nothing.</param>
internal sealed record BookCheck(string Name, bool IsLedger, long Entries, long BadEntry, string? BadReceipt, string? Problem);

/// <summary>What a check of one receipt found.</summary>
/// <param name="Parts">Each part of what was signed; none where it cannot be read at all.</param>
/// <param name="BookProblem">How this node's book differs from it, or why it cannot be read; null for not at all.</param>
internal sealed record ReceiptCheck(IReadOnlyList<ReceiptFinding> Parts, string? BookProblem);

/// <summary>Re-checks every signature, chain and sum: the ledgers that this node keeps, and its own receipts.</summary>
internal sealed class LedgerCheck(CreditRoom room, NetworkRegistry networks, ClearingPlaces places)
{
    private const int PageSize = 500;
    private const string NotTheSame = "The book says something else than the receipt.";

    /// <summary>Checks everything.</summary>
    /// <exception cref="LedgerException">The database cannot be read.</exception>
    public async Task<IReadOnlyList<BookCheck>> RunAsync(CancellationToken cancellation)
    {
        var found = new List<BookCheck>();
        if (await room.ReadyAsync(cancellation) is not { } books) return found;
        foreach (var network in networks.Joined)
        {
            var id = network.Charter.Id;
            if (places.Keeps(id))
            {
                // A ledger is made with its first question.
                await books.Store.HeadAsync(id, cancellation);
                var ledger = await LedgerVerifier.VerifyAsync(books.Store, id, new LedgerAudit().Check, cancellation: cancellation);
                found.Add(new BookCheck(network.Charter.Name, true, ledger.Entries, ledger.BadEntry, null, ledger.Problem));
            }
            found.Add(await CheckReceiptsAsync(books, id, network.Charter.Name, cancellation));
        }
        return found;
    }

    /// <summary>Checks one receipt of this node, part by part, and that the book says the same; null where there is none.</summary>
    /// <exception cref="LedgerException">The database cannot be read.</exception>
    public async Task<ReceiptCheck?> OfReceiptAsync(OrderId id, CancellationToken cancellation)
    {
        if (await room.ReadyAsync(cancellation) is not { } books || await books.Store.FindReceiptAsync(id, cancellation) is not { } record) return null;
        try
        {
            var settled = SettledReceipt.Parse(record.Bytes.Span);
            return new ReceiptCheck(settled.Examine(), Agrees(record, settled) ? null : NotTheSame);
        }
        catch (StatementException damaged)
        {
            return new ReceiptCheck([], damaged.Message);
        }
    }

    private static async Task<BookCheck> CheckReceiptsAsync(CreditBooks books, NetworkId network, string name, CancellationToken cancellation)
    {
        var cache = new StatementCache();
        var query = new ReceiptQuery { Network = network, Limit = PageSize };
        var count = 0L;
        while (true)
        {
            var page = await books.Store.ReceiptsAsync(query, cancellation);
            foreach (var record in page)
            {
                count++;
                if (Problem(record, cache) is { } problem) return new BookCheck(name, false, count, 0, record.Id.ToString(), problem);
            }
            if (page.Count < PageSize) return new BookCheck(name, false, count, 0, null, null);
            query = query with { Before = page[^1].Id };
        }
    }

    /// <summary>Whether the book says the same as what was signed. Before there is a receipt only its id can be compared, and nothing is paid by one that was refused.</summary>
    private static bool Agrees(ReceiptRecord record, SettledReceipt settled)
    {
        var amount = settled.Countersignature?.Amount ?? settled.Receipt?.Amount;
        return settled.Id == record.Id && (record.State == ReceiptState.Refused || amount is null || amount == record.Amount);
    }

    private static string? Problem(ReceiptRecord record, StatementCache cache)
    {
        try
        {
            var settled = SettledReceipt.Parse(record.Bytes.Span);
            if (settled.Receipt is null)
            {
                settled.Order.Verify();
                return null;
            }
            if (settled.Countersignature is null) settled.VerifyClaim(cache);
            else settled.Verify(cache);
            return Agrees(record, settled) ? null : NotTheSame;
        }
        catch (StatementException invalid)
        {
            return invalid.Message;
        }
    }
}
