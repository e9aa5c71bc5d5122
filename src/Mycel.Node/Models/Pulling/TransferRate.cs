namespace Mycel.Node.Models.Pulling;

/// <summary>How fast bytes come: an average in which the last seconds weigh most. For one writer at a time.</summary>
/// <param name="time">The clock.</param>
internal sealed class TransferRate(TimeProvider time)
{
    /// <summary>Time after which an older rate counts for about a third, in seconds.</summary>
    private const double MemorySeconds = 5;

    /// <summary>Rates over less time than this are noise.</summary>
    private const double StepSeconds = 0.25;

    private long _since = time.GetTimestamp();
    private long _bytes;
    private double _perSecond = double.NaN;

    /// <summary>Bytes a second; 0 until some have come.</summary>
    public double BytesPerSecond => double.IsNaN(_perSecond) ? 0 : _perSecond;

    /// <summary>Begins to count now: what went before was no waiting for bytes.</summary>
    public void Restart() => (_since, _bytes) = (time.GetTimestamp(), 0);

    /// <summary>Counts bytes that have come.</summary>
    public void Add(long bytes)
    {
        _bytes += bytes;
        var elapsed = time.GetElapsedTime(_since).TotalSeconds;
        if (elapsed < StepSeconds) return;
        var latest = _bytes / elapsed;
        _perSecond = double.IsNaN(_perSecond) ? latest : _perSecond + ((1 - Math.Exp(-elapsed / MemorySeconds)) * (latest - _perSecond));
        (_since, _bytes) = (time.GetTimestamp(), 0);
    }
}
