using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>What was paid and is reserved of the budgets of keys and of the account. Safe for use from many threads.</summary>
public sealed class BudgetBook
{
    /// <summary>Most budgets; those not used longest are read from the store again when they are.</summary>
    public const int MaxBudgets = 4096;

    private static readonly ReceiptState[] Paid = [ReceiptState.Countersigned, ReceiptState.Acknowledged, ReceiptState.Waiting, ReceiptState.Posted];

    private readonly BookContext _context;
    private readonly Lock _lock;
    private readonly Func<string?, long> _reserved;
    private readonly Dictionary<(string? Key, BudgetPeriod Period), Spent> _spent = [];

    /// <param name="context">What all books share.</param>
    /// <param name="guard">The lock of the book that reserves.</param>
    /// <param name="reserved">Micro-credits reserved for a key's orders, or for all with null; called under the lock.</param>
    internal BudgetBook(BookContext context, Lock guard, Func<string?, long> reserved)
    {
        _context = context;
        _lock = guard;
        _reserved = reserved;
    }

    /// <summary>Budgets whose sums are held in memory.</summary>
    internal int Count
    {
        get
        {
            lock (_lock) return _spent.Count;
        }
    }

    /// <summary>Micro-credits paid and reserved in the period that is now; reads the store where it has to.</summary>
    /// <param name="key">The key, by name; null for all that the account pays.</param>
    /// <param name="period">Over what time.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<long> SpentAsync(string? key, BudgetPeriod period, CancellationToken cancellation = default)
    {
        DateTimeOffset start = new Budget(0, period).StartOf(_context.Now);
        lock (_lock)
        {
            if (_spent.TryGetValue((key, period), out Spent? known) && known.Start == start) return known.Amount;
        }

        IReadOnlyList<ReceiptSum> sums = await _context.Store.SumAsync(new ReceiptQuery { Side = ReceiptSide.Paid, States = Paid, KeyName = key, From = start }, cancellation);
        lock (_lock)
        {
            // Whoever read at the same moment and was first may have reserved since.
            if (_spent.TryGetValue((key, period), out Spent? known) && known.Start == start) return known.Amount;
            if (_spent.Count >= MaxBudgets) _spent.Remove(_spent.Keys.First());
            long amount = sums.Aggregate(_reserved(key), (sum, one) => MicroCredits.Add(sum, one.Amount));
            _spent[(key, period)] = new Spent(start) { Amount = amount };
            return amount;
        }
    }

    /// <summary>Reserves of both budgets, or of neither. Each must have been asked for with <see cref="SpentAsync"/>.</summary>
    /// <returns>The budget that does not allow it; null where it is reserved.</returns>
    internal (string? Key, Budget Budget)? TryReserve(OrderRequest request, long amount, DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach ((string? key, Budget budget) in Of(request.KeyName, request.AccountBudget, request.KeyBudget))
            {
                if (!_spent.TryGetValue((key, budget.Period), out Spent? spent)) throw new InvalidOperationException("What was spent of a budget must be read before an order is opened.");

                // A period that has just begun has nothing in it.
                if (spent.Start != budget.StartOf(now)) _spent[(key, budget.Period)] = spent = new Spent(budget.StartOf(now));
                if (MicroCredits.Add(spent.Amount, amount) > budget.Amount) return (key, budget);
            }

            Add(request.KeyName, now, amount);
            return null;
        }
    }

    /// <summary>Changes what is spent: by what a reservation turned out to be less, or by what was paid without one.</summary>
    /// <param name="key">The key of the order; null for none.</param>
    /// <param name="at">When it was reserved: periods that began later are not touched.</param>
    /// <param name="change">Micro-credits.</param>
    internal void Change(string? key, DateTimeOffset at, long change)
    {
        lock (_lock) Add(key, at, change);
    }

    private static IEnumerable<(string? Key, Budget Budget)> Of(string? key, Budget? account, Budget? ofKey)
    {
        if (account is not null) yield return (null, account);
        if (ofKey is not null && key is not null) yield return (key, ofKey);
    }

    private void Add(string? key, DateTimeOffset at, long change)
    {
        foreach (BudgetPeriod period in Enum.GetValues<BudgetPeriod>())
        {
            Add((null, period), at, change);
            if (key is not null) Add((key, period), at, change);
        }
    }

    private void Add((string? Key, BudgetPeriod Period) budget, DateTimeOffset at, long change)
    {
        if (_spent.TryGetValue(budget, out Spent? spent) && spent.Start == new Budget(0, budget.Period).StartOf(at)) spent.Amount = MicroCredits.Add(spent.Amount, change);
    }

    private sealed class Spent(DateTimeOffset start)
    {
        public DateTimeOffset Start { get; } = start;

        public long Amount { get; set; }
    }
}
