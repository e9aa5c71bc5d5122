using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Mycel.Identity;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Storage;

/// <summary>
/// Re-checks a network's whole ledger, as it is when the check begins: numbers and the chain of hashes, the settled receipt of every transfer, two postings for
/// each, balances that are the sums of postings, and 0 in all. Who writes meanwhile is not held up.
/// </summary>
public sealed class LedgerVerifier
{
    /// <summary>Transfers that are read at once, and that one core checks at once.</summary>
    private const int PageSize = 512;

    private readonly LedgerDatabase _database;
    private readonly NetworkId _network;
    private readonly Func<LedgerEntry, string?> _check;
    private readonly IProgress<LedgerProgress>? _progress;
    private readonly Dictionary<AccountId, long> _balances = [];
    private readonly Lock _oneAtATime = new();
    private long _firstBad = long.MaxValue;
    private string? _problem;
    private long _done;

    private LedgerVerifier(LedgerDatabase database, NetworkId network, Func<LedgerEntry, string?> check, IProgress<LedgerProgress>? progress)
    {
        _database = database;
        _network = network;
        _check = check;
        _progress = progress;
    }

    /// <summary>Checks a network's ledger.</summary>
    /// <param name="store">The store that has it.</param>
    /// <param name="network">The network.</param>
    /// <param name="check">Checks the settled receipt of a transfer, and that the transfer says what it says; null where all is well, or what is wrong. Called on all cores at once.</param>
    /// <param name="progress">Told now and then how far the check has come.</param>
    /// <param name="cancellation">Breaks the check off.</param>
    /// <exception cref="LedgerException">There is no ledger of this network, or the database cannot be read.</exception>
    public static async Task<LedgerVerification> VerifyAsync(
        LedgerStore store, NetworkId network, Func<LedgerEntry, string?> check, IProgress<LedgerProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(check);
        var verifier = new LedgerVerifier(store.Database, network, check, progress);
        try
        {
            return await verifier.RunAsync(cancellation);
        }
        catch (Exception problem) when (Problems.IsOfDatabase(problem))
        {
            throw Problems.Explain(store.Database.Name, "read", problem);
        }
    }

