using Microsoft.EntityFrameworkCore;
using Mycel.Identity;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Storage.Writing;

/// <summary>One network's ledger within a batch: what its transfers need to know, and the new ones.</summary>
internal sealed class LedgerPart(LedgerRow ledger)
{
    private readonly Dictionary<AccountId, (long Balance, long Sequence)> _accounts = [];
    private readonly Dictionary<OrderId, (long Number, byte[] Hash, byte[] Bytes)> _posted = [];
    private readonly HashSet<AccountId> _sequenced = [];
    private readonly List<TransferRow> _transfers = [];
    private readonly long _firstEntries = ledger.Entries;

    public LedgerHead Head => new(ledger.LedgerId, ledger.Entries, ledger.Head);

    public void LoadAccount(AccountRow row) => _accounts[row.Account] = (row.Balance, row.Sequence);

    public void LoadTransfer(OrderId id, long number, byte[] hash, byte[] bytes) => _posted[id] = (number, hash, bytes);

    /// <summary>Posts a transfer, or says why not.</summary>
    public PostingResult Post(Transfer transfer, Func<AccountId, bool> isRefused, DateTimeOffset now)
    {
        if (_posted.TryGetValue(transfer.Id, out (long Number, byte[] Hash, byte[] Bytes) existing))
        {
            return transfer.Bytes.Span.SequenceEqual(existing.Bytes)
                ? new PostingResult(PostingOutcome.Known, existing.Number, existing.Hash)
                : new PostingResult(PostingOutcome.Conflict, existing.Number, existing.Hash, existing.Bytes);
        }

        if (isRefused(transfer.Payer) || isRefused(transfer.Provider)) return new PostingResult(PostingOutcome.Refused);
        (long Balance, long Sequence) payer = _accounts.GetValueOrDefault(transfer.Payer);
        (long Balance, long Sequence) provider = _accounts.GetValueOrDefault(transfer.Provider);
        // Wide numbers: a line may be as large as the type, and no sum may turn over.
        if ((Int128)payer.Balance - transfer.Amount < -(Int128)transfer.PayerLine || (Int128)payer.Balance - transfer.Amount < long.MinValue
            || (Int128)provider.Balance + transfer.Amount > long.MaxValue)
            return new PostingResult(PostingOutcome.Waiting);

        byte[] bytes = transfer.Bytes.ToArray();
        ledger.Entries++;
        ledger.Head = Chain.Next(ledger.Head, ledger.Entries, transfer.Id, transfer.Payer, transfer.Provider, transfer.Amount, bytes, now);
        _transfers.Add(new TransferRow
        {
            Network = ledger.Network,
            Number = ledger.Entries,
            OrderId = transfer.Id,
            Payer = transfer.Payer,
            Provider = transfer.Provider,
            Amount = transfer.Amount,
            At = now,
            Bytes = bytes,
            Hash = ledger.Head,
        });
        _posted[transfer.Id] = (ledger.Entries, ledger.Head, bytes);
        _accounts[transfer.Payer] = payer with { Balance = payer.Balance - transfer.Amount };
        _accounts[transfer.Provider] = provider with { Balance = provider.Balance + transfer.Amount };
        return new PostingResult(PostingOutcome.Posted, ledger.Entries, ledger.Head);
    }

    /// <summary>The account with its next sequence: microseconds since 1970, or one more than the last.</summary>
    public AccountRecord TakeSequence(AccountId account, bool isRefused, DateTimeOffset now)
    {
        (long balance, long last) = _accounts.GetValueOrDefault(account);
        long next = Math.Max(last + 1, (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        _accounts[account] = (balance, next);
        _sequenced.Add(account);
        return new AccountRecord(account, balance, (ulong)next, isRefused);
    }

    /// <summary>Adds the new transfers to the context, to be saved with the rest of the batch.</summary>
    public void SaveTransfers(LedgerContext context) => context.Transfers.AddRange(_transfers);

    /// <summary>Writes the two postings of each new transfer, and what follows from them; the transfers are in the database already.</summary>
    public void SavePostings(LedgerContext context)
    {
        byte[] network = PeerIdConverter.ToBytes(ledger.Network.Hash);
        if (_transfers.Count > 0)
        {
            context.Database.ExecuteSql(
                $"""
                INSERT INTO postings (network, number, account, amount)
                SELECT network, number, payer, -amount FROM transfers WHERE network = {network} AND number > {_firstEntries}
                UNION ALL SELECT network, number, provider, amount FROM transfers WHERE network = {network} AND number > {_firstEntries}
                """);
            context.Database.ExecuteSql(
                $"""
                INSERT INTO accounts (network, account, balance, sequence)
                SELECT network, account, SUM(amount), 0 FROM postings WHERE network = {network} AND number > {_firstEntries} GROUP BY network, account
                ON CONFLICT (network, account) DO UPDATE SET balance = accounts.balance + excluded.balance
                """);
            context.Database.ExecuteSql($"UPDATE ledgers SET entries = {ledger.Entries}, head = {ledger.Head} WHERE network = {network}");
        }

        foreach (AccountId account in _sequenced)
        {
            context.Database.ExecuteSql(
                $"""
                INSERT INTO accounts (network, account, balance, sequence) VALUES ({network}, {PeerIdConverter.ToBytes(account.Hash)}, 0, {_accounts[account].Sequence})
                ON CONFLICT (network, account) DO UPDATE SET sequence = excluded.sequence
                """);
        }
    }
}
