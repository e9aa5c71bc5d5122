namespace Mycel.Node.Observability;

/// <summary>A histogram of times with fixed buckets, cheap to record into.</summary>
internal sealed class Histogram
{
    /// <summary>Upper bounds of the buckets, in seconds; one more has none.</summary>
    public static readonly double[] BoundsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

    private readonly StripedCounter[] _buckets = [.. Enumerable.Range(0, BoundsSeconds.Length + 1).Select(_ => new StripedCounter())];
    private readonly StripedCounter _microseconds = new();

    /// <summary>Records one time.</summary>
    public void Record(TimeSpan value)
    {
        var seconds = value.TotalSeconds;
        var index = 0;
        while (index < BoundsSeconds.Length && seconds > BoundsSeconds[index]) index++;
        _buckets[index].Increment();
        _microseconds.Add((long)(seconds * 1e6));
    }

    /// <summary>Records <paramref name="count"/> times of nothing: what came along with something else.</summary>
    public void RecordZero(int count) => _buckets[0].Add(count);

    /// <summary>Counts of the buckets, each by itself.</summary>
    public long[] Counts() => [.. _buckets.Select(b => b.Value)];

    /// <summary>Sum of all times, in seconds.</summary>
    public double SumSeconds => _microseconds.Value / 1e6;
}
