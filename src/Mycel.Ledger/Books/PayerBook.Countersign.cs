using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

public sealed partial class PayerBook
{
    // Records of receipts signed lately, so that their acknowledgement needs no reading.
    private const int MaxRecent = 1024;

    private readonly GenerationCache<OrderId, ReceiptRecord> _recent = new(MaxRecent);
    private readonly KeyedLock<OrderId> _answering = new();

    /// <summary>
    /// Answers the receipt that came with an answer: agrees to it, or to less where the payer counts less, or refuses. A countersignature is on disk before
    /// this completes, and it is the only one, whatever comes twice or at once. Whoever began to wait for it may stop waiting; it is completed all the same.
    /// </summary>
    /// <param name="order">The order.</param>
    /// <param name="receipt">The receipt, a serialized statement.</param>
    /// <param name="observed">What came of the answer.</param>
    /// <exception cref="LedgerException">It could not be written down; nothing is signed for anyone to see, and the receipt may be answered later.</exception>
    public async Task<Countersigned> CountersignAsync(OpenOrder order, ReadOnlyMemory<byte> receipt, Observed observed)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(observed);
        lock (_lock)
        {
            if (order.State == OpenOrderState.Open)
            {
                order.State = OpenOrderState.Answering;
                order.Observed = observed;
            }
        }

