using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

public sealed partial class Outbox
{
    private const int ProofPage = 64;

    /// <summary>Takes a clearing node's answer: what it says is on disk when this completes. An answer to a batch that is not under way changes nothing.</summary>
    /// <exception cref="StatementException">The answer does not hold; the batch stays due.</exception>
    /// <exception cref="LedgerException">It could not be written down; the batch stays due.</exception>
    public async Task<ClearingNews> ApplyAsync(ClearBatch batch, ClearingReply reply, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(reply);
        Line line;
        lock (_lock)
        {
            if (!_lines.TryGetValue(batch.Network, out line!) || line.Current != batch || line.IsApplying) return new ClearingNews(0, 0, 0, StandingNews.Old, [], null);
            line.IsApplying = true;
        }

        bool isDone = false;
        try
        {
            if (reply.Refusal is { } refusal) return new ClearingNews(0, 0, 0, StandingNews.Old, [], refusal.Message);
            ClearingNews news = await TakeAsync(batch, reply, line, cancellation);
            isDone = true;
            return news;
        }
        finally
        {
            lock (_lock) line.IsApplying = false;
            if (isDone) Succeeded(batch, reply, line);
            else Failed(batch);
        }
    }

    private async Task<ClearingNews> TakeAsync(ClearBatch batch, ClearingReply reply, Line line, CancellationToken cancellation)
    {
        (StandingNews news, StandingProof proof) = await _standings.JudgeOwnAsync(batch.Network, reply.Standing, cancellation);
        Check(batch, reply, proof.Standing);
        if (news == StandingNews.Old) throw new StatementException("The clearing node gave an older standing than before, so that nothing shows that its ledger still has what it says.");
        if (news == StandingNews.Taken && batch.Known is { } known && !reply.KnownHead.Span.SequenceEqual(known.Head)) news = StandingNews.WentBack;
        if (news is StandingNews.Replaced or StandingNews.WentBack) await SetBackAsync(batch.Network, line, cancellation);

        // Before the receipts that are in its balance: what is counted twice for a moment is only not spent for a moment.
        await _context.Store.WriteAsync(new LedgerWrite.Standing(batch.Network, proof.Standing.Account, proof.Standing.Sequence, proof.Bytes), cancellation);
        _standings.TakeOwn(batch.Network, proof);
        var tally = new Tally();
        var writes = new List<Task>();
        for (int i = 0; i < batch.Records.Count; i++) writes.Add(ChangeAsync(batch.Records[i], reply.Results[i], tally, cancellation));
        await Task.WhenAll(writes);
        List<AccountId> frauds = await TakeProofsAsync(batch.Network, reply.Proofs, cancellation);
        return new ClearingNews(tally.Posted, tally.Waiting, tally.Refused, news, frauds, WarningOf(news));
    }

    private static void Check(ClearBatch batch, ClearingReply reply, Standing standing)
    {
        if (reply.Results.Count != batch.Records.Count) throw new StatementException("The clearing node answered for other receipts than were submitted.");
        for (int i = 0; i < batch.Records.Count; i++)
        {
            if (reply.Results[i].Id != batch.Records[i].Id) throw new StatementException("The clearing node answered for other receipts than were submitted.");
            // The standing's hash is what shows later that the ledger still has them.
            if (reply.Results[i].Outcome is ClearingOutcome.Posted or ClearingOutcome.Known && (reply.Results[i].Entry < 1 || reply.Results[i].Entry > standing.Entries))
                throw new StatementException("The clearing node gave no entry for a receipt that it posted, or one that its ledger does not have.");
            if (reply.Results[i].Outcome == ClearingOutcome.Nothing && batch.Records[i].Amount != 0)
                throw new StatementException("The clearing node says that nothing is to be posted of a receipt that pays something.");
        }
    }

