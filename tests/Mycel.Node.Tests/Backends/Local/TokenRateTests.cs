using Mycel.Llama;
using Mycel.Node.Backends.Local;

namespace Mycel.Node.Tests.Backends.Local;

public class TokenRateTests
{
    private readonly TokenRate _rate = new();
    private long _tokens;
    private double _seconds;

    [Fact]
    public void Nothing_is_known_before_something_was_generated()
    {
        Assert.Null(_rate.PerSecond);
        _rate.Add(new EngineStatistics());
        Compute(seconds: 2, tokens: 0);
        Assert.Null(_rate.PerSecond);
    }

    [Fact]
    public void Time_in_which_nobody_asks_does_not_slow_it()
    {
        Compute(seconds: 2, tokens: 100);
        for (var i = 0; i < 1_000; i++) Compute(seconds: 0, tokens: 0);
        Assert.Equal(50, _rate.PerSecond!.Value, 0.001);
    }

    [Fact]
    public void Only_the_last_half_minute_counts()
    {
        for (var i = 0; i < 60; i++) Compute(seconds: 1, tokens: 10);
        Assert.Equal(10, _rate.PerSecond!.Value, 0.001);
        for (var i = 0; i < 15; i++) Compute(seconds: 1, tokens: 40);
        Assert.InRange(_rate.PerSecond!.Value, 20, 30);
        for (var i = 0; i < 16; i++) Compute(seconds: 1, tokens: 40);
        Assert.Equal(40, _rate.PerSecond!.Value, 0.001);
    }

    [Fact]
    public void An_engine_that_was_started_anew_is_measured_anew()
    {
        Compute(seconds: 10, tokens: 100);
        _rate.Add(new EngineStatistics());
        Assert.Null(_rate.PerSecond);
        _rate.Add(new EngineStatistics { GeneratedTokens = 90, StepTime = TimeSpan.FromSeconds(1) });
        Assert.Equal(90, _rate.PerSecond!.Value, 0.001);
    }

    private void Compute(double seconds, long tokens)
    {
        _seconds += seconds;
        _tokens += tokens;
        _rate.Add(new EngineStatistics { GeneratedTokens = _tokens, StepTime = TimeSpan.FromSeconds(_seconds) });
    }
}