        try
        {
            return await AnswerAsync(order, SettledReceipt.Create(order.Order, Receipt.Parse(receipt.Span), null, order.PayerCertificate, order.ProviderCertificate));
        }
        catch (StatementException invalid)
        {
            lock (_lock) BreakOff(order);
            _ = NoteSeenAsync(order);
            return Countersigned.Refuse(PayerRules.Invalid(invalid));
        }
    }

    /// <summary>
    /// Answers a receipt that the provider shows later, such as after a broken link or a restart of either side. It is paid for what the payer saw of the
    /// answer; where it only remembers that the answer had begun, for what its own order covers and its request allows.
    /// </summary>
    /// <param name="claim">A serialized <c>SettledReceipt</c> without a countersignature.</param>
    /// <exception cref="LedgerException">It could not be written down.</exception>
    public async Task<Countersigned> CountersignLaterAsync(ReadOnlyMemory<byte> claim)
    {
        try
        {
            SettledReceipt parsed = SettledReceipt.Parse(claim.Span);
            if (parsed.Receipt is null || parsed.Order.PayerDevice != _context.Device.PeerId) return Countersigned.Refuse(PayerRules.NotOurs);
            OpenOrder? open;
            lock (_lock)
            {
                open = _orders.GetValueOrDefault(parsed.Id);
                if (open is { State: OpenOrderState.Open }) return Countersigned.Refuse(PayerRules.UnderWay);
            }

            if (open is null)
            {
                parsed.Order.Verify();
            }
            else
            {
                // The own copy of what was signed here: that of the other side may be damaged outside of what the hash is of.
                if (!open.Order.Hash.SequenceEqual(parsed.Order.Hash)) return Countersigned.Refuse(PayerRules.NotOurs);
                parsed = SettledReceipt.Create(open.Order, parsed.Receipt, null, open.PayerCertificate, parsed.ProviderCertificate);
            }

            return await AnswerAsync(open, parsed);
        }
        catch (StatementException invalid)
        {
            return Countersigned.Refuse(PayerRules.Invalid(invalid));
        }
    }

    /// <summary>The provider has the countersignature on its disk: it need not be sent again.</summary>
    public async Task AcknowledgeAsync(OrderId id, CancellationToken cancellation = default)
    {
        if (!_recent.TryGet(id, out ReceiptRecord? record)) record = await _context.Store.FindReceiptAsync(id, cancellation);
        if (record is not { Side: ReceiptSide.Paid, State: ReceiptState.Countersigned }) return;
        _recent.Remove(id);
        await _context.Store.WriteAsync(new LedgerWrite.Receipt(record with { State = ReceiptState.Acknowledged }), cancellation);
    }

    // One answer to an order at a time: the second finds what the first wrote.
    private async Task<Countersigned> AnswerAsync(OpenOrder? open, SettledReceipt claim)
    {
        using (await _answering.EnterAsync(claim.Id))
        {
            lock (_lock)
            {
                if (open is { State: OpenOrderState.Abandoned }) open.State = OpenOrderState.Answering;
            }

            try
            {
                return await AnswerOnceAsync(open, claim);
            }
            finally
            {
                lock (_lock)
                {
                    if (open is not null) BreakOff(open);
                }
            }
        }
    }

    // Called under the lock. Nothing was signed: a receipt may still come.
    private void BreakOff(OpenOrder order)
    {
        if (order.State != OpenOrderState.Answering) return;
        order.State = OpenOrderState.Abandoned;
        if (order.Bounds is not null && order.Observed is not null) ReserveOnly(order, PayerRules.MostFor(order.Order, PayerRules.MostTokens(order.Bounds, order.Observed)));
    }

    private async Task<Countersigned> AnswerOnceAsync(OpenOrder? open, SettledReceipt claim)
    {
        bool isOpen;
        lock (_lock) isOpen = open is not null && open.State != OpenOrderState.Closed;
        if (!isOpen)
        {
            ReceiptRecord? known = await _context.Store.FindReceiptAsync(claim.Id);
            // A note of an order that is not in memory is of one that was closed: its end is only not written yet.
            if (known is null or { State: ReceiptState.Receipted, Side: ReceiptSide.Paid }) return Countersigned.Refuse(PayerRules.Unknown);
            return known.Side == ReceiptSide.Paid ? await AgainAsync(known, claim) : Countersigned.Refuse(PayerRules.NotOurs);
        }

        OpenOrder order = open!;
        Receipt receipt = claim.Receipt!;
        receipt.Verify(claim.Order);
        claim.VerifyParties(_context.Cache);
        if (PayerRules.Recount(receipt, order.Bounds, order.Observed) is not { } tokens) return await RefuseAsync(order, claim);
        Countersignature signed = Countersignature.Issue(_context.Device, claim.Order, receipt, tokens.Prompt, tokens.Completion, _context.Now);
        SettledReceipt settled = SettledReceipt.Create(claim.Order, receipt, signed, claim.PayerCertificate, claim.ProviderCertificate);
        await WriteAsync(order, settled);
        Spent?.Invoke(signed.Amount);
        return new Countersigned(settled.Bytes, signed.Bytes, signed.Amount, null);
    }

    // From the signature on the amount is owed, though it is not written yet; where it cannot be written, nobody has seen it.
    private async Task WriteAsync(OpenOrder order, SettledReceipt settled)
    {
        Purse purse;
        long reserved;
        long amount = settled.Countersignature!.Amount;
        lock (_lock)
        {
            purse = PurseOf(settled.Order.Network);
            purse.Owed = MicroCredits.Add(purse.Owed, amount);
            purse.Reserved -= reserved = order.Reserved;
            order.Reserved = 0;
        }

        try
        {
            ReceiptRecord record = RecordOf(settled, order.KeyName, ReceiptState.Countersigned);
            await _context.Store.WriteAsync(new LedgerWrite.Receipt(record));
            _recent.Add(record.Id, record);
        }
        catch
        {
            lock (_lock)
            {
                purse.Owed -= amount;
                purse.Reserved = MicroCredits.Add(purse.Reserved, reserved);
                order.Reserved = reserved;
            }

            throw;
        }

        lock (_lock)
        {
            Budgets.Change(order.KeyName, order.BudgetedAt ?? _context.Now, order.BudgetedAt is null ? amount : amount - reserved);
            Close(order);
        }
    }

    // It was answered before: the same answer again. Another receipt of the same order proves the provider's fraud.
    private async Task<Countersigned> AgainAsync(ReceiptRecord known, SettledReceipt claim)
    {
        SettledReceipt before = SettledReceipt.Parse(known.Bytes.Span);
        if (before.Receipt is null) return Countersigned.Refuse(PayerRules.Unknown);
        if (!before.Receipt.Hash.SequenceEqual(claim.Receipt!.Hash))
        {
            claim.Receipt.Verify(before.Order);
            await _fraud.ConvictAsync(known.Network, EquivocationProof.Of(before.Receipt, claim.Receipt, before.ProviderCertificate));
            return Countersigned.Refuse(PayerRules.SecondReceipt);
        }

        return before.Countersignature is { } signed
            ? new Countersigned(known.Bytes, signed.Bytes, signed.Amount, null)
            : Countersigned.Refuse(new CreditRefusal(422, CreditCodes.ReceiptRefused, known.Reason ?? PayerRules.OtherBytes.Message));
    }

    private async Task<Countersigned> RefuseAsync(OpenOrder order, SettledReceipt claim)
    {
        CreditRefusal refusal = PayerRules.OtherBytes;
        await _context.Store.WriteAsync(new LedgerWrite.Receipt(RecordOf(claim, order.KeyName, ReceiptState.Refused) with { Amount = 0, Reason = refusal.Message }));
        lock (_lock) Close(order);
        return Countersigned.Refuse(refusal);
    }

    // What came of an answer that broke off is kept beside the note that it had begun. Nobody waits for it: a restart before that pays for what was ordered.
    private async Task NoteSeenAsync(OpenOrder order)
    {
        lock (_lock)
        {
            if (!order.IsNoted || order.State != OpenOrderState.Abandoned) return;
        }

        try
        {
            await _context.Store.WriteAsync(new LedgerWrite.Receipt(NoteOf(order)));
        }
        catch (LedgerException)
        {
            // The note stays as it was.
        }
    }

    private async Task ForgetAsync(ReceiptRecord note, string reason)
    {
        try
        {
            await _context.Store.WriteAsync(new LedgerWrite.Receipt(note with { State = ReceiptState.Refused, Amount = 0, Reason = reason }) { IsGivenUp = true });
        }
        catch (LedgerException)
        {
            // The note stays; it counts for nothing in this run.
        }
    }

    private void RestoreOrder(ReceiptRecord note)
    {
        SettledReceipt kept = SettledReceipt.Parse(note.Bytes.Span);
        DateTimeOffset now = _context.Now;
        var order = new OpenOrder(kept.Order, kept.PayerCertificate, kept.ProviderCertificate, null, note.KeyName)
        {
            State = OpenOrderState.Abandoned,
            IsNoted = true,
            Reserved = note.Amount,
            Observed = SeenBy(note),
        };
        if (kept.Order.ExpiresAt + Form.ClockSkew < now) order.Reserved = 0;
        lock (_lock)
        {
            if (_orders.Count >= _options.MaxOrders)
            {
                _ = ForgetAsync(note, "There were more open orders than this node keeps books of.");
                return;
            }

            if (!_orders.TryAdd(order.Id, order)) return;
            Purse purse = PurseOf(kept.Order.Network);
            purse.Reserved = MicroCredits.Add(purse.Reserved, order.Reserved);
            if (kept.Order.ExpiresAt + _options.ClaimTime < now) GiveUp(order);
        }
    }

    private static ReceiptRecord NoteOf(OpenOrder order)
    {
        SettledReceipt note = SettledReceipt.Create(order.Order, null, null, order.PayerCertificate, order.ProviderCertificate);
        (long prompt, long completion) = order.Bounds is { } bounds
            ? PayerRules.MostTokens(bounds, order.Observed)
            : (order.Observed?.PromptTokens ?? 0, order.Observed?.CompletionTokens ?? 0);
        return RecordOf(note, order.KeyName, ReceiptState.Receipted) with
        {
            PromptTokens = prompt,
            CompletionTokens = completion,
            Amount = PayerRules.MostFor(order.Order, (prompt, completion)),
        };
    }

    // A note has the most tokens that can be paid for.
    private static Observed SeenBy(ReceiptRecord note)
        => new() { IsWhole = false, ReplyBytes = long.MaxValue, PromptTokens = note.PromptTokens, CompletionTokens = note.CompletionTokens };

    private static ReceiptRecord RecordOf(SettledReceipt settled, string? key, ReceiptState state) => new()
    {
        Id = settled.Id,
        Network = settled.Order.Network,
        Side = ReceiptSide.Paid,
        State = state,
        Account = settled.Order.Provider,
        Device = settled.Order.ProviderDevice,
        Model = settled.Order.Model,
        PromptTokens = settled.Countersignature?.PromptTokens ?? settled.Receipt?.PromptTokens ?? 0,
        CompletionTokens = settled.Countersignature?.CompletionTokens ?? settled.Receipt?.CompletionTokens ?? 0,
        Amount = settled.Countersignature?.Amount ?? settled.Receipt?.Amount ?? settled.Order.MaxAmount,
        Claimed = settled.Receipt?.Amount ?? settled.Order.MaxAmount,
        KeyName = key,
        At = settled.Receipt?.FinishedAt ?? settled.Order.IssuedAt,
        Bytes = settled.Bytes,
    };
}
