using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Books;

/// <summary>
/// What this node does for others and is paid. It takes an order only as far as it is ready to lose, signs what it did, and keeps the payer's
/// countersignature on disk before it says so. Safe for use from many threads.
/// </summary>
public sealed partial class ProviderBook
{
    private readonly BookContext _context;
    private readonly FraudBook _fraud;
    private readonly Standings _standings;
    private readonly ProviderOptions _options;
    private readonly Lock _lock = new();
    private readonly Dictionary<AccountId, Tab> _tabs = [];

    // Whose they are, of those that count against their account's share: not those that a receipt came of.
    private readonly Dictionary<OrderId, AccountId?> _seen = [];
    private readonly PriorityQueue<OrderId, DateTimeOffset> _expiries = new();

    // Ids that were remembered until then are forgotten.
    private DateTimeOffset _forgotten;

    /// <summary>Opens the book; <see cref="RestoreAsync"/> reads what is kept of it.</summary>
    /// <param name="context">What all books share.</param>
    /// <param name="fraud">Accounts whose fraud is proved.</param>
    /// <param name="standings">Judges what payers show.</param>
    /// <param name="options">Bounds; null for the defaults.</param>
    public ProviderBook(BookContext context, FraudBook fraud, Standings standings, ProviderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
        _fraud = fraud;
        _standings = standings;
        _options = options ?? new ProviderOptions();
    }

    /// <summary>Accounts of which something is under way, unpaid or remembered.</summary>
    public int Accounts
    {
        get
        {
            lock (_lock) return _tabs.Count;
        }
    }

    /// <summary>Orders whose ids are remembered.</summary>
    public int Remembered
    {
        get
        {
            lock (_lock) return _seen.Count;
        }
    }

    /// <summary>What an account has had without having paid for certain.</summary>
    public Exposure Exposure(AccountId account)
    {
        lock (_lock) return _tabs.GetValueOrDefault(account)?.At(_context.Now) ?? default;
    }

    /// <summary>Takes an order, or says why not (about 80 µs, most of it the order's signature). What is refused costs nothing and is not remembered.</summary>
    /// <param name="request">The request with its order.</param>
    /// <param name="refusal">Why not.</param>
    public AcceptedOrder? TryAccept(AcceptRequest request, out CreditRefusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(request);
        DateTimeOffset now = _context.Now;
        Order order;
        try
        {
            order = Order.Parse(request.Order.Span);
            refusal = Check(order, request, now);
            if (refusal is not null) return null;
            order.Verify();
        }
        catch (StatementException invalid)
        {
            refusal = ProviderRules.Invalid(invalid);
            return null;
        }

        Standing? standing = _standings.Judge(request.Network, order.Payer, request.Standing, out EquivocationProof? convict);
        if (convict is not null) _ = ConvictAsync(request.Network, convict);
        if (standing is { IsRefused: true })
        {
            refusal = ProviderRules.Fraud;
            return null;
        }

        lock (_lock)
        {
            Forget(now);
            refusal = Admit(order, standing, request.Terms!.CreditLine, now);
        }

        return refusal is null ? new AcceptedOrder(order, request.Bounds, request.Payer.ToBytes()) : null;
    }

    /// <summary>The work did not begin: nothing is claimed. The order is not taken again. Does nothing the second time.</summary>
    public void Release(AcceptedOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        lock (_lock) End(order);
    }

    /// <summary>
    /// The work is over, also where the payer hung up or the backend broke off: signs what was delivered (about 30 µs). What is signed is written down, but
    /// nobody has to wait for it: after a restart no order of an earlier run is taken, so no second receipt can come of it.
    /// </summary>
    /// <returns>Null where nothing was delivered, or the order is over already.</returns>
    public FinishedOrder? Finish(AcceptedOrder order, Delivered delivered)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(delivered);
        if (delivered.ReplyBytes <= 0)
        {
            Release(order);
            return null;
        }

        // Before anything is signed: of two who end an order at once, one signs.
        lock (_lock)
        {
            if (order.IsOver) return null;
            order.IsOver = true;
        }

        Receipt receipt;
        SettledReceipt claim;
        try
        {
            receipt = Receipt.Issue(_context.Device, order.Order, Bounded(order, delivered));
            claim = SettledReceipt.Create(order.Order, receipt, null, order.PayerCertificate, _context.Certificate().ToBytes());
        }
        catch
        {
            lock (_lock) Return(order.Order.Payer, tab => { tab.UnderWay -= order.Order.MaxAmount; tab.Unsettled--; });
            throw;
        }

        lock (_lock)
        {
            Tab tab = TabOf(order.Order.Payer);
            tab.UnderWay -= order.Order.MaxAmount;
            tab.Claimed = MicroCredits.Add(tab.Claimed, receipt.Amount);
            _claims.Add(order.Id, claim);

            // Who is to pay for it may have as many as the credit allows: the share is against orders that cost nothing.
            if (_seen.ContainsKey(order.Id))
            {
                _seen[order.Id] = null;
                tab.Remembered--;
            }
        }

