using System.Globalization;
using System.Text.RegularExpressions;

namespace Mycel.EndToEnd.Harness;

/// <summary>A strict reader of Prometheus' text format 0.0.4: what it does not accept, a scraper might not either.</summary>
internal sealed partial class PrometheusText
{
    private readonly Dictionary<string, string> _types = [];
    private readonly HashSet<string> _series = [];
    private readonly List<Sample> _samples = [];

    public PrometheusText(string text)
    {
        Assert.EndsWith("\n", text);
        Assert.DoesNotContain("\r", text);
        var helped = new HashSet<string>();
        var finished = new HashSet<string>();
        var family = "";
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.Length == 0) continue;
            if (line.StartsWith('#'))
            {
                var words = line.Split(' ', 4);
                Assert.True(words.Length == 4 && words[0] == "#" && words[1] is "HELP" or "TYPE", $"No HELP or TYPE: {line}");
                if (words[2] != family)
                {
                    if (family.Length > 0) finished.Add(family);
                    family = words[2];
                    Assert.False(finished.Contains(family), $"{family} comes in two places.");
                }

                if (words[1] == "HELP") Assert.True(helped.Add(family), $"A second HELP for {family}.");
                else Assert.True(_types.TryAdd(family, words[3]) && words[3] is "counter" or "gauge" or "histogram" or "summary" or "untyped", $"Bad or second TYPE: {line}");
                continue;
            }

            Read(line, family);
        }

        Assert.All(_types.Keys, name => Assert.Contains(name, helped));
        foreach (var (name, type) in _types)
        {
            if (type == "histogram") CheckHistogram(name);
            if (type == "counter") Assert.All(Family(name), sample => Assert.True(sample.Value >= 0));
        }
    }

    /// <summary>Families and their types.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    public IEnumerable<Sample> Family(string name) => _samples.Where(sample => sample.Name == name);

    /// <summary>The sum of a family's samples whose labels include these.</summary>
    public double Sum(string name, params (string Name, string Value)[] labels) =>
        Family(name).Where(sample => labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value)).Sum(sample => sample.Value);

    private void Read(string line, string family)
    {
        var match = SampleLine().Match(line);
        Assert.True(match.Success, $"No sample: {line}");
        var name = match.Groups["name"].Value;
        var belongs = name == family || (_types.GetValueOrDefault(family) == "histogram" && new[] { "_bucket", "_sum", "_count" }.Any(end => name == family + end));
        Assert.True(belongs && _types.ContainsKey(family), $"{name} stands outside its family: {line}");
        var labels = new Dictionary<string, string>();
        foreach (Match label in Label().Matches(match.Groups["labels"].Value))
        {
            Assert.True(labels.TryAdd(label.Groups["name"].Value, Regex.Unescape(label.Groups["value"].Value)), $"A label twice: {line}");
        }

        var value = match.Groups["value"].Value switch { "+Inf" => double.PositiveInfinity, "-Inf" => double.NegativeInfinity, "NaN" => double.NaN, var v => double.Parse(v, CultureInfo.InvariantCulture) };
        Assert.True(_series.Add(name + string.Join(',', labels.OrderBy(l => l.Key, StringComparer.Ordinal))), $"A series twice: {line}");
        _samples.Add(new Sample(name, labels, value));
    }

    private void CheckHistogram(string name)
    {
        static string Key(Sample sample) => string.Join(',', sample.Labels.Where(l => l.Key != "le").OrderBy(l => l.Key, StringComparer.Ordinal));
        foreach (var series in Family(name + "_bucket").GroupBy(Key))
        {
            var edges = series.Select(s => s.Labels["le"] == "+Inf" ? double.PositiveInfinity : double.Parse(s.Labels["le"], CultureInfo.InvariantCulture)).ToList();
            var counts = series.Select(s => s.Value).ToList();
            Assert.True(edges.Zip(edges.Skip(1)).All(pair => pair.First < pair.Second), $"{name}'s edges do not rise.");
            Assert.True(counts.Zip(counts.Skip(1)).All(pair => pair.First <= pair.Second), $"{name}'s buckets do not add up.");
            Assert.Equal(double.PositiveInfinity, edges[^1]);
            Assert.Equal(counts[^1], Family(name + "_count").Single(s => Key(s) == series.Key).Value);
            Assert.Single(Family(name + "_sum"), s => Key(s) == series.Key);
        }
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*",?)*)\})? (?<value>[+-]Inf|NaN|-?[0-9.]+([eE][+-]?[0-9]+)?)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>([^"\\\n]|\\[\\"n])*)",?""")]
    private static partial Regex Label();

    /// <summary>One line of figures.</summary>
    internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);
}
