using System.Buffers.Binary;
using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>How often the outbox is emptied.</summary>
public sealed class OutboxOptions
{
    /// <summary>Between two submissions to the clearing node, when there is something. Default 2 s.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After a submission that failed; doubled each time, up to <see cref="MaxPause"/>. Default 1 s.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Before receipts that wait for the payer's line are sent again; doubled each time none was posted, up to <see cref="MaxPause"/>. Default 30 s.</summary>
    public TimeSpan WaitingPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest pause. Default 10 minutes.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>Receipts on their way to the peer on their other side.</summary>
/// <param name="Claims">Earned, and not countersigned: the peer is to sign.</param>
/// <param name="Settled">Paid, and not acknowledged: the peer is to keep them.</param>
/// <param name="HasMore">Whether there are more, after <paramref name="Cursor"/>.</param>
/// <param name="Cursor">Where the next page begins.</param>
public sealed record SettleBatch(IReadOnlyList<ReceiptRecord> Claims, IReadOnlyList<ReceiptRecord> Settled, bool HasMore, SettleCursor Cursor);

/// <summary>A place in the receipts that are due to a peer; the default value is their beginning.</summary>
/// <param name="Claims">The last claim of the page before; null at the beginning.</param>
/// <param name="Settled">The last settled receipt of the page before; null at the beginning.</param>
public readonly record struct SettleCursor(OrderId? Claims, OrderId? Settled);

/// <summary>Receipts on their way to the clearing node.</summary>
/// <param name="Network">The network.</param>
/// <param name="Receipts">The serialized <c>SettledReceipt</c>s; none to get a standing alone.</param>
/// <param name="KnownProofs">How many of the network's proofs of fraud are known.</param>
/// <param name="KnownEntries">How many entries the network's ledger has by the latest standing; 0 for none.</param>
public sealed record ClearBatch(NetworkId Network, IReadOnlyList<ReadOnlyMemory<byte>> Receipts, long KnownProofs, long KnownEntries)
{
    internal IReadOnlyList<ReceiptRecord> Records { get; init; } = [];

    internal Standing? Known { get; init; }

    internal bool HasMore { get; init; }

    internal bool HasWaiting { get; init; }
}

/// <summary>What a clearing node's answer changed.</summary>
/// <param name="Posted">Receipts that are posted.</param>
/// <param name="Waiting">Receipts that wait.</param>
/// <param name="Refused">Receipts that were refused for good.</param>
/// <param name="Standing">What came of the standing.</param>
/// <param name="Frauds">Accounts whose fraud was not known.</param>
/// <param name="Warning">What the owner should know; null for nothing.</param>
public sealed record ClearingNews(int Posted, int Waiting, int Refused, StandingNews Standing, IReadOnlyList<AccountId> Frauds, string? Warning);

/// <summary>
/// What is due to whom: claims and countersignatures to peers, settled receipts to the networks' clearing nodes. Everything in it is in the store, so that it
/// survives restarts; the same may be sent twice. Safe for use from many threads.
/// </summary>
public sealed partial class Outbox
{
    /// <summary>Most receipts in a page for a peer.</summary>
    public const int MaxSettle = 64;

    private static readonly ReceiptState[] Unposted = [ReceiptState.Countersigned, ReceiptState.Acknowledged];

    private readonly BookContext _context;
    private readonly PayerBook _payer;
    private readonly ProviderBook _provider;
    private readonly Standings _standings;
    private readonly FraudBook _fraud;
    private readonly OutboxOptions _options;
    private readonly Lock _lock = new();
    private readonly Dictionary<NetworkId, Line> _lines = [];

    /// <summary>Opens the outbox.</summary>
    /// <param name="context">What all books share.</param>
    /// <param name="payer">Learns which receipts are in the balance.</param>
    /// <param name="provider">Learns which receipts are paid for certain.</param>
    /// <param name="standings">Takes the own standings.</param>
    /// <param name="fraud">Takes proofs of fraud.</param>
    /// <param name="options">How often; null for the defaults.</param>
    public Outbox(BookContext context, PayerBook payer, ProviderBook provider, Standings standings, FraudBook fraud, OutboxOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
        _payer = payer;
        _provider = provider;
        _standings = standings;
        _fraud = fraud;
        _options = options ?? new OutboxOptions();
    }