        return new FinishedOrder(receipt.Bytes, receipt.Amount, KeepAsync(claim));
    }

    // What the payer would not pay anyway is not claimed: tokens beyond what was reserved, and a time outside of the order's. The clock may have been set
    // while the work lasted.
    private static Delivered Bounded(AcceptedOrder order, Delivered delivered)
    {
        DateTimeOffset first = order.Order.IssuedAt - Form.ClockSkew, last = order.Order.ExpiresAt;
        DateTimeOffset started = delivered.StartedAt < first ? first : delivered.StartedAt > last ? last : delivered.StartedAt;
        return delivered with
        {
            PromptTokens = Math.Min(delivered.PromptTokens, order.Bounds.PromptTokens),
            CompletionTokens = Math.Min(delivered.CompletionTokens, order.Bounds.CompletionTokens),
            StartedAt = started,
            FinishedAt = delivered.FinishedAt < started ? started : delivered.FinishedAt > last ? last : delivered.FinishedAt,
        };
    }

    private CreditRefusal? Check(Order order, AcceptRequest request, DateTimeOffset now)
    {
        if (!request.Payer.AccountKey.SequenceEqual(order.PayerAccountKey) || !request.Payer.DeviceKeyBytes.SequenceEqual(order.PayerDeviceKey))
            return ProviderRules.Mismatch("it is another account's or device's");
        DeviceCertificate own = _context.Certificate();
        if (!own.AccountKey.SequenceEqual(order.ProviderAccountKey) || !own.DeviceKeyBytes.SequenceEqual(order.ProviderDeviceKey))
            return ProviderRules.Mismatch("it is for another provider");
        if (order.Network != request.Network) return ProviderRules.Mismatch("it is of another network");
        if (order.Model != request.Model) return ProviderRules.Mismatch("it is for another model");
        if (!order.RequestHash.SequenceEqual(request.RequestHash.Span)) return ProviderRules.Mismatch("it is for another request, or the request was altered on its way");
        if (!request.Payer.Roles.HasFlag(DeviceRoles.Ask)) return ProviderRules.MayNotAsk;
        if (request.Terms is null) return ProviderRules.NoMember;
        if (_fraud.IsRefused(order.Network, order.Payer)) return ProviderRules.Fraud;
        if (!order.ProviderInstance.SequenceEqual(_context.Instance.Span)) return ProviderRules.OtherRun;
        // The clearing node looks at the payer's certificate at this very time.
        if (order.IssuedAt > now + Form.ClockSkew || RememberedUntil(order) <= now) return ProviderRules.Time;
        Form.CheckCertificate(request.Payer, DeviceRoles.Ask, order.IssuedAt, "The payer");
        if (request.Prices.Count == 0) return ProviderRules.NoPrice;
        if (!request.Prices.Any(prices => prices.IsMetBy(order.Prices))) return ProviderRules.PriceChanged(request.Prices[0]);
        long most = order.Prices.ReserveFor(request.Bounds);
        return order.MaxAmount < most ? ProviderRules.TooSmall(most, order.MaxAmount) : null;
    }

    // Called under the lock.
    private CreditRefusal? Admit(Order order, Standing? standing, long line, DateTimeOffset now)
    {
        if (_seen.ContainsKey(order.Id)) return ProviderRules.Replayed;
        // The clock may have been set back since, or another request's be ahead: an order of then may be one that is forgotten.
        if (RememberedUntil(order) <= _forgotten) return ProviderRules.Time;
        if (!_tabs.TryGetValue(order.Payer, out Tab? tab))
        {
            if (_tabs.Count >= _options.MaxAccounts) return ProviderRules.Full;
            tab = new Tab();
        }

        if (_seen.Count >= _options.MaxRemembered || tab.Remembered >= _options.MaxRememberedPerAccount) return ProviderRules.Full;
        if (tab.Unsettled >= _options.MaxUnsettledPerAccount) return ProviderRules.TooManyUnsettled;
        Exposure exposure = tab.At(now);
        if (MicroCredits.Add(exposure.Total, order.MaxAmount) > _options.Cap) return ProviderRules.Exhausted(exposure, order.MaxAmount, _options.Cap);
        long allowed = standing?.Spendable ?? line;
        if (MicroCredits.Add(exposure.Total - exposure.Disputed, order.MaxAmount) > allowed)
            return ProviderRules.Uncovered(exposure, order.MaxAmount, Math.Min(allowed, MicroCredits.Max), standing is null);
        _tabs[order.Payer] = tab;
        tab.UnderWay = MicroCredits.Add(tab.UnderWay, order.MaxAmount);
        tab.Unsettled++;
        tab.Remembered++;
        _seen.Add(order.Id, order.Payer);
        _expiries.Enqueue(order.Id, RememberedUntil(order));
        return null;
    }

    // From then on an order is refused for its time: it is over, or was signed too long ago.
    private static DateTimeOffset RememberedUntil(Order order)
    {
        DateTimeOffset late = order.IssuedAt + Form.ClockSkew;
        return late < order.ExpiresAt ? late : order.ExpiresAt;
    }

    // Called under the lock.
    private void Forget(DateTimeOffset now)
    {
        while (_expiries.TryPeek(out OrderId id, out DateTimeOffset expires) && expires <= now)
        {
            _expiries.Dequeue();
            if (expires > _forgotten) _forgotten = expires;
            if (_seen.Remove(id, out AccountId? account) && account is { } counted) Return(counted, tab => tab.Remembered--);
        }
    }

    // Called under the lock.
    private void End(AcceptedOrder order)
    {
        if (order.IsOver) return;
        order.IsOver = true;
        Return(order.Order.Payer, tab =>
        {
            tab.UnderWay -= order.Order.MaxAmount;
            tab.Unsettled--;
        });
    }

    // Called under the lock. A tab with nothing on it is not kept.
    private void Return(AccountId account, Action<Tab> change)
    {
        if (!_tabs.TryGetValue(account, out Tab? tab)) return;
        change(tab);
        if (tab.IsEmpty(_context.Now)) _tabs.Remove(account);
    }

    private Tab TabOf(AccountId account)
    {
        if (!_tabs.TryGetValue(account, out Tab? tab)) _tabs[account] = tab = new Tab();
        return tab;
    }

    private async Task ConvictAsync(NetworkId network, EquivocationProof proof)
    {
        try
        {
            await _fraud.ConvictAsync(network, proof);
        }
        catch (LedgerException)
        {
            // It is known until the node ends, and found again the next time.
        }
    }
}
