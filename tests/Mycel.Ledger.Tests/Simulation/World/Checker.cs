using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>
/// Knows what every order really was, and checks after each event what must always hold: sums of 0, lines, one posting an order, nothing paid that
/// was not agreed to, caps, and nothing lost that was acknowledged.
/// </summary>
internal sealed class Checker(SimWorld world) : IStoreWatch
{
    private readonly Dictionary<OrderId, SimOrder> _orders = [];
    private readonly Exposures _exposures = new(world);
    private readonly HashSet<int> _backedUp = [];
    private bool _isLedgerChanged;

    /// <summary>The network's ledger as it must be.</summary>
    public LedgerModel Ledger { get; } = new();

    /// <summary>When the ledger was last set back to an older copy; null for never.</summary>
    public DateTimeOffset? LedgerSetBack { get; private set; }

    /// <summary>What providers risk.</summary>
    public Exposures Exposures => _exposures;

    public IReadOnlyDictionary<OrderId, SimOrder> Orders => _orders;

    /// <summary>An order was signed. The cheats' second ones under an id are not noted.</summary>
    public void Opened(SimOrder order)
    {
        world.Count("orders");
        _orders.TryAdd(order.Id, order);
    }

    /// <summary>The order, or null where it is none that the world knows.</summary>
    public SimOrder? Find(OrderId id) => _orders.GetValueOrDefault(id);

    public void Written(int node, LedgerWrite write)
    {
        if (write is not LedgerWrite.Receipt(ReceiptRecord record) || Find(record.Id) is not { } order) return;
        if (record is { Side: ReceiptSide.Paid, State: ReceiptState.Receipted } && order.Payer.Number == node && record.Amount <= order.Bound) order.IsBoundKept = true;
        if (record.Side == ReceiptSide.Paid && order.Payer.Number == node && order.Payer.IsHonest && record.State is not (ReceiptState.Receipted or ReceiptState.Refused))
            Agree(order, record.Amount);
        if (record.Side != ReceiptSide.Earned || order.Provider.Number != node || !order.Provider.IsHonest) return;
        order.IsKept = true;
        if (record.State is ReceiptState.Countersigned or ReceiptState.Refused) _exposures.Settled(order, record.Amount);
    }

    public void Posted(int node, IReadOnlyList<Transfer> transfers, IReadOnlyList<PostingResult> results)
    {
        for (int at = 0; at < transfers.Count; at++)
        {
            Transfer transfer = transfers[at];
            long line = world.TermsOf(transfer.Payer)?.CreditLine ?? throw new SimFailure("A stranger pays.");
            Ledger.Post(transfer, results[at], line);
            world.Count("postings " + results[at].Outcome);
            if (results[at].Outcome != PostingOutcome.Posted) continue;
            _isLedgerChanged = true;
            SimOrder? order = Find(transfer.Id);
            SimAccount payer = world.Accounts.First(account => account.Id == transfer.Payer);
            if (payer.IsHonest && (order is null || order.Agreed != transfer.Amount))
                throw new SimFailure($"Order {transfer.Id} takes {transfer.Amount} from an honest payer that agreed to {order?.Agreed?.ToString() ?? "nothing"}.");
            if (order is null) continue;
            order.Posted = transfer.Amount;
            _exposures.Posted(order);
        }
    }

    /// <summary>A provider took an order on.</summary>
    /// <returns>What the order really is.</returns>
    /// <exception cref="SimFailure">It is none that was signed for it, it took it on before, or it risks too much.</exception>
    public SimOrder Accepted(Order signed, SimNode provider)
    {
        if (Find(signed.Id) is not { } order) throw new SimFailure($"Node {provider.Number} took on an order that nobody signed.");
        if (!provider.IsHonest) return order;
        if (order.Provider != provider) throw new SimFailure($"Node {provider.Number} took on an order that was meant for node {order.Provider.Number}.");
        if (order.IsTaken) throw new SimFailure($"Node {provider.Number} took on order {order.Id} twice.");
        if (!provider.Honours(signed.Prices)) throw new SimFailure($"Node {provider.Number} took on an order below its price.");
        order.IsTaken = true;
        _exposures.Accepted(order);
        return order;
    }

