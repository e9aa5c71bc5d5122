using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends;

public class BackendHealthTests
{
    private readonly ManualTime _time = new();
    private readonly BackendHealth _health;

    public BackendHealthTests() => _health = new BackendHealth(_time);

    [Fact]
    public void Three_failures_in_a_row_make_it_unhealthy_and_one_answer_well_again()
    {
        Assert.True(_health.IsHealthy);
        for (var i = 1; i < BackendHealth.UnhealthyAfter; i++) _health.RecordFailure("no");
        Assert.True(_health.IsHealthy);
        _health.RecordFailure("still no");
        Assert.False(_health.IsHealthy);
        Assert.Equal("still no", _health.LastError);
        _health.RecordSuccess();
        Assert.True(_health.IsHealthy);
        Assert.False(_health.IsCoolingDown);
        Assert.Null(_health.LastError);
    }

    [Fact]
    public void Each_failure_doubles_the_time_others_are_preferred_up_to_a_bound()
    {
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 30, 30, 30 })
        {
            _health.RecordFailure("no");
            _time.Advance(TimeSpan.FromSeconds(seconds - 0.001));
            Assert.True(_health.IsCoolingDown, $"not {seconds} s");
            _time.Advance(TimeSpan.FromSeconds(0.001));
            Assert.False(_health.IsCoolingDown, $"more than {seconds} s");
        }
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData(5.0, 5)]
    [InlineData(0.5, 0.5)]
    [InlineData(30.0, 30)]
    [InlineData(3000.0, 30)]
    public void A_busy_one_is_left_alone_for_the_time_it_names(double? retryAfter, double seconds)
    {
        _health.RecordBusy(retryAfter is { } s ? TimeSpan.FromSeconds(s) : null);
        Assert.True(_health.IsHealthy);
        _time.Advance(TimeSpan.FromSeconds(seconds - 0.001));
        Assert.True(_health.IsCoolingDown);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.False(_health.IsCoolingDown);
    }
}
