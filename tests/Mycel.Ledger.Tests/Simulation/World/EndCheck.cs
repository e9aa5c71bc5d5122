using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What must be so when everything has come to rest: every finished order of honest nodes is posted or waits for a reason, and all books agree.</summary>
internal sealed class EndCheck(SimWorld world)
{
    private static readonly ReceiptState[] OnTheWay = [ReceiptState.Receipted, ReceiptState.Countersigned, ReceiptState.Acknowledged];

    // Clocks of two nodes differ by less.
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(10);

    private IEnumerable<SimNode> Honest => world.Nodes.Where(node => node.IsHonest);

    /// <summary>Something that is still on its way; null where nothing is.</summary>
    public string? StillOpen()
    {
        // Nobody believes a clearing node that was convicted: nothing more comes to rest.
        if (world.Setting.ClearingEquivocates) return null;
        foreach (SimNode node in Honest)
        {
            if (node.Memory is not { IsReady: true } memory) return $"node {node.Number} is not up";
            if (memory.Store.Waiting > 0) return $"node {node.Number} is writing";
            if (world.Checker.LedgerSetBack is { } setBack && !(memory.Standings.Own(world.NetworkId)?.IssuedAt > setBack + Skew)) return $"node {node.Number} has not heard since the ledger was set back";
            foreach (ReceiptRecord record in Records(node, OnTheWay))
            {
                if (IsSettledEnough(node, record)) continue;
                return $"node {node.Number} has receipt {record.Id}, {record.Side} {record.State}: {record.Reason} ({world.Checker.Find(record.Id)})";
            }
        }

        return null;
    }

    /// <summary>Compares all books.</summary>
    /// <exception cref="SimFailure">They do not agree.</exception>
    public void Check()
    {
        SimDatabase ledger = world.Nodes[0].Database;
        world.Checker.Ledger.Compare(ledger.Store, world.NetworkId);
        if (ledger.Verify(world.NetworkId) is { } verification)
        {
            if (verification.Problem is { } problem) throw new SimFailure($"The ledger is not whole: {problem}");
            world.Count("ledger entries verified", verification.Entries);
        }

        CheckConvictions();
        if (world.Setting.ClearingEquivocates) return;
        foreach (SimOrder order in world.Checker.Orders.Values)
            CheckOrder(order);
        foreach (SimNode node in Honest)
            CheckBooks(node);
    }

    // A cheat at the other end may never sign.
    private bool IsSettledEnough(SimNode node, ReceiptRecord record)
    {
        SimNode? other = world.Nodes.FirstOrDefault(one => one.Device.Id == record.Device);
        if (other is { IsHonest: false } && record.State == ReceiptState.Receipted) return true;

        // What an older copy says of a receipt that has gone its way since, nobody tells its node any more: it counts with its order's time.
        if (node.WasRolledBack && world.Checker.Find(record.Id)?.Posted is not null) return true;

        // A payer's note of an answer whose receipt its provider lost with its memory, or never made, is let go with time.
        return record.Side == ReceiptSide.Paid && record.State == ReceiptState.Receipted && world.Checker.Find(record.Id) is { } order && (order.Claimed is null or 0 || !order.IsKept);
    }

    private void CheckOrder(SimOrder order)
    {
        ReceiptRecord? paid = order.Payer.Database.Store.FindReceiptAsync(order.Id).Result;
        ReceiptRecord? earned = order.Provider.Database.Store.FindReceiptAsync(order.Id).Result;
        bool isPosted = world.Checker.Ledger.Transfers.TryGetValue(order.Id, out (long Entry, long Amount) posted);
        if (order.Provider.IsHonest && earned is null && order.IsAcknowledged) throw new SimFailure($"The provider acknowledged order {order.Id} and has nothing of it.");
        CheckSide(order, "payer", order.Payer, paid, isPosted, posted);
        CheckSide(order, "provider", order.Provider, earned, isPosted, posted);
        if (isPosted && order.Payer.IsHonest && !order.Payer.WasRolledBack)
        {
            if (order.Agreed != posted.Amount) throw new SimFailure($"The ledger took {posted.Amount} for order {order.Id}; its payer agreed to {order.Agreed}.");
            if (paid is null) throw new SimFailure($"The ledger took {posted.Amount} for order {order.Id}, of which its payer knows nothing.");
        }

        if (!order.Payer.IsHonest || !order.Provider.IsHonest || order.Claimed is null or 0) return;
        world.Count(isPosted ? order.Agreed < order.Claimed ? "honest: paid in part" : "honest: paid in full" : $"honest: {earned?.State.ToString() ?? "forgotten"}");
    }