    private async Task<LedgerVerification> RunAsync(CancellationToken cancellation)
    {
        await using LedgerContext context = _database.OpenReading();
        await using IDbContextTransaction snapshot = _database.BeginSnapshot(context);
        LedgerRow ledger = await context.Ledgers.FirstOrDefaultAsync(row => row.Network == _network, cancellation)
            ?? throw new LedgerException($"There is no ledger of the network {_network} in {_database.Name}.");
        var pages = Channel.CreateBounded<TransferRow[]>(new BoundedChannelOptions(2 * Environment.ProcessorCount) { SingleWriter = true });
        Task[] checks = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(() => CheckReceiptsAsync(pages.Reader, ledger.Entries, cancellation), cancellation))];
        try
        {
            await Task.Run(() => ReadAsync(context, ledger, pages.Writer, cancellation), cancellation);
        }
        finally
        {
            pages.Writer.TryComplete();
            await Task.WhenAll(checks);
        }

        // What does not hold for one transfer makes the sums worthless.
        if (_problem is null) await CheckSumsAsync(context, ledger.Entries, cancellation);
        return new LedgerVerification(ledger.Entries, _firstBad == long.MaxValue ? 0 : _firstBad, _problem);
    }

    /// <summary>Reads the transfers in their order and follows the chain.</summary>
    private async Task ReadAsync(LedgerContext context, LedgerRow ledger, ChannelWriter<TransferRow[]> pages, CancellationToken cancellation)
    {
        long last = 0;
        byte[] head = Chain.Start();
        while (Volatile.Read(ref _firstBad) == long.MaxValue)
        {
            long after = last;
            TransferRow[] page = await context.Transfers.Where(row => row.Network == _network && row.Number > after).OrderBy(static row => row.Number).Take(PageSize)
                .ToArrayAsync(cancellation);
            foreach (TransferRow row in page)
            {
                if (!Follows(row, last + 1, head)) break;
                CollectionsMarshal.GetValueRefOrAddDefault(_balances, row.Payer, out _) -= row.Amount;
                CollectionsMarshal.GetValueRefOrAddDefault(_balances, row.Provider, out _) += row.Amount;
                last = row.Number;
                head = row.Hash;
            }

            await pages.WriteAsync(page, cancellation);
            if (page.Length < PageSize) break;
        }

        if (Volatile.Read(ref _firstBad) != long.MaxValue) return;
        if (last != ledger.Entries) Report(Math.Min(last, ledger.Entries) + 1, $"The ledger says that it has {ledger.Entries} entries, and it has {last}.");
        else if (!head.AsSpan().SequenceEqual(ledger.Head)) Report(last, "The chain's last hash is not the one that the ledger says it has.");
    }

    private bool Follows(TransferRow row, long number, byte[] head)
    {
        if (row.Number != number)
            Report(number, $"It is missing; the next one has the number {row.Number}.");
        else if (row.Amount < 0 || row.Payer == row.Provider)
            Report(number, "Its amount is below zero, or it pays its payer.");
        else if (!Chain.Next(head, number, row.OrderId, row.Payer, row.Provider, row.Amount, row.Bytes, row.At).AsSpan().SequenceEqual(row.Hash))
            Report(number, "Its hash does not fit what it says and the entry before it: one of the two was changed.");
        else
            return true;
        return false;
    }

    private async Task CheckReceiptsAsync(ChannelReader<TransferRow[]> pages, long total, CancellationToken cancellation)
    {
        await foreach (TransferRow[] page in pages.ReadAllAsync(cancellation))
        {
            foreach (TransferRow row in page)
            {
                // One that is bad for certain needs no check after it, and all before it do.
                if (row.Number >= Volatile.Read(ref _firstBad)) break;
                cancellation.ThrowIfCancellationRequested();
                if (Ask(new LedgerEntry(_network, row.Number, row.OrderId, row.Payer, row.Provider, row.Amount, row.At, row.Bytes)) is { } problem) Report(row.Number, problem);
            }

            long done = Interlocked.Add(ref _done, page.Length);
            _progress?.Report(new LedgerProgress(done, total));
        }
    }

    private string? Ask(LedgerEntry entry)
    {
        try
        {
            return _check(entry);
        }
        catch (Exception problem) when (problem is LedgerException or IdentityException or FormatException)
        {
            return problem.Message;
        }
    }

    private async Task CheckSumsAsync(LedgerContext context, long entries, CancellationToken cancellation)
    {
        byte[] network = PeerIdConverter.ToBytes(_network.Hash);
        long twice = await context.Transfers.Where(row => row.Network == _network).GroupBy(static row => row.OrderId).Where(static group => group.Count() > 1)
            .Select(static group => group.Max(static row => row.Number)).FirstOrDefaultAsync(cancellation);
        if (twice != 0)
        {
            Report(twice, "Its order was posted before.");
            return;
        }

        long halved = await context.Database.SqlQuery<long>(
            $"""
            SELECT t.number AS "Value" FROM transfers t
            WHERE t.network = {network}
              AND (NOT EXISTS (SELECT 1 FROM postings p WHERE p.network = t.network AND p.number = t.number AND p.account = t.payer AND p.amount = -t.amount)
                OR NOT EXISTS (SELECT 1 FROM postings p WHERE p.network = t.network AND p.number = t.number AND p.account = t.provider AND p.amount = t.amount))
            """).OrderBy(static number => number).FirstOrDefaultAsync(cancellation);
        if (halved != 0)
        {
            Report(halved, "One of its two postings is missing or has another amount.");
            return;
        }

        long postings = await context.Postings.LongCountAsync(row => row.Network == _network, cancellation);
        if (postings != 2 * entries)
        {
            Report(0, $"There are {postings} postings, and {entries} entries, which have two each.");
            return;
        }

        await CheckBalancesAsync(context, cancellation);
    }

    private async Task CheckBalancesAsync(LedgerContext context, CancellationToken cancellation)
    {
        long sum = 0;
        await foreach (AccountRow row in context.Accounts.Where(row => row.Network == _network).AsAsyncEnumerable().WithCancellation(cancellation))
        {
            _balances.Remove(row.Account, out long balance);
            sum += row.Balance;
            if (balance != row.Balance) Report(0, $"The account {row.Account} has {row.Balance} micro-credits, and its postings sum to {balance}.");
        }

        if (_balances.Count > 0) Report(0, $"The account {_balances.First().Key} has postings and no balance.");
        if (sum != 0) Report(0, $"All balances sum to {sum} micro-credits and not to 0.");
    }

    /// <summary>Keeps what is wrong with the first bad entry; number 0 for what is not one's.</summary>
    private void Report(long number, string problem)
    {
        lock (_oneAtATime)
        {
            if (_problem is not null && number >= _firstBad) return;
            _problem = number == 0 ? problem : $"Entry {number}: {problem}";
            Volatile.Write(ref _firstBad, number);
        }
    }
}
