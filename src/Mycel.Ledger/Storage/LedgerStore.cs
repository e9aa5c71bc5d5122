using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Mycel.Identity;
using Mycel.Ledger.Storage.Schema;
using Mycel.Ledger.Storage.Writing;

namespace Mycel.Ledger.Storage;

/// <summary>The books in a SQLite file or a PostgreSQL database. Safe for use from many threads; several stores, of several programs, may use one database.</summary>
public sealed class LedgerStore : ILedgerStore, IAsyncDisposable
{
    /// <summary>The most transfers in one call of <see cref="PostAsync"/>.</summary>
    public const int MaxTransfers = 10_000;

    /// <summary>The most receipts in one answer of <see cref="ReceiptsAsync"/>.</summary>
    public const int MaxReceipts = 1_000;

    /// <summary>The most proofs in one answer of <see cref="ProofsAsync"/>.</summary>
    public const int MaxProofs = 64;

    /// <summary>Contexts for questions that are kept for the next one.</summary>
    private const int MaxIdleContexts = 8;

    private readonly LedgerDatabase _database;
    private readonly ConcurrentBag<LedgerContext> _idle = [];
    private readonly StoreWriter _writer;
    private readonly bool _isStepped;
    private readonly PeerId _book;

    private LedgerStore(LedgerDatabase database, LedgerStoreOptions options, TimeProvider time)
    {
        _database = database;
        _writer = new StoreWriter(database, options, time);
        _isStepped = options.IsStepped;
        _book = options.Book;
    }

    /// <summary>Opens the books, and makes their tables or brings them up to date where needed.</summary>
    /// <param name="options">Where they are.</param>
    /// <param name="time">The time that transfers and sequences carry.</param>
    /// <exception cref="ArgumentException">The options contradict each other, or a number is out of its range.</exception>
    /// <exception cref="LedgerException">The database cannot be reached or used, or a newer program has changed its tables.</exception>
    public static LedgerStore Open(LedgerStoreOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        options.Validate();
        LedgerDatabase? database = null;
        try
        {
            database = options.SqlitePath is { Length: > 0 } path ? new SqliteLedgerDatabase(path, options.IsDurable) : new PostgresLedgerDatabase(options.PostgresConnectionString!);
            database.Migrate();
            return new LedgerStore(database, options, time);
        }
        catch (Exception problem)
        {
            database?.Dispose();
            if (!Problems.IsOfDatabase(problem)) throw;
            throw Problems.Explain(database?.Name ?? options.SqlitePath ?? "the PostgreSQL database", "opened", problem);
        }
    }

    /// <summary>Commits every write that waits now, and completes its calls within this one; how many that were. Only where <see cref="LedgerStoreOptions.IsStepped"/> is set.</summary>
    /// <exception cref="InvalidOperationException">The store commits by itself.</exception>
    public int CommitPending() => _isStepped ? _writer.CommitPending() : throw new InvalidOperationException("This store commits by itself.");