    // What a book that lost nothing says must be what the ledger says.
    private void CheckSide(SimOrder order, string side, SimNode node, ReceiptRecord? record, bool isPosted, (long Entry, long Amount) posted)
    {
        if (!node.IsHonest || node.WasRolledBack || record is null) return;
        if (!isPosted && record.State == ReceiptState.Posted && record is not { Amount: 0, Entry: null }) throw new SimFailure($"Order {order.Id} is posted in its {side}'s book and not in the ledger: {Show(record)}; {order}.");

        // A payer that signed less for the ledger than for the provider, or nothing for the provider: the loss is within its cap.
        if (side == "provider" && !order.Payer.IsHonest && record.State is (ReceiptState.Refused or ReceiptState.Receipted)) return;
        // A payer that went back to an old copy knows nothing of what it signed and handed in before, and says so to its provider.
        if (side == "provider" && order.Payer.WasRolledBack && record.State == ReceiptState.Refused) return;

        if (isPosted && (record.State != ReceiptState.Posted || record.Amount != posted.Amount || record.Entry != posted.Entry))
            throw new SimFailure($"Order {order.Id} is {posted.Amount} in entry {posted.Entry} of the ledger, and {Show(record)} in its {side}'s book; {order}.");
    }

    // A proof is against a cheat, or against someone who went back to an old copy and signed again.
    private void CheckConvictions()
    {
        foreach (SimAccount account in world.Accounts)
        {
            bool isConvicted = world.Nodes.Any(node => node.Memory is { } memory && memory.IsRefused(account.Id));
            if (!isConvicted) continue;
            world.Count("accounts convicted");
            if (account.IsHonest && !world.Nodes.Any(node => node.Account == account && node.WasRolledBack)) throw new SimFailure($"Account {account.Number} is honest and convicted of fraud.");
        }
    }

    private void CheckBooks(SimNode node)
    {
        NodeMemory memory = node.Memory!;
        if (memory.Standings.Own(world.NetworkId) is not { } own || own.Entries != world.Checker.Ledger.Entries) return;
        if (own.Balance != world.Checker.Ledger.BalanceOf(node.Account.Id)) throw new SimFailure($"Node {node.Number} was told a balance of {own.Balance} instead of {world.Checker.Ledger.BalanceOf(node.Account.Id)}.");
        long waiting = Records(node, [ReceiptState.Countersigned, ReceiptState.Acknowledged, ReceiptState.Waiting]).Where(one => one.Side == ReceiptSide.Paid).Sum(one => one.Amount);
        long expected = own.Balance + own.Line - waiting - memory.Payer.Reserved(world.NetworkId);
        long available = memory.Payer.Available(world.NetworkId);
        if (available != expected) throw new SimFailure($"Node {node.Number} can spend {available} by its book, and {expected} by the ledger: owed {memory.Payer.Owed(world.NetworkId)}, waiting {waiting}, reserved {memory.Payer.Reserved(world.NetworkId)}.");
        world.Count("standings compared");
    }

    private static string Show(ReceiptRecord? record) => record is null ? "nowhere" : $"{record.Amount} {record.State} {record.Entry}{(record.Reason is null ? "" : $" ({record.Reason})")}";

    private static IReadOnlyList<ReceiptRecord> Records(SimNode node, IReadOnlyList<ReceiptState> states)
        => node.Database.Store.ReceiptsAsync(new ReceiptQuery { States = states, Limit = 1000 }).Result;
}
