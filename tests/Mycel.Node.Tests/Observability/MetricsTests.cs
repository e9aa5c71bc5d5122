using Mycel.Node.Observability;

namespace Mycel.Node.Tests.Observability;

public class MetricsTests
{
    [Fact]
    public void A_time_falls_into_the_first_bucket_that_is_not_below_it()
    {
        for (var i = 0; i < Histogram.BoundsSeconds.Length; i++)
        {
            var histogram = new Histogram();
            histogram.Record(TimeSpan.FromSeconds(Histogram.BoundsSeconds[i]));
            histogram.Record(TimeSpan.FromSeconds(Histogram.BoundsSeconds[i]) + TimeSpan.FromTicks(1));
            var counts = histogram.Counts();
            Assert.Equal((1L, 1L, 2L), (counts[i], counts[i + 1], counts.Sum()));
        }
    }

    [Fact]
    public void Times_of_nothing_count_but_add_nothing()
    {
        var histogram = new Histogram();
        histogram.Record(TimeSpan.FromSeconds(2));
        histogram.RecordZero(3);
        Assert.Equal((3L, 4L, 2.0), (histogram.Counts()[0], histogram.Counts().Sum(), histogram.SumSeconds));
    }

    [Fact]
    public async Task A_counter_loses_nothing_under_many_threads()
    {
        var counter = new StripedCounter();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 50_000; i++) counter.Add(2);
        }, TestContext.Current.CancellationToken)));
        Assert.Equal(800_000, counter.Value);
    }

    [Fact]
    public void Requests_are_counted_by_status()
    {
        var metrics = new RouteMetrics("relay:a", "m");
        Assert.Empty(metrics.Requests);
        foreach (var status in new[] { 200, 200, 429, 499, 200, 429 }) metrics.CountRequest(status);
        Assert.Equal([(200, 3L), (429, 2L), (499, 1L)], metrics.Requests.Order());
    }

    [Fact]
    public void Series_are_bounded_and_the_rest_is_counted_together()
    {
        var metrics = new NodeMetrics();
        for (var i = 0; i < NodeMetrics.MaxSeries + 500; i++) metrics.For("relay:a", $"m{i}").CountRequest(200);
        Assert.True(metrics.Routes.Count() <= NodeMetrics.MaxSeries + 2);
        Assert.Equal(500, metrics.Routes.Single(r => r.Model == "other").Requests.Sum(r => r.Count));
        Assert.Same(metrics.For("relay:a", "m0"), metrics.For("relay:a", "m0"));
        Assert.Equal("m0", metrics.For("relay:a", "m0").Model);
    }
}
