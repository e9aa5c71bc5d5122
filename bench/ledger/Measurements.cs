using System.Diagnostics;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Bench.Ledger;

/// <summary>What is measured on one database.</summary>
internal sealed class Measurements(Market market, LedgerStore store, Dictionary<string, double> figures)
{
    /// <summary>Receipts in a submission: as many as a node sends at once.</summary>
    private const int Submission = ClearingBook.MaxReceipts;

    private const int WarmUp = 4_096;
    private const int Alone = 500;

    public async Task RunAsync(int receipts, int entries)
    {
        // Whatever the runtime compiles anew after many calls is compiled before the clock starts.
        await ClearAsync(WarmUp, null);
        await ClearAsync(receipts, "cleared");
        await PostAsync(receipts);
        await OneByOneAsync();
        await VerifyAsync(entries);
    }

    /// <summary>Everything that a clearing node does with a submission: reading, three signatures, certificates, posting, a signed standing.</summary>
    private async Task ClearAsync(int count, string? name)
    {
        var context = new BookContext { Store = store, Device = market.Clearer, Certificate = () => market.ClearerCertificate, Instance = new byte[16] };
        var clearing = new ClearingBook(context, new FraudBook(context), static (_, _) => new MemberTerms { CreditLine = MicroCredits.Max });
        var submissions = market.Trade(count).SelectMany(static each => each.Receipts.Chunk(Submission).Select(receipts => (each.Member, Receipts: Array.ConvertAll(receipts, static one => one.Bytes)))).ToArray();
        Random.Shared.Shuffle(submissions);
        int total = submissions.Sum(static each => each.Receipts.Length);
        var clock = new Clock();
        // As many members at once as keep the cores and the disk busy.
        await Parallel.ForEachAsync(submissions, new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount }, async (each, cancellation) =>
        {
            ClearingReply reply = await clearing.SubmitAsync(market.Network, each.Member, each.Receipts, cancellation: cancellation);
            if (reply.Results.Any(static result => result.Outcome != ClearingOutcome.Posted)) throw new InvalidOperationException($"Not posted: {reply.Results.First(static result => result.Outcome != ClearingOutcome.Posted).Reason}");
        });
        if (name is not null) clock.Note(figures, name, total);
    }

    /// <summary>The store alone: durable transfers whose signatures nobody checks.</summary>
    private async Task PostAsync(int count)
    {
        NetworkId network = Other();
        Transfer[][] calls = [.. market.Trade(count).SelectMany(each => each.Receipts.Chunk(Submission).Select(receipts => Array.ConvertAll(receipts, one => Market.ToTransfer(one, network))))];
        var clock = new Clock();
        await Task.WhenAll(calls.Select(call => store.PostAsync(call)));
        clock.Note(figures, "posted", calls.Sum(static call => call.Length));
    }

    /// <summary>A lone caller that waits for each: what a transaction takes by itself.</summary>
    private async Task OneByOneAsync()
    {
        NetworkId network = Other();
        SettledReceipt[] receipts = [.. market.Trade(Alone).SelectMany(static each => each.Receipts)];
        var clock = new Clock();
        foreach (SettledReceipt receipt in receipts)
            await store.PostAsync([Market.ToTransfer(receipt, network)]);
        clock.Note(figures, "alone", receipts.Length);
    }

    /// <summary>Re-checks a whole ledger, every signature included.</summary>
    private async Task VerifyAsync(int entries)
    {
        NetworkId network = Other();
        const int Part = 20_000;
        for (int left = entries / 2; left > 0; left -= Part)
        {
            Transfer[] transfers = [.. market.Trade(Math.Min(left, Part)).SelectMany(static each => each.Receipts).Take(left).Select(one => Market.ToTransfer(one, network))];
            await Task.WhenAll(transfers.Chunk(Submission).Select(call => store.PostAsync(call)));
        }

        var cache = new StatementCache();
        var clock = new Clock();
        LedgerVerification found = await LedgerVerifier.VerifyAsync(store, network, entry => Check(entry, cache));
        if (found.Problem is not null) throw new InvalidOperationException(found.Problem);
        figures["verified_entries"] = 2 * found.Entries;
        figures["verified_s"] = clock.Seconds;
        clock = new Clock();
        await LedgerVerifier.VerifyAsync(store, network, static _ => null);
        figures["chain_and_sums_s"] = clock.Seconds;
    }

    private static string? Check(LedgerEntry entry, StatementCache cache)
    {
        SettledReceipt settled = SettledReceipt.Parse(entry.Bytes.Span);
        settled.Verify(cache);
        bool fits = settled.Id == entry.Id && settled.Order.Payer == entry.Payer && settled.Order.Provider == entry.Provider && settled.Countersignature!.Amount == entry.Amount;
        return fits ? null : "It does not say what its receipt says.";
    }

    private static NetworkId Other() => NetworkId.FromPublicKey(OrderId.New().ToBytes().Concat(OrderId.New().ToBytes()).ToArray());

    /// <summary>Time and CPU time of this process since it was made.</summary>
    private sealed class Clock
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly TimeSpan _cpu = Process.GetCurrentProcess().TotalProcessorTime;

        public double Seconds => Stopwatch.GetElapsedTime(_start).TotalSeconds;

        public void Note(Dictionary<string, double> figures, string name, int count)
        {
            figures[name + "_per_s"] = count / Seconds;
            figures[name + "_cpu_us"] = (Process.GetCurrentProcess().TotalProcessorTime - _cpu).TotalMicroseconds / count;
        }
    }
}
