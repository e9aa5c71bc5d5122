namespace Mycel.Ledger.Storage;

/// <summary>What callers must keep to; checked before a call waits among others.</summary>
internal static class Checks
{
    private const int MaxModelLength = 256;
    private const int MaxTextLength = 1_024;

    public static ReceiptRecord Receipt(ReceiptRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentOutOfRangeException.ThrowIfNegative(record.PromptTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(record.CompletionTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(record.Amount);
        ArgumentOutOfRangeException.ThrowIfNegative(record.Claimed);
        if (record.Model is not { Length: >= 1 and <= MaxModelLength }) throw new ArgumentException($"A model's name has 1 to {MaxModelLength} characters.", nameof(record));
        if (record.KeyName is { Length: > MaxTextLength } || record.Reason is { Length: > MaxTextLength })
            throw new ArgumentException($"A key's name and a reason have at most {MaxTextLength} characters.", nameof(record));
        if (!Enum.IsDefined(record.State) || !Enum.IsDefined(record.Side)) throw new ArgumentException("A receipt needs a side and a state.", nameof(record));
        return record;
    }

    public static void Transfers(IReadOnlyList<Transfer> transfers, int limit)
    {
        ArgumentNullException.ThrowIfNull(transfers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(transfers.Count, limit);
        foreach (Transfer transfer in transfers)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(transfer.Amount);
            if (transfer.Payer == transfer.Provider) throw new ArgumentException($"Payer and provider of the order {transfer.Id} are one account.", nameof(transfers));
        }
    }
}