    /// <summary>Forgets every write that waits, as a crash would; its calls never complete. Only where <see cref="LedgerStoreOptions.IsStepped"/> is set.</summary>
    /// <exception cref="InvalidOperationException">The store commits by itself.</exception>
    public int DropPending() => _isStepped ? _writer.DropPending() : throw new InvalidOperationException("This store commits by itself.");

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A number is negative, a model or key's name is too long, or a state is none.</exception>
    public Task WriteAsync(LedgerWrite write, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        return _writer.RunAsync<bool>(
            write switch
            {
                LedgerWrite.Receipt receipt => new ReceiptOperation(receipt, _isStepped, cancellation),
                LedgerWrite.Standing standing => new StandingOperation(standing, _isStepped, cancellation),
                LedgerWrite.Proof proof => new ProofOperation(proof, _isStepped, cancellation),
                LedgerWrite.Unpost unpost => new UnpostOperation(unpost, _isStepped, cancellation),
                LedgerWrite.Reputation reputation => new ReputationOperation(reputation, _isStepped, cancellation),
                _ => throw new ArgumentException($"There is no write {write.GetType().Name}.", nameof(write)),
            },
            cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxTransfers"/>; payer and provider of one are the same; an amount is negative.</exception>
    public async Task<IReadOnlyList<PostingResult>> PostAsync(IReadOnlyList<Transfer> transfers, CancellationToken cancellation = default)
    {
        Checks.Transfers(transfers, MaxTransfers);
        return transfers.Count == 0 ? [] : await _writer.RunAsync(new PostOperation([.. transfers], _isStepped, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public Task<(AccountRecord Account, LedgerHead Head)> TakeSequenceAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
        => _writer.RunAsync(new SequenceOperation(network, account, _isStepped, cancellation), cancellation);

    /// <inheritdoc/>
    public Task<ReceiptRecord?> FindReceiptAsync(OrderId id, CancellationToken cancellation = default)
        => ReadAsync(context => context.Receipts.Where(row => row.Book == _book && row.Id == id).Select(RecordRows.ToRecord).FirstOrDefaultAsync(cancellation));

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not between 1 and <see cref="MaxReceipts"/>.</exception>
    public Task<IReadOnlyList<ReceiptRecord>> ReceiptsAsync(ReceiptQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, MaxReceipts);
        return ReadAsync(context => ReceiptQueries.ListAsync(context, _book, query, cancellation));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReceiptSum>> SumAsync(ReceiptQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return ReadAsync(context => ReceiptQueries.SumAsync(context, _book, query, cancellation));
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> FindStandingAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
        => ReadAsync(async context =>
        {
            byte[]? bytes = await context.Standings
                .Where(row => row.Book == _book && row.Network == network && row.Account == account).Select(static row => row.Bytes).FirstOrDefaultAsync(cancellation);
            return bytes is null ? (ReadOnlyMemory<byte>?)null : bytes;
        });

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ProofsAsync(NetworkId network, long skip, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        return ReadAsync<IReadOnlyList<ReadOnlyMemory<byte>>>(async context =>
        {
            List<byte[]> proofs = await context.Proofs.Where(row => row.Network == network).OrderBy(static row => row.Key).Select(static row => row.Bytes)
                .Skip((int)Math.Min(skip, int.MaxValue)).Take(MaxProofs).ToListAsync(cancellation);
            return proofs.ConvertAll(static bytes => (ReadOnlyMemory<byte>)bytes);
        });
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>> ReputationsAsync(CancellationToken cancellation = default)
        => ReadAsync<IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>>>(async context =>
            await context.Reputations.Where(row => row.Book == _book).ToDictionaryAsync(static row => row.Device, static row => (ReadOnlyMemory<byte>)row.Bytes, cancellation));

    /// <inheritdoc/>
    public Task<AccountRecord?> FindAccountAsync(NetworkId network, AccountId account, CancellationToken cancellation = default)
        => ReadAsync(context => context.Accounts
            .Where(row => row.Network == network && row.Account == account)
            .Select(row => new AccountRecord(
                row.Account, row.Balance, (ulong)row.Sequence, context.Proofs.Any(proof => proof.Network == row.Network && proof.Account == row.Account)))
            .FirstOrDefaultAsync(cancellation));

    /// <inheritdoc/>
    public async Task<LedgerHead> HeadAsync(NetworkId network, CancellationToken cancellation = default)
    {
        LedgerRow? ledger = await ReadAsync(context => context.Ledgers.FirstOrDefaultAsync(row => row.Network == network, cancellation));
        return ledger is null
            ? await _writer.RunAsync(new HeadOperation(network, _isStepped, cancellation), cancellation)
            : new LedgerHead(ledger.LedgerId, ledger.Entries, ledger.Head);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 0.</exception>
    public Task<ReadOnlyMemory<byte>?> HashAsync(NetworkId network, long entries, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(entries);
        if (entries == 0) return Task.FromResult<ReadOnlyMemory<byte>?>(Chain.Start());
        return ReadAsync(async context =>
        {
            byte[]? hash = await context.Transfers.Where(row => row.Network == network && row.Number == entries).Select(static row => row.Hash).FirstOrDefaultAsync(cancellation);
            return hash is null ? (ReadOnlyMemory<byte>?)null : hash;
        });
    }

    /// <summary>The networks whose ledgers are in this database.</summary>
    /// <exception cref="LedgerException">The database cannot be read.</exception>
    public Task<IReadOnlyList<NetworkId>> LedgersAsync(CancellationToken cancellation = default)
        => ReadAsync<IReadOnlyList<NetworkId>>(async context => await context.Ledgers.Select(static row => row.Network).ToListAsync(cancellation));

    /// <summary>Writes what waits (stepped: forgets it), and closes the books.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        while (_idle.TryTake(out LedgerContext? context))
            await context.DisposeAsync();
        _database.Dispose();
    }

    /// <summary>For <see cref="LedgerVerifier"/>.</summary>
    internal LedgerDatabase Database => _database;

    private async Task<T> ReadAsync<T>(Func<LedgerContext, Task<T>> question)
    {
        LedgerContext? context = null;
        try
        {
            // One for many questions: to make one takes longer than a question.
            if (!_idle.TryTake(out context)) context = _database.OpenReading();
            T answer = await question(context);
            if (_idle.Count < MaxIdleContexts)
            {
                _idle.Add(context);
                context = null;
            }

            return answer;
        }
        catch (Exception problem) when (Problems.IsOfDatabase(problem))
        {
            throw Problems.Explain(_database.Name, "read", problem);
        }
        finally
        {
            if (context is not null) await context.DisposeAsync();
        }
    }
}
