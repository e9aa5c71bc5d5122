namespace Mycel.Node.Discovery.Lan;

/// <summary>What discovery on the local network counts. Safe for use from several threads.</summary>
internal sealed class LanMetrics
{
    private readonly long[] _heard = new long[Enum.GetValues<LanVerdict>().Length];
    private long _sent;

    /// <summary>Announcements sent, one however many interfaces it went out on.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Datagrams that came, by what they were.</summary>
    public long Heard(LanVerdict verdict) => Interlocked.Read(ref _heard[(int)verdict]);

    public void CountSent() => Interlocked.Increment(ref _sent);

    public void Count(LanVerdict verdict) => Interlocked.Increment(ref _heard[(int)verdict]);
}
