using Mycel.Identity;

namespace Mycel.Ledger.Storage.Writing;

/// <summary>The rows that the operations of a batch need.</summary>
internal sealed class BatchKeys
{
    /// <summary>Ledgers, which are locked in this order, so that two writers never wait for each other.</summary>
    public SortedDictionary<string, NetworkId> Ledgers { get; } = new(StringComparer.Ordinal);

    public HashSet<(NetworkId Network, AccountId Account)> Accounts { get; } = [];

    public HashSet<(NetworkId Network, OrderId Id)> Transfers { get; } = [];

    public HashSet<OrderId> Receipts { get; } = [];

    public HashSet<(NetworkId Network, AccountId Account)> Standings { get; } = [];

    /// <summary>Accounts whose fraud may be proved.</summary>
    public HashSet<(NetworkId Network, AccountId Account)> Proofs { get; } = [];

    public HashSet<PeerId> Reputations { get; } = [];

    public void AddLedger(NetworkId network) => Ledgers[network.ToString()] = network;

    public void AddAccount(NetworkId network, AccountId account)
    {
        Accounts.Add((network, account));
        Proofs.Add((network, account));
    }
}
