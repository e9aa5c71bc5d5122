using System.Linq.Expressions;
using Mycel.Identity;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>Between rows and what the store's callers know.</summary>
internal static class RecordRows
{
    public static readonly Expression<Func<ReceiptRow, ReceiptRecord>> ToRecord = static row => new ReceiptRecord
    {
        Id = row.Id,
        Network = row.Network,
        Side = row.Side,
        State = row.State,
        Account = row.Account,
        Device = row.Device,
        Model = row.Model,
        PromptTokens = row.PromptTokens,
        CompletionTokens = row.CompletionTokens,
        Amount = row.Amount,
        Claimed = row.Claimed,
        KeyName = row.KeyName,
        At = row.At,
        DisputedAt = row.DisputedAt,
        Entry = row.Entry,
        Reason = row.Reason,
        Bytes = row.Bytes,
    };

    public static ReceiptRow ToRow(ReceiptRecord record, PeerId book) => new()
    {
        Book = book,
        Id = record.Id,
        Network = record.Network,
        Side = record.Side,
        State = record.State,
        Account = record.Account,
        Device = record.Device,
        Model = record.Model,
        PromptTokens = record.PromptTokens,
        CompletionTokens = record.CompletionTokens,
        Amount = record.Amount,
        Claimed = record.Claimed,
        KeyName = record.KeyName,
        At = record.At,
        DisputedAt = record.DisputedAt,
        Entry = record.Entry,
        Reason = record.Reason,
        Bytes = record.Bytes.ToArray(),
    };
}
