using Mycel.Llama;

namespace Mycel.Node.Backends.Local;

/// <summary>
/// How fast an engine generates: tokens in a second of computing, over the last <see cref="WindowSeconds"/> of it. Idle time does not count, so
/// the rate stays what it was while nobody asks. For one caller at a time; <see cref="PerSecond"/> may be read by any.
/// </summary>
internal sealed class TokenRate
{
    /// <summary>Computing time that is looked back on, in seconds.</summary>
    private const double WindowSeconds = 30;

    /// <summary>Most samples kept: short bursts fill the window slowly.</summary>
    private const int MaxSamples = 120;

    private readonly Queue<(long Tokens, double Seconds)> _samples = new();
    private EngineStatistics _last = new();
    private long _tokens;
    private double _seconds;
    private double _perSecond = double.NaN;

    /// <summary>Tokens a second; null until some were generated.</summary>
    public double? PerSecond => Volatile.Read(ref _perSecond) is var rate && double.IsNaN(rate) ? null : rate;

    /// <summary>Takes what an engine has counted so far.</summary>
    public void Add(EngineStatistics now)
    {
        // The counts of an engine that was started anew begin at zero, and it may compute on something else.
        if (now.StepTime < _last.StepTime || now.GeneratedTokens < _last.GeneratedTokens) Forget();
        (long Tokens, double Seconds) sample = (now.GeneratedTokens - _last.GeneratedTokens, (now.StepTime - _last.StepTime).TotalSeconds);
        _last = now;
        if (sample.Seconds <= 0) return;
        _samples.Enqueue(sample);
        _tokens += sample.Tokens;
        _seconds += sample.Seconds;
        while (_samples.Count > MaxSamples || _seconds - _samples.Peek().Seconds >= WindowSeconds)
        {
            var old = _samples.Dequeue();
            _tokens -= old.Tokens;
            _seconds -= old.Seconds;
        }
        if (_tokens > 0) Volatile.Write(ref _perSecond, _tokens / _seconds);
    }

    private void Forget()
    {
        _samples.Clear();
        (_last, _tokens, _seconds) = (new EngineStatistics(), 0, 0);
        Volatile.Write(ref _perSecond, double.NaN);
    }
}
