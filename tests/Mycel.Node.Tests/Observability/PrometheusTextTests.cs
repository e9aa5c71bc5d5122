using System.Globalization;
using System.Text.RegularExpressions;
using Mycel.Node.Observability;

namespace Mycel.Node.Tests.Observability;

public partial class PrometheusTextTests
{
    [Fact]
    public void A_metric_is_described_and_its_samples_follow()
    {
        var text = new PrometheusText().Metric("mycel_x_total", "counter", "What it counts.").Sample("mycel_x_total", 5).Sample("mycel_x_total", 2.5, ("a", "b"), ("c", "d")).ToString();
        Assert.Equal("# HELP mycel_x_total What it counts.\n# TYPE mycel_x_total counter\nmycel_x_total 5\nmycel_x_total{a=\"b\",c=\"d\"} 2.5\n", text);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("quo\"te", "quo\\\"te")]
    [InlineData("back\\slash", "back\\\\slash")]
    [InlineData("line\nbreak", "line\\nbreak")]
    [InlineData("\\\"\n", "\\\\\\\"\\n")]
    [InlineData("\\n", "\\\\n")]
    [InlineData("模型 {a=\"b\"} 1", "模型 {a=\\\"b\\\"} 1")]
    public void Labels_are_escaped(string value, string written) =>
        Assert.Equal($"m{{l=\"{written}\"}} 1\n", new PrometheusText().Sample("m", 1, ("l", value)).ToString());

    [Fact]
    public void No_label_breaks_out_of_its_line()
    {
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            var label = new string([.. Enumerable.Range(0, random.Next(10)).Select(_ => "\\\"\n{}=, a"[random.Next(9)])]);
            var text = new PrometheusText().Sample("m", 1, ("l", label)).ToString();
            Assert.True(SampleLine().IsMatch(text), $"seed {seed}: {text}");
            var escaped = text["m{l=\"".Length..^"\"} 1\n".Length];
            Assert.True(label == Unescape(escaped), $"seed {seed}: {text}");
        }
    }

    [Fact]
    public void Numbers_are_written_the_same_in_every_country()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            CultureInfo.CurrentCulture.NumberFormat.NumberDecimalSeparator = ",";
            Assert.Equal("m 1234.5\n", new PrometheusText().Sample("m", 1234.5).ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_histogram_counts_up_to_its_sum()
    {
        var histogram = new Histogram();
        foreach (var milliseconds in new[] { 0.5, 1, 1.5, 100, 1_000_000 }) histogram.Record(TimeSpan.FromMilliseconds(milliseconds));
        var lines = new PrometheusText().Histogram("h", histogram, ("l", "v")).ToString().Split('\n');
        Assert.Equal("h_bucket{l=\"v\",le=\"0.001\"} 2", lines[0]);
        Assert.Equal("h_bucket{l=\"v\",le=\"0.0025\"} 3", lines[1]);
        Assert.Contains("h_bucket{l=\"v\",le=\"0.1\"} 4", lines);
        Assert.Contains("h_bucket{l=\"v\",le=\"300\"} 4", lines);
        Assert.Contains("h_bucket{l=\"v\",le=\"+Inf\"} 5", lines);
        Assert.Contains("h_sum{l=\"v\"} 1000.103", lines);
        Assert.Contains("h_count{l=\"v\"} 5", lines);
        Assert.Equal(Histogram.BoundsSeconds.Length + 3, lines.Length - 1);
    }

    private static string Unescape(string text) => Escape().Replace(text, m => m.Value == "\\n" ? "\n" : m.Value[1..]);

    [GeneratedRegex("^m\\{l=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\"\\} 1\n$")]
    private static partial Regex SampleLine();

    [GeneratedRegex("\\\\.")]
    private static partial Regex Escape();
}
