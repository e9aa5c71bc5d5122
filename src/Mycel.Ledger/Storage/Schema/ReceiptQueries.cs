using Microsoft.EntityFrameworkCore;
using Mycel.Identity;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>Questions about the receipts of one book.</summary>
internal static class ReceiptQueries
{
    /// <summary>Receipts, the latest first.</summary>
    /// <exception cref="LedgerException">There is no receipt before which the list should go on.</exception>
    public static async Task<IReadOnlyList<ReceiptRecord>> ListAsync(LedgerContext context, PeerId book, ReceiptQuery query, CancellationToken cancellation)
    {
        IQueryable<ReceiptRow> rows = context.Receipts;
        if (query.Before is { } before)
        {
            DateTimeOffset?[] moments = await rows.Where(row => row.Book == book && row.Id == before).Select(static row => (DateTimeOffset?)row.At).ToArrayAsync(cancellation);
            if (moments is not [{ } at]) throw new LedgerException($"There is no receipt {before}.");
            rows = context.Receipts.FromSql($"SELECT * FROM receipts WHERE (at, id) < ({at.ToUnixTimeMilliseconds()}, {before.ToBytes()})");
        }

        return await Latest(rows, book, query).ToListAsync(cancellation);
    }

    /// <summary>The same, still to be asked.</summary>
    public static IQueryable<ReceiptRecord> Latest(IQueryable<ReceiptRow> rows, PeerId book, ReceiptQuery query)
        => Choose(rows, book, query).OrderByDescending(static row => row.At).ThenByDescending(static row => row.Id).Take(query.Limit).Select(RecordRows.ToRecord);

    /// <summary>Sums of everything that fits, whatever the limit.</summary>
    public static async Task<IReadOnlyList<ReceiptSum>> SumAsync(LedgerContext context, PeerId book, ReceiptQuery query, CancellationToken cancellation)
        => await Choose(context.Receipts, book, query)
            .GroupBy(static row => new { row.Network, row.Side, row.State, row.Account })
            .Select(static group => new ReceiptSum(
                group.Key.Network, group.Key.Side, group.Key.State, group.Key.Account, group.LongCount(), group.Sum(static row => row.Amount)))
            .ToListAsync(cancellation);

    private static IQueryable<ReceiptRow> Choose(IQueryable<ReceiptRow> rows, PeerId book, ReceiptQuery query)
    {
        rows = rows.Where(row => row.Book == book);
        if (query.Network is { } network) rows = rows.Where(row => row.Network == network);
        if (query.Side is { } side) rows = rows.Where(row => row.Side == side);
        if (query.States is { } states)
        {
            rows = rows.Where(row => states.Contains(row.State));
            // In the words of the index of those, or the databases would read all receipts from the latest on.
            if (states.All(static state => state < ReceiptState.Posted)) rows = rows.Where(static row => row.State < ReceiptState.Posted);
        }

        if (query.Account is { } account) rows = rows.Where(row => row.Account == account);
        if (query.Device is { } device) rows = rows.Where(row => row.Device == device);
        if (query.KeyName is { } key) rows = rows.Where(row => row.KeyName == key);
        if (query.DisputedFrom is { } disputed) rows = rows.Where(row => row.DisputedAt >= disputed);
        if (query.From is { } from) rows = rows.Where(row => row.At >= from);
        return rows;
    }
}
