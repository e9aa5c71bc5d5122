using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>
/// What this node orders from others and pays. It reserves the most that a request can cost before the request is sent, signs what came of it once, and
/// has it on disk before anybody sees the signature. Safe for use from many threads.
/// </summary>
public sealed partial class PayerBook
{
    private static readonly ReceiptState[] Unposted = [ReceiptState.Countersigned, ReceiptState.Acknowledged, ReceiptState.Waiting];

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly BookContext _context;
    private readonly FraudBook _fraud;
    private readonly Standings _standings;
    private readonly PayerOptions _options;
    private readonly Lock _lock = new();
    private readonly Dictionary<OrderId, OpenOrder> _orders = [];
    private readonly Dictionary<NetworkId, Purse> _purses = [];
    private DateTimeOffset _nextSweep;

    /// <summary>Opens the book; <see cref="RestoreAsync"/> reads what is kept of it.</summary>
    /// <param name="context">What all books share.</param>
    /// <param name="fraud">Accounts whose fraud is proved.</param>
    /// <param name="standings">The own standings.</param>
    /// <param name="options">Bounds; null for the defaults.</param>
    public PayerBook(BookContext context, FraudBook fraud, Standings standings, PayerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
        _fraud = fraud;
        _standings = standings;
        _options = options ?? new PayerOptions();
        Budgets = new BudgetBook(context, _lock, ReservedOf);
    }

    /// <summary>What was paid of budgets.</summary>
    public BudgetBook Budgets { get; }

    /// <summary>A receipt was countersigned here, and that is on disk: the micro-credits paid. Once for each receipt; what handles it must be quick.</summary>
    public event Action<long>? Spent;

    /// <summary>Orders under way, and those whose receipt may still come.</summary>
    public int Orders
    {
        get
        {
            lock (_lock) return _orders.Count;
        }
    }

    /// <summary>What can be ordered in a network, in micro-credits: balance and line, less what is signed but not in the balance yet, less what is reserved.</summary>
    public long Available(NetworkId network)
    {
        lock (_lock) return AvailableIn(network);
    }

    /// <summary>What is reserved for orders under way in a network, in micro-credits.</summary>
    public long Reserved(NetworkId network)
    {
        lock (_lock) return _purses.GetValueOrDefault(network)?.Reserved ?? 0;
    }

    /// <summary>What is signed but not in the balance of the standing yet, in micro-credits.</summary>
    public long Owed(NetworkId network)
    {
        lock (_lock) return _purses.GetValueOrDefault(network)?.Owed ?? 0;
    }

    /// <summary>Reads what is signed but not posted, and which answers had begun; once, at the start of the node, before anything is ordered.</summary>
    public async Task RestoreAsync(CancellationToken cancellation = default)
    {
        IReadOnlyList<ReceiptSum> sums = await _context.Store.SumAsync(new ReceiptQuery { Side = ReceiptSide.Paid, States = Unposted }, cancellation);
        lock (_lock)
        {
            foreach (ReceiptSum sum in sums) PurseOf(sum.Network).Owed = MicroCredits.Add(PurseOf(sum.Network).Owed, sum.Amount);
        }

        var query = new ReceiptQuery { Side = ReceiptSide.Paid, States = [ReceiptState.Receipted], Limit = 1000 };
        for (bool hasMore = true; hasMore;)
        {
            IReadOnlyList<ReceiptRecord> page = await _context.Store.ReceiptsAsync(query, cancellation);
            foreach (ReceiptRecord record in page) RestoreOrder(record);
            hasMore = page.Count == query.Limit;
            if (hasMore) query = query with { Before = page[^1].Id };
        }
    }

