using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Mycel.Identity;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Storage.Writing;

/// <summary>The rows that one transaction reads, changes in memory in the order of its operations, and writes at once.</summary>
internal sealed class Batch(LedgerDatabase database, LedgerContext context, PeerId book, DateTimeOffset now)
{
    /// <summary>Keys in one question.</summary>
    private const int MaxKeys = 512;

    private readonly Dictionary<NetworkId, LedgerPart> _ledgers = [];

    public LedgerContext Context => context;

    /// <summary>Whose receipts, standings and observations.</summary>
    public PeerId Book => book;

    /// <summary>The moment of everything in this batch; whole milliseconds, as it is kept.</summary>
    public DateTimeOffset Now { get; } = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());

    /// <summary>The moment to the microsecond, for sequences.</summary>
    public DateTimeOffset Moment => now;

    public RowSet<OrderId, ReceiptRow> Receipts { get; } = new();

    public RowSet<(NetworkId Network, AccountId Account), StandingRow> Standings { get; } = new();

    public RowSet<(NetworkId Network, AccountId Account), ProofRow> Proofs { get; } = new();

    public RowSet<PeerId, ReputationRow> Reputations { get; } = new();

    /// <summary>A ledger of which some operation of the batch said that it needs it.</summary>
    public LedgerPart Ledger(NetworkId network) => _ledgers[network];

    public bool IsRefused(NetworkId network, AccountId account) => Proofs.Find((network, account)) is not null;

    public void Load(BatchKeys keys)
    {
        foreach (NetworkId network in keys.Ledgers.Values)
            _ledgers.Add(network, new LedgerPart(database.LockLedger(context, network) ?? AddLedger(network)));
        foreach ((NetworkId network, AccountId[] accounts) in ByNetwork(keys.Accounts))
        {
            foreach (AccountRow row in context.Accounts.Where(row => row.Network == network && accounts.Contains(row.Account)))
                _ledgers[network].LoadAccount(row);
        }

        foreach ((NetworkId network, OrderId[] ids) in ByNetwork(keys.Transfers))
        {
            foreach (var row in context.Transfers.Where(row => row.Network == network && ids.Contains(row.OrderId)).Select(static row => new { row.OrderId, row.Number, row.Hash, row.Bytes }))
                _ledgers[network].LoadTransfer(row.OrderId, row.Number, row.Hash, row.Bytes);
        }

        foreach (OrderId[] ids in keys.Receipts.Chunk(MaxKeys))
            Receipts.Load(context.Receipts.Where(row => row.Book == book && ids.Contains(row.Id)), static row => row.Id);
        foreach ((NetworkId network, AccountId[] accounts) in ByNetwork(keys.Standings))
            Standings.Load(context.Standings.Where(row => row.Book == book && row.Network == network && accounts.Contains(row.Account)), static row => (row.Network, row.Account));
        foreach ((NetworkId network, AccountId[] accounts) in ByNetwork(keys.Proofs))
            Proofs.Load(context.Proofs.Where(row => row.Network == network && accounts.Contains(row.Account)), static row => (row.Network, row.Account));
        foreach (PeerId[] devices in keys.Reputations.Chunk(MaxKeys))
            Reputations.Load(context.Reputations.Where(row => row.Book == book && devices.Contains(row.Device)), static row => row.Device);
    }

    public void Save()
    {
        Receipts.Save(context.Receipts);
        Standings.Save(context.Standings);
        Proofs.Save(context.Proofs);
        Reputations.Save(context.Reputations);
        foreach (LedgerPart ledger in _ledgers.Values)
            ledger.SaveTransfers(context);
        context.SaveChanges();
        foreach (LedgerPart ledger in _ledgers.Values)
            ledger.SavePostings(context);
    }

    /// <summary>Makes a network's ledger; another program may be doing the same.</summary>
    private LedgerRow AddLedger(NetworkId network)
    {
        byte[] id = RandomNumberGenerator.GetBytes(16), head = Chain.Start();
        context.Database.ExecuteSql(
            $"INSERT INTO ledgers (network, ledger_id, entries, head) VALUES ({PeerIdConverter.ToBytes(network.Hash)}, {id}, 0, {head}) ON CONFLICT (network) DO NOTHING");
        return database.LockLedger(context, network) ?? throw new LedgerException($"The ledger of the network {network} was deleted from {database.Name}.");
    }

    private static IEnumerable<(NetworkId Network, TKey[] Keys)> ByNetwork<TKey>(IEnumerable<(NetworkId Network, TKey Key)> keys)
        => keys.GroupBy(static each => each.Network, static each => each.Key)
            .SelectMany(static group => group.Chunk(MaxKeys).Select(chunk => (group.Key, chunk)));
}
