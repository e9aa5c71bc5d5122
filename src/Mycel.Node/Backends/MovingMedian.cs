namespace Mycel.Node.Backends;

/// <summary>The median of the latest samples: one that loaded a model, or had an uncommonly long prompt, does not move it. One caller at a time adds; any may read.</summary>
internal sealed class MovingMedian
{
    /// <summary>Samples looked back on.</summary>
    private const int Window = 15;

    private readonly double[] _samples = new double[Window];
    private int _count;
    private int _next;
    private double _value = double.NaN;

    /// <summary>The median; NaN before <see cref="OfferFigures.MinSamples"/> were added.</summary>
    public double Value => Volatile.Read(ref _value);

    public void Clear()
    {
        (_count, _next) = (0, 0);
        Volatile.Write(ref _value, double.NaN);
    }

    public void Add(double sample)
    {
        _samples[_next] = sample;
        _next = (_next + 1) % Window;
        if (_count < Window) _count++;
        if (_count < OfferFigures.MinSamples) return;
        Span<double> sorted = stackalloc double[Window];
        sorted = sorted[.._count];
        _samples.AsSpan(0, _count).CopyTo(sorted);
        sorted.Sort();
        Volatile.Write(ref _value, (sorted[(_count - 1) / 2] + sorted[_count / 2]) / 2);
    }
}