    /// <summary>Orders, where something is to be paid: reserves the most it can cost, and signs. Reads from the store what was spent of a budget, once.</summary>
    /// <returns>The order, or why not; neither where nothing is paid: the model is free, or payer and provider are one account.</returns>
    public async ValueTask<(OpenOrder? Order, CreditRefusal? Refusal)> OpenAsync(OrderRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.AccountBudget is { } account) await Budgets.SpentAsync(null, account.Period, cancellation);
        if (request.KeyBudget is { } key && request.KeyName is not null) await Budgets.SpentAsync(request.KeyName, key.Period, cancellation);
        OpenOrder? order = TryOpen(request, out CreditRefusal? refusal);
        return (order, refusal);
    }

    /// <summary>The same at once (about 40 µs), for requests whose budgets were asked for before.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="refusal">Why nothing is ordered; null also where nothing is to be paid.</param>
    public OpenOrder? TryOpen(OrderRequest request, out CreditRefusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(request);
        DeviceCertificate own = _context.Certificate();
        refusal = null;
        if (request.Prices.IsFree || request.Provider.AccountId == own.AccountId) return null;
        DateTimeOffset now = _context.Now;
        long most = request.Prices.ReserveFor(request.Bounds);
        lock (_lock)
        {
            refusal = Reserve(request, most, now);
            if (refusal is not null) return null;
        }

        try
        {
            OpenOrder open = Sign(request, own, most, now);
            lock (_lock) _orders.Add(open.Id, open);
            return open;
        }
        catch (StatementException invalid)
        {
            Unreserve(request.Network, request.KeyName, now, most);
            refusal = PayerRules.NoOrder(invalid);
            return null;
        }
        finally
        {
            lock (_lock) PurseOf(request.Network).Opening--;
        }
    }

    /// <summary>The provider has begun to answer: notes it, so that a restart does not forget that something is owed. Nobody has to wait for it.</summary>
    public Task BeginAsync(OpenOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        lock (_lock)
        {
            if (order.State != OpenOrderState.Open || order.IsNoted) return Task.CompletedTask;
            order.IsNoted = true;
        }

        return _context.Store.WriteAsync(new LedgerWrite.Receipt(NoteOf(order)));
    }

    /// <summary>The provider refused, or was never reached: nothing is owed. Does nothing the second time.</summary>
    public void Release(OpenOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        lock (_lock)
        {
            if (order.State is not (OpenOrderState.Open or OpenOrderState.Abandoned)) return;
            Close(order);
        }

        if (order.IsNoted) _ = ForgetAsync(NoteOf(order), "Nothing came of it.");
    }

    /// <summary>The answer broke off, or was not wanted any more: its receipt may still come, and is paid for what came.</summary>
    public void Abandon(OpenOrder order, Observed observed)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(observed);
        lock (_lock)
        {
            if (order.State != OpenOrderState.Open) return;
            order.State = OpenOrderState.Abandoned;
            order.Observed = observed;
            ReserveOnly(order, PayerRules.MostFor(order.Order, PayerRules.MostTokens(order.Bounds!, observed)));
        }

        _ = NoteSeenAsync(order);
    }

    /// <summary>A receipt is in the standing's balance now, or never will be.</summary>
    internal void Settle(NetworkId network, long amount)
    {
        lock (_lock) PurseOf(network).Owed -= amount;
    }

    private long AvailableIn(NetworkId network)
    {
        Purse purse = PurseOf(network);
        long all = MicroCredits.Add(_standings.Own(network)?.Balance ?? 0, _standings.OwnLine(network));
        return MicroCredits.Add(MicroCredits.Add(all, -purse.Owed), -purse.Reserved);
    }

    // Called under the lock.
    private CreditRefusal? Reserve(OrderRequest request, long most, DateTimeOffset now)
    {
        if (_fraud.IsRefused(request.Network, request.Provider.AccountId)) return PayerRules.FraudulentProvider;
        if (_standings.Own(request.Network) is { IsRefused: true }) return PayerRules.OwnFraud;
        if (now >= _nextSweep) Sweep(now);
        if (!HasRoom()) return PayerRules.Full;
        long available = AvailableIn(request.Network);
        if (most > available) return PayerRules.Insufficient(available, most);
        if (Budgets.TryReserve(request, most, now) is { } over) return PayerRules.OverBudget(over.Key, over.Budget);
        Purse purse = PurseOf(request.Network);
        purse.Reserved = MicroCredits.Add(purse.Reserved, most);
        purse.Opening++;
        return null;
    }

    private OpenOrder Sign(OrderRequest request, DeviceCertificate own, long most, DateTimeOffset now)
    {
        var nonce = new byte[Order.NonceBytes];
        _context.Random(nonce);
        Order order = Order.Issue(_context.Device, new OrderTerms
        {
            Nonce = nonce,
            Network = request.Network,
            PayerAccountKey = own.AccountKey.ToArray(),
            ProviderAccountKey = request.Provider.AccountKey.ToArray(),
            ProviderDeviceKey = request.Provider.DeviceKeyBytes.ToArray(),
            ProviderInstance = request.ProviderInstance,
            Model = request.Model,
            Prices = request.Prices,
            MaxAmount = most,
            RequestHash = request.RequestHash,
            IssuedAt = now,
            ExpiresAt = now + request.Validity,
        });
        return new OpenOrder(order, own.ToBytes(), request.Provider.ToBytes(), request.Bounds, request.KeyName) { Standing = _standings.OwnProof(request.Network), BudgetedAt = now };
    }

    private void Unreserve(NetworkId network, string? key, DateTimeOffset at, long amount)
    {
        lock (_lock)
        {
            PurseOf(network).Reserved -= amount;
            Budgets.Change(key, at, -amount);
        }
    }

    // Called under the lock.
    private void ReserveOnly(OpenOrder order, long amount)
    {
        if (amount >= order.Reserved) return;
        PurseOf(order.Order.Network).Reserved -= order.Reserved - amount;
        if (order.BudgetedAt is { } at) Budgets.Change(order.KeyName, at, amount - order.Reserved);
        order.Reserved = amount;
    }

    // Called under the lock.
    private void Close(OpenOrder order)
    {
        ReserveOnly(order, 0);
        order.State = OpenOrderState.Closed;
        _orders.Remove(order.Id);
    }

    // Called under the lock. Makes room where it is needed: the oldest of the orders that broke off goes.
    private bool HasRoom()
    {
        int opening = 0;
        foreach (Purse purse in _purses.Values) opening += purse.Opening;
        if (_orders.Count + opening < _options.MaxOrders) return true;
        OpenOrder? oldest = _orders.Values.Where(order => order.State == OpenOrderState.Abandoned).MinBy(order => order.Order.IssuedAt);
        if (oldest is null) return false;
        GiveUp(oldest);
        return true;
    }

    // Called under the lock. No receipt can come of work that has not ended in its time: nothing is reserved any longer. The order is remembered for longer.
    private void Sweep(DateTimeOffset now)
    {
        _nextSweep = now + SweepEvery;
        foreach (OpenOrder order in _orders.Values.Where(order => order.State == OpenOrderState.Abandoned && order.Order.ExpiresAt + Form.ClockSkew < now).ToList())
        {
            ReserveOnly(order, 0);
            if (order.Order.ExpiresAt + _options.ClaimTime < now) GiveUp(order);
        }
    }

    // Called under the lock.
    private void GiveUp(OpenOrder order)
    {
        Close(order);
        if (order.IsNoted) _ = ForgetAsync(NoteOf(order), "No receipt came in time.");
    }

    // Called under the lock.
    private long ReservedOf(string? key)
    {
        long sum = 0;
        foreach (OpenOrder order in _orders.Values)
        {
            if (order.BudgetedAt is not null && (key is null || order.KeyName == key)) sum = MicroCredits.Add(sum, order.Reserved);
        }

        return sum;
    }

    private Purse PurseOf(NetworkId network)
    {
        if (!_purses.TryGetValue(network, out Purse? purse)) _purses[network] = purse = new Purse();
        return purse;
    }

    private sealed class Purse
    {
        // Micro-credits signed, but not in the standing's balance.
        public long Owed { get; set; }

        // Micro-credits reserved for orders under way.
        public long Reserved { get; set; }

        // Orders that are being signed.
        public int Opening { get; set; }
    }
}