    /// <summary>A provider's work on an order is over.</summary>
    public void Finished(SimOrder order, long claimed)
    {
        if (order.Provider.IsHonest) _exposures.Finished(order, claimed);
    }

    /// <summary>A provider says that it has a countersignature for certain.</summary>
    public void Acknowledged(OrderId id, SimNode provider)
    {
        if (Find(id) is not { } order || order.Provider != provider || !provider.IsHonest) return;
        order.IsAcknowledged = true;
        MustHave(order);
    }

    /// <summary>A node's memory is gone, and what it had not committed.</summary>
    public void Died(SimNode node)
    {
        _exposures.Died(node, _orders.Values);
        foreach (SimOrder order in _orders.Values.Where(order => order.Payer == node && !order.IsBoundKept))
            order.Bound = long.MaxValue;
    }

    /// <summary>A copy of a node's database is kept.</summary>
    public void BackedUp(SimNode node)
    {
        if (node.Clears) node = world.Nodes[0];
        node.Database.Backup();
        _backedUp.Add(node.Number);
        if (node.Clears) Ledger.Backup();
    }

    /// <summary>A dead node gets its old copy. Who shares the database with it has to die as well.</summary>
    /// <returns>Whether there was a copy.</returns>
    public bool RollBack(SimNode node)
    {
        if (node.Clears) node = world.Nodes[0];
        if (!_backedUp.Contains(node.Number)) return false;
        foreach (SimNode sharing in world.Nodes.Where(one => one == node || (node.Clears && one.Clears)))
        {
            if (sharing.IsAlive) world.Scheduler.After(5_000_000, sharing.Start);
            sharing.Kill();
            sharing.WasRolledBack = true;
        }

        node.Database.Restore();
        if (node.Clears) Ledger.Restore();
        if (node.Clears) LedgerSetBack = new SimClock(world.Scheduler, TimeSpan.Zero).GetUtcNow();
        world.Note("roll back", node.Number);
        _exposures.RolledBack(node, _orders.Values);
        foreach (SimOrder order in _orders.Values.Where(order => order.Payer.WasRolledBack))
            order.Bound = long.MaxValue;
        return true;
    }

    /// <summary>A node has read its database: what it acknowledged must be in it.</summary>
    public void Restored(SimNode node)
    {
        if (!node.IsHonest || node.WasRolledBack) return;
        foreach (SimOrder order in _orders.Values.Where(order => order.Provider == node && order.IsAcknowledged && order.Posted is null))
            MustHave(order);
    }

    /// <summary>After every event.</summary>
    public void AfterStep()
    {
        if (!_isLedgerChanged) return;
        _isLedgerChanged = false;

        // The whole comparison reads each account: after every posting with the database in memory, now and then with the real one.
        if (!world.Plan.IsSlow || Ledger.Entries % 16 == 0) Ledger.Compare(world.Nodes[0].Database.Store, world.NetworkId);
    }

    /// <summary>Says what is not settled yet; null where all is.</summary>
    public string? StillOpen() => new EndCheck(world).StillOpen();

    /// <summary>All books agree.</summary>
    /// <exception cref="SimFailure">They do not.</exception>
    public void CheckEnd() => new EndCheck(world).Check();

    private static void Agree(SimOrder order, long amount)
    {
        if (order.Agreed is { } before && before != amount && !order.Payer.WasRolledBack)
            throw new SimFailure($"An honest payer agreed to {before} and to {amount} for order {order.Id}.");
        order.Agreed = amount;
        if (amount > order.MaxAmount) throw new SimFailure($"An honest payer agreed to {amount} for order {order.Id}, above its maximum of {order.MaxAmount}.");
        if (amount > order.Bound) throw new SimFailure($"An honest payer agreed to {amount} for order {order.Id}, and got at most {order.Bound} worth.");
    }

    private static void MustHave(SimOrder order)
    {
        ReceiptRecord? record = order.Provider.Database.Store.FindReceiptAsync(order.Id).Result;
        if (record is null || record.State < ReceiptState.Countersigned)
            throw new SimFailure($"Order {order.Id} was acknowledged, and its provider has {record?.State.ToString() ?? "nothing"} of it.");
    }
}