    // Writes what a result changes in a receipt; then the books count it.
    private async Task ChangeAsync(ReceiptRecord record, ClearingResult result, Tally tally, CancellationToken cancellation)
    {
        DateTimeOffset now = _context.Now;
        ReceiptRecord changed = result.Outcome switch
        {
            ClearingOutcome.Posted or ClearingOutcome.Known => record with { State = ReceiptState.Posted, Entry = result.Entry, Reason = null },
            ClearingOutcome.Nothing => record with { State = ReceiptState.Posted, Entry = null, Reason = null },
            ClearingOutcome.Refused => record with { State = ReceiptState.Refused, Amount = 0, DisputedAt = record.Side == ReceiptSide.Earned ? now : null, Entry = null, Reason = result.Reason },
            _ => record with { State = ReceiptState.Waiting, Entry = null, Reason = result.Reason },
        };
        if (changed != record) await _context.Store.WriteAsync(new LedgerWrite.Receipt(changed), cancellation);
        tally.Count(changed);
        if (changed.State == ReceiptState.Waiting) return;
        if (record.Side == ReceiptSide.Paid) _payer.Settle(record.Network, record.Amount);
        else if (changed.State == ReceiptState.Posted) _provider.Posted(record.Account, record.Amount);
        else _provider.Rejected(record.Account, record.Amount, now);
    }

    // The ledger is not the one it was, or lacks what it had: everything is submitted again. What it still has it answers with its number.
    private async Task SetBackAsync(NetworkId network, Line line, CancellationToken cancellation)
    {
        long paid = 0;
        var earned = new Dictionary<AccountId, (long Amount, int Count)>();
        foreach (ReceiptSum sum in await _context.Store.SumAsync(new ReceiptQuery { Network = network, States = [ReceiptState.Posted] }, cancellation))
        {
            if (sum.Side == ReceiptSide.Paid) paid = MicroCredits.Add(paid, sum.Amount);
            else earned[sum.Account] = (sum.Amount, (int)Math.Min(sum.Count, int.MaxValue / 4));
        }

        await _context.Store.WriteAsync(new LedgerWrite.Unpost(network, 0), cancellation);
        _payer.Settle(network, -paid);
        foreach ((AccountId account, (long amount, int count)) in earned) _provider.Unposted(account, amount, count);
        line.Unposted = null;
        line.KnownProofs = 0;
    }

    private async Task<List<AccountId>> TakeProofsAsync(NetworkId network, IReadOnlyList<ReadOnlyMemory<byte>> proofs, CancellationToken cancellation)
    {
        var frauds = new List<AccountId>();
        foreach (ReadOnlyMemory<byte> proof in proofs.Take(ProofPage))
        {
            try
            {
                if (await _fraud.LearnAsync(network, proof, cancellation) is { } account) frauds.Add(account);
            }
            catch (StatementException)
            {
                // Whoever says so without a proof is not believed.
            }
        }

        return frauds;
    }

    private void Succeeded(ClearBatch batch, ClearingReply reply, Line line)
    {
        lock (_lock)
        {
            DateTimeOffset now = _context.Now;
            bool hasPosted = reply.Results.Any(result => result.Outcome == ClearingOutcome.Posted);
            line.Pause = TimeSpan.Zero;
            line.KnownProofs = reply.ProofCount;
            line.HasMoreProofs = reply.Proofs.Count >= ProofPage;
            line.Next = batch.HasMore || line.HasMoreProofs ? now : now + _options.Every;
            if (batch.HasWaiting)
            {
                line.WaitingPause = hasPosted ? _options.WaitingPause : Longer(line.WaitingPause, _options.WaitingPause);
                line.NextWaiting = line.Waiting is not null ? now : now + Jitter(line.WaitingPause);
            }

            line.Release();
        }
    }

    private static string? WarningOf(StandingNews news) => news switch
    {
        StandingNews.Replaced => "The network's ledger was begun anew: its clearing node lost the one before. All receipts are submitted again; balances are right again when all members have done so.",
        StandingNews.WentBack => "The network's ledger was set back to an earlier state, such as by restoring a backup. All receipts are submitted again; balances are right again when all members have done so.",
        _ => null,
    };

    private sealed class Tally
    {
        private readonly Lock _lock = new();

        public int Posted { get; private set; }

        public int Waiting { get; private set; }

        public int Refused { get; private set; }

        public void Count(ReceiptRecord changed)
        {
            lock (_lock)
            {
                if (changed.State == ReceiptState.Waiting) Waiting++;
                else if (changed.State == ReceiptState.Refused) Refused++;
                else Posted++;
            }
        }
    }
}
