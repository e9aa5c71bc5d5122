namespace Mycel.Ledger.Books;

/// <summary>What one account has had from this provider without having paid for certain. Guarded by its book.</summary>
internal sealed class Tab
{
    /// <summary>How long a dispute counts.</summary>
    public static readonly TimeSpan DisputeTime = TimeSpan.FromHours(24);

    /// <summary>No dispute counts longer: to the end of its hour.</summary>
    public static readonly TimeSpan LongestDispute = DisputeTime + TimeSpan.FromHours(1);

    // Disputes by the hour in which they end to count: at most one more than a day has.
    private readonly SortedDictionary<long, long> _disputes = [];

    /// <summary>Micro-credits: the most that orders under way may cost.</summary>
    public long UnderWay { get; set; }

    /// <summary>Micro-credits of receipts without a countersignature.</summary>
    public long Claimed { get; set; }

    /// <summary>Micro-credits of countersigned receipts that are not posted.</summary>
    public long Owed { get; set; }

    /// <summary>Receipts that are not posted, and orders under way.</summary>
    public int Unsettled { get; set; }

    /// <summary>Ids of its orders that are remembered.</summary>
    public int Remembered { get; set; }

    /// <param name="amount">Micro-credits claimed and not paid.</param>
    /// <param name="at">When that was learned. (By the work's own time a payer could keep many receipts open for a day, and then refuse all of them and as many again.)</param>
    public void Dispute(long amount, DateTimeOffset at)
    {
        if (amount <= 0) return;
        long ends = HourOf(at + DisputeTime) + 1;
        _disputes[ends] = MicroCredits.Add(_disputes.GetValueOrDefault(ends), amount);
    }

    public Exposure At(DateTimeOffset now)
    {
        long hour = HourOf(now);
        while (_disputes.Count > 0 && _disputes.First().Key <= hour) _disputes.Remove(_disputes.First().Key);
        long disputed = 0;
        foreach (long amount in _disputes.Values) disputed = MicroCredits.Add(disputed, amount);
        return new Exposure(UnderWay, Claimed, Owed, disputed);
    }

    public bool IsEmpty(DateTimeOffset now) => Unsettled == 0 && Remembered == 0 && At(now).Total == 0;

    private static long HourOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 3600;
}
