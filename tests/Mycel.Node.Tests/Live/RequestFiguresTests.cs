using Mycel.Node.Api.Admin;
using Mycel.Node.Api.Live;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Live;

public class RequestFiguresTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static RouteRecord Record(string model, double? ttft, double duration, int status = 200, long? tokens = null) =>
        new("req", model, "relay:box", status, "done", 1, Start, 0, ttft, duration, 5, tokens, null);

    [Fact]
    public void Figures_are_by_name_the_busiest_first()
    {
        var figures = RequestsView.FiguresBy([Record("a", 10, 100), Record("b", 20, 200), Record("b", 40, 400), Record("", null, 1, 429)], record => record.Model);

        Assert.Equal(["b", "a"], figures.Select(f => f.Name));
        Assert.Equal(2, figures[0].Requests);
        Assert.Equal(20, figures[0].TtftP50Ms);
        Assert.Equal(40, figures[0].TtftP99Ms);
        Assert.Equal(400, figures[0].DurationP99Ms);
    }

    [Fact]
    public void Failures_are_counted_and_leave_the_times_alone()
    {
        var figures = Assert.Single(RequestsView.FiguresBy([Record("a", 10, 100), Record("a", null, 9000, 502), Record("a", 1, 5000, 599)], record => record.Model));

        Assert.Equal(3, figures.Requests);
        Assert.Equal(2, figures.Failed);
        Assert.Equal(100, figures.DurationP99Ms);
    }

    [Fact]
    public void Speed_is_that_after_the_first_token()
    {
        var figures = Assert.Single(RequestsView.FiguresBy([Record("a", 500, 1500, tokens: 101)], record => record.Model));

        Assert.Equal(100, figures.TokensPerSecond);
        Assert.Equal(101, figures.CompletionTokens);
    }

    [Theory]
    [InlineData(0.5, 50)]
    [InlineData(0.99, 99)]
    [InlineData(1, 100)]
    public void A_percentile_is_the_nearest_rank(double share, double expected) => Assert.Equal(expected, LoadMath.Percentile([.. Enumerable.Range(1, 100).Select(i => (double)i)], share));

    [Fact]
    public void The_median_takes_only_what_ended_lately()
    {
        Assert.Equal(30, LoadMath.MedianTtft([Record("a", 30, 2000), Record("a", 5, 100)], Start.AddSeconds(1)));
        Assert.Null(LoadMath.MedianTtft([Record("a", 5, 100)], Start.AddSeconds(1)));
    }
}
