using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

public sealed partial class ProviderBook
{
    // What a payer says for itself is kept as far as people read it.
    private const int MaxReasonLength = 300;

    // Disputes read at the start: pages of a thousand.
    private const int MaxDisputePages = 100;

    private readonly KeyedLock<OrderId> _taking = new();

    // Receipts without a countersignature: those not written yet, and of the others as many as fit. The store has the rest.
    private readonly Dictionary<OrderId, SettledReceipt> _claims = [];

    /// <summary>Receipts without a countersignature that are held in memory.</summary>
    internal int Claims
    {
        get
        {
            lock (_lock) return _claims.Count;
        }
    }

    /// <summary>Reads what is not settled; once, at the start of the node, before any order is taken.</summary>
    public async Task RestoreAsync(CancellationToken cancellation = default)
    {
        var open = new ReceiptQuery { Side = ReceiptSide.Earned, States = [ReceiptState.Receipted, ReceiptState.Countersigned, ReceiptState.Waiting] };
        foreach (ReceiptSum sum in await _context.Store.SumAsync(open, cancellation))
        {
            lock (_lock)
            {
                Tab tab = TabOf(sum.Account);
                if (sum.State == ReceiptState.Receipted) tab.Claimed = MicroCredits.Add(tab.Claimed, sum.Amount);
                else tab.Owed = MicroCredits.Add(tab.Owed, sum.Amount);
                tab.Unsettled += (int)Math.Min(sum.Count, int.MaxValue / 4);
            }
        }

        var disputes = new ReceiptQuery { Side = ReceiptSide.Earned, DisputedFrom = _context.Now - Tab.LongestDispute, Limit = 1000 };
        for (int page = 0; page < MaxDisputePages; page++)
        {
            IReadOnlyList<ReceiptRecord> records = await _context.Store.ReceiptsAsync(disputes, cancellation);
            lock (_lock)
            {
                foreach (ReceiptRecord record in records) TabOf(record.Account).Dispute(record.Claimed - record.Amount, record.DisputedAt!.Value);
            }

            if (records.Count < disputes.Limit) return;
            disputes = disputes with { Before = records[^1].Id };
        }
    }

    /// <summary>A receipt was countersigned, and that is on disk: the micro-credits agreed on. Once for each receipt; what handles it must be quick.</summary>
    public event Action<long>? Earned;

    /// <summary>Takes the payer's countersignature of one of this node's receipts. What came before stays; the same again changes nothing.</summary>
    /// <returns>Micro-credits agreed on; it is on disk when this completes.</returns>
    /// <exception cref="StatementException">It does not hold, or there is no such receipt.</exception>
    /// <exception cref="LedgerException">It could not be written down.</exception>
    public async Task<long> TakeAsync(OrderId id, ReadOnlyMemory<byte> countersignature)
    {
        Countersignature signed = Countersignature.Parse(countersignature.Span);
        using (await _taking.EnterAsync(id)) return await TakeOnceAsync(id, signed, null);
    }

    /// <summary>The same for a settled receipt that the payer shows later. A receipt that this node lost in a crash is taken back from it.</summary>
    /// <param name="settled">A serialized <c>SettledReceipt</c>.</param>
    /// <returns>The receipt, and micro-credits agreed on; on disk when this completes.</returns>
    /// <exception cref="StatementException">It does not hold, or is not this node's.</exception>
    /// <exception cref="LedgerException">It could not be written down.</exception>
    public async Task<(OrderId Id, long Amount)> TakeSettledAsync(ReadOnlyMemory<byte> settled)
    {
        SettledReceipt shown = SettledReceipt.Parse(settled.Span);
        if (shown.Receipt is null || shown.Countersignature is null) throw new StatementException("The receipt is not settled: a signature is missing.");
        if (shown.Order.ProviderDevice != _context.Device.PeerId) throw new StatementException("The receipt is another node's.");
        using (await _taking.EnterAsync(shown.Id)) return (shown.Id, await TakeOnceAsync(shown.Id, shown.Countersignature, shown));
    }

    /// <summary>The payer refuses a receipt: nothing is earned. It counts as disputed for a day.</summary>
    /// <param name="id">The receipt.</param>
    /// <param name="reason">What the payer says; kept for people, at most 300 characters.</param>
    /// <exception cref="LedgerException">It could not be written down.</exception>
    public async Task RefusedAsync(OrderId id, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        using (await _taking.EnterAsync(id))
        {
            (SettledReceipt? claim, _) = await FindClaimAsync(id);
            if (claim is null) return;
            string kept = new([.. reason.Where(letter => !char.IsControl(letter)).Take(MaxReasonLength)]);
            DateTimeOffset now = _context.Now;
            await _context.Store.WriteAsync(new LedgerWrite.Receipt(RecordOf(claim, ReceiptState.Refused) with { Amount = 0, DisputedAt = now, Reason = $"The payer refused: {kept}" }));
            lock (_lock)
            {
                _claims.Remove(id);
                Return(claim.Order.Payer, tab =>
                {
                    tab.Claimed -= claim.Receipt!.Amount;
                    tab.Unsettled--;
                    tab.Dispute(claim.Receipt.Amount, now);
                });
            }
        }
    }

