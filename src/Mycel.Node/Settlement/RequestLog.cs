namespace Mycel.Node.Settlement;

/// <summary>The latest requests, in a ring of fixed size.</summary>
internal sealed class RequestLog
{
    /// <summary>Requests remembered.</summary>
    public const int Capacity = 1024;

    private readonly RouteRecord?[] _ring = new RouteRecord?[Capacity];
    private long _count;

    /// <summary>Requests recorded since the start.</summary>
    public long Total => Interlocked.Read(ref _count);

    public void Add(RouteRecord record)
    {
        var index = Interlocked.Increment(ref _count) - 1;
        Volatile.Write(ref _ring[index % Capacity], record);
    }

    /// <summary>The latest first.</summary>
    public IReadOnlyList<RouteRecord> Latest(int limit)
    {
        var newest = Total - 1;
        var latest = new List<RouteRecord>(Math.Min(limit, Capacity));
        for (var i = newest; i >= 0 && i > newest - Capacity && latest.Count < limit; i--)
        {
            if (Volatile.Read(ref _ring[i % Capacity]) is { } record) latest.Add(record);
        }
        return latest;
    }
}