    /// <summary>What a peer is to sign or to keep, a page at a time; asked for when the two are linked, and now and then while they are.</summary>
    public async Task<SettleBatch> DueToPeerAsync(PeerId device, SettleCursor cursor = default, CancellationToken cancellation = default)
    {
        var claims = new ReceiptQuery { Side = ReceiptSide.Earned, States = [ReceiptState.Receipted], Device = device, Before = cursor.Claims, Limit = MaxSettle / 2 };
        var settled = new ReceiptQuery { Side = ReceiptSide.Paid, States = [ReceiptState.Countersigned], Device = device, Before = cursor.Settled, Limit = MaxSettle / 2 };
        IReadOnlyList<ReceiptRecord> toSign = await _context.Store.ReceiptsAsync(claims, cancellation);
        IReadOnlyList<ReceiptRecord> toKeep = await _context.Store.ReceiptsAsync(settled, cancellation);
        var next = new SettleCursor(toSign.Count > 0 ? toSign[^1].Id : cursor.Claims, toKeep.Count > 0 ? toKeep[^1].Id : cursor.Settled);
        return new SettleBatch(toSign, toKeep, toSign.Count == claims.Limit || toKeep.Count == settled.Limit, next);
    }

    /// <summary>
    /// What is to be submitted to a network's clearing node now; null for nothing, or while a submission is under way. <see cref="ApplyAsync"/> or
    /// <see cref="Failed"/> must follow. A batch may be empty: then a new standing is due.
    /// </summary>
    public async Task<ClearBatch?> NextClearAsync(NetworkId network, CancellationToken cancellation = default)
    {
        DateTimeOffset now = _context.Now;
        Line line;
        lock (_lock)
        {
            if (!_lines.TryGetValue(network, out line!)) _lines[network] = line = new Line();
            if (line.IsBusy || now < line.Next) return null;
            line.IsBusy = true;
        }

        ClearBatch? batch = null;
        try
        {
            batch = await GatherAsync(network, line, now, cancellation);
            return batch;
        }
        finally
        {
            lock (_lock)
            {
                if (batch is null) line.IsBusy = false;
                else line.Current = batch;
            }
        }
    }

    /// <summary>The clearing node could not be reached or did not answer: the batch stays due, after a pause.</summary>
    public void Failed(ClearBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        lock (_lock)
        {
            if (!_lines.TryGetValue(batch.Network, out Line? line) || line.Current != batch) return;
            line.Pause = Longer(line.Pause, _options.FirstPause);
            line.Next = _context.Now + Jitter(line.Pause);
            line.Release();
        }
    }

    private async Task<ClearBatch?> GatherAsync(NetworkId network, Line line, DateTimeOffset now, CancellationToken cancellation)
    {
        const int room = ClearingBook.MaxReceipts;
        var query = new ReceiptQuery { Network = network, States = Unposted, Before = line.Unposted, Limit = room };
        List<ReceiptRecord> records = [.. await _context.Store.ReceiptsAsync(query, cancellation)];
        bool hasMore = records.Count == room;
        line.Unposted = hasMore ? records[^1].Id : null;
        bool hasWaiting = false;
        if (now >= line.NextWaiting && records.Count < room)
        {
            query = query with { States = [ReceiptState.Waiting], Before = line.Waiting, Limit = room - records.Count };
            IReadOnlyList<ReceiptRecord> waiting = await _context.Store.ReceiptsAsync(query, cancellation);
            line.Waiting = waiting.Count == query.Limit ? waiting[^1].Id : null;
            hasWaiting = waiting.Count > 0;
            records.AddRange(waiting);
        }

        if (records.Count == 0 && !line.HasMoreProofs && !IsStandingDue(network, now)) return null;
        Standing? own = _standings.Own(network);
        return new ClearBatch(network, [.. records.Select(record => record.Bytes)], line.KnownProofs, own?.Entries ?? 0)
        {
            Records = records,
            Known = own,
            HasMore = hasMore,
            HasWaiting = hasWaiting,
        };
    }

    private bool IsStandingDue(NetworkId network, DateTimeOffset now)
        => _standings.Own(network) is not { } own || !_standings.IsOwnTrusted(network) || now >= own.IssuedAt + ((own.ExpiresAt - own.IssuedAt) / 2);

    private TimeSpan Longer(TimeSpan pause, TimeSpan first)
    {
        TimeSpan longer = pause == TimeSpan.Zero ? first : pause * 2;
        return longer < _options.MaxPause ? longer : _options.MaxPause;
    }

    // Many nodes that lost the clearing node at one moment do not all come back at one moment.
    private TimeSpan Jitter(TimeSpan pause)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        _context.Random(bytes);
        return pause * (0.75 + (0.5 * BinaryPrimitives.ReadUInt16LittleEndian(bytes) / ushort.MaxValue));
    }

    /// <summary>How far the receipts of one network have been sent.</summary>
    private sealed class Line
    {
        public bool IsBusy { get; set; }

        public bool IsApplying { get; set; }

        public ClearBatch? Current { get; set; }

        public DateTimeOffset Next { get; set; }

        public TimeSpan Pause { get; set; }

        public DateTimeOffset NextWaiting { get; set; }

        public TimeSpan WaitingPause { get; set; }

        public OrderId? Unposted { get; set; }

        public OrderId? Waiting { get; set; }

        public long KnownProofs { get; set; }

        public bool HasMoreProofs { get; set; }

        public void Release()
        {
            IsBusy = false;
            Current = null;
        }
    }
}