    /// <summary>A receipt of the account is posted: it is paid for certain.</summary>
    internal void Posted(AccountId account, long amount)
    {
        lock (_lock)
        {
            Return(account, tab =>
            {
                tab.Owed -= amount;
                tab.Unsettled--;
            });
        }
    }

    /// <summary>A countersigned receipt of the account is refused by the network's ledger.</summary>
    internal void Rejected(AccountId account, long amount, DateTimeOffset at)
    {
        lock (_lock)
        {
            Return(account, tab =>
            {
                tab.Owed -= amount;
                tab.Unsettled--;
                tab.Dispute(amount, at);
            });
        }
    }

    /// <summary>Posted receipts of the account are not in the ledger any more, which was set back.</summary>
    internal void Unposted(AccountId account, long amount, int count)
    {
        lock (_lock)
        {
            Tab tab = TabOf(account);
            tab.Owed = MicroCredits.Add(tab.Owed, amount);
            tab.Unsettled += count;
        }
    }

    private async Task<long> TakeOnceAsync(OrderId id, Countersignature signed, SettledReceipt? shown)
    {
        (SettledReceipt? claim, ReceiptRecord? known) = await FindClaimAsync(id);
        if (claim is null && known is not null) return await AgainAsync(known, signed);
        bool isLost = claim is null;
        if (isLost)
        {
            claim = shown ?? throw new StatementException("This node has no receipt of this order.");
            claim.VerifyClaim(_context.Cache);
        }

        Order order = claim!.Order;
        Receipt receipt = claim.Receipt!;
        signed.Verify(order, receipt);
        SettledReceipt settled = SettledReceipt.Create(order, receipt, signed, claim.PayerCertificate, claim.ProviderCertificate);
        DateTimeOffset now = _context.Now;
        await _context.Store.WriteAsync(new LedgerWrite.Receipt(RecordOf(settled, ReceiptState.Countersigned) with { DisputedAt = signed.Amount < receipt.Amount ? now : null }));
        lock (_lock)
        {
            _claims.Remove(id);
            Tab tab = TabOf(order.Payer);
            if (isLost) tab.Unsettled++;
            else tab.Claimed -= receipt.Amount;
            tab.Owed = MicroCredits.Add(tab.Owed, signed.Amount);
            tab.Dispute(receipt.Amount - signed.Amount, now);
        }

        Earned?.Invoke(signed.Amount);
        return signed.Amount;
    }

    // It came before. The same is fine; a countersignature that pays differently proves the payer's fraud.
    private async Task<long> AgainAsync(ReceiptRecord known, Countersignature signed)
    {
        SettledReceipt before = SettledReceipt.Parse(known.Bytes.Span);
        if (before.Countersignature is not { } first) throw new StatementException("The payer refused this receipt before; that is final.");
        if (first.Agrees(signed)) return first.Amount;
        signed.Verify(before.Order, before.Receipt!);
        await _fraud.ConvictAsync(known.Network, EquivocationProof.Of(first, signed, before.PayerCertificate));
        throw new StatementException("There is another countersignature of this receipt, which pays differently: that proves the payer's fraud.");
    }

    // A claim that waits for its countersignature; else what has become of it, or neither.
    private async Task<(SettledReceipt? Claim, ReceiptRecord? Known)> FindClaimAsync(OrderId id)
    {
        lock (_lock)
        {
            if (_claims.TryGetValue(id, out SettledReceipt? claim)) return (claim, null);
        }

        ReceiptRecord? known = await _context.Store.FindReceiptAsync(id);
        if (known is not { Side: ReceiptSide.Earned }) return (null, null);
        return known.State == ReceiptState.Receipted ? (SettledReceipt.Parse(known.Bytes.Span), null) : (null, known);
    }

    private async Task KeepAsync(SettledReceipt claim)
    {
        await _context.Store.WriteAsync(new LedgerWrite.Receipt(RecordOf(claim, ReceiptState.Receipted)));
        lock (_lock)
        {
            if (_claims.Count > _options.MaxClaims) _claims.Remove(claim.Id);
        }
    }

    private static ReceiptRecord RecordOf(SettledReceipt settled, ReceiptState state) => new()
    {
        Id = settled.Id,
        Network = settled.Order.Network,
        Side = ReceiptSide.Earned,
        State = state,
        Account = settled.Order.Payer,
        Device = settled.Order.PayerDevice,
        Model = settled.Order.Model,
        PromptTokens = settled.Countersignature?.PromptTokens ?? settled.Receipt!.PromptTokens,
        CompletionTokens = settled.Countersignature?.CompletionTokens ?? settled.Receipt!.CompletionTokens,
        Amount = settled.Countersignature?.Amount ?? settled.Receipt!.Amount,
        Claimed = settled.Receipt!.Amount,
        At = settled.Receipt.FinishedAt,
        Bytes = settled.Bytes,
    };
}
