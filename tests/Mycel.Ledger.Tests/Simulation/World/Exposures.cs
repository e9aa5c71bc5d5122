using Mycel.Identity;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What each honest provider really risks with each account: orders under way, and work that is not paid for.</summary>
internal sealed class Exposures(SimWorld world)
{
    // A provider remembers what it lost for at least a day after it learned of it, which it is a little before it is on disk.
    private const long DisputeMicroseconds = ((24L * 3600) - 60) * 1_000_000;

    private readonly Dictionary<(int Provider, AccountId Payer), long> _owed = [];
    private readonly Dictionary<(int Provider, AccountId Payer), List<(long At, long Amount)>> _disputes = [];

    /// <summary>Micro-credits that a provider risks with an account now.</summary>
    public long Of(SimNode provider, AccountId payer)
    {
        long sum = _owed.GetValueOrDefault((provider.Number, payer));
        if (!_disputes.TryGetValue((provider.Number, payer), out List<(long At, long Amount)>? disputes)) return sum;
        long from = world.Scheduler.NowMicroseconds - DisputeMicroseconds;
        return sum + disputes.Where(dispute => dispute.At > from).Sum(dispute => dispute.Amount);
    }

    /// <summary>An honest provider took an order on.</summary>
    /// <exception cref="SimFailure">It risks more than its cap.</exception>
    public void Accepted(SimOrder order)
    {
        Add(order, order.MaxAmount);
        order.Risk = order.MaxAmount;
        long owed = Of(order.Provider, order.Payer.Account.Id);
        if (owed > world.Setting.Cap) throw new SimFailure($"Node {order.Provider.Number} risks {owed} with one account; its cap is {world.Setting.Cap}.");
    }

    /// <summary>Its work is over.</summary>
    public void Finished(SimOrder order, long claimed)
    {
        order.Claimed = claimed;
        Change(order, claimed);
    }

    /// <summary>The provider has it on disk what it is paid of what it claimed; less where the payer agreed to less, nothing where it was refused.</summary>
    public void Settled(SimOrder order, long agreed)
    {
        if (order.Claimed is null || order.Risk <= agreed) return;
        if (!_disputes.TryGetValue((order.Provider.Number, order.Payer.Account.Id), out List<(long At, long Amount)>? disputes))
            _disputes[(order.Provider.Number, order.Payer.Account.Id)] = disputes = [];
        disputes.Add((world.Scheduler.NowMicroseconds, order.Risk - agreed));
        Change(order, agreed);
    }

    /// <summary>It was paid.</summary>
    public void Posted(SimOrder order) => Change(order, 0);

    /// <summary>What a dead provider had only in its memory is nobody's debt any more: that loss is its own.</summary>
    public void Died(SimNode node, IEnumerable<SimOrder> orders)
    {
        foreach (SimOrder order in orders.Where(order => order.Provider == node && order.Risk != 0 && !order.IsKept))
            Change(order, 0);
    }

    /// <summary>What is not in the older copy of a provider's database is forgotten too.</summary>
    public void RolledBack(SimNode node, IEnumerable<SimOrder> orders)
    {
        foreach (SimOrder order in orders.Where(order => order.Provider == node && order.IsKept))
        {
            if (node.Database.Store.FindReceiptAsync(order.Id).Result is not null) continue;
            order.IsKept = order.IsAcknowledged = false;
            Change(order, 0);
        }
    }

    private void Change(SimOrder order, long risk)
    {
        if (!order.Provider.IsHonest) return;
        Add(order, risk - order.Risk);
        order.Risk = risk;
    }

    private void Add(SimOrder order, long amount)
    {
        (int, AccountId) key = (order.Provider.Number, order.Payer.Account.Id);
        _owed[key] = _owed.GetValueOrDefault(key) + amount;
    }
}
