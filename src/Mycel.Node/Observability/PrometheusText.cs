using System.Globalization;
using System.Text;

namespace Mycel.Node.Observability;

/// <summary>Writes metrics in Prometheus' text format, version 0.0.4.</summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new(16 * 1024);

    /// <summary>Begins a metric; its samples follow.</summary>
    public PrometheusText Metric(string name, string type, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    public PrometheusText Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(name);
        AppendLabels(labels, null);
        _text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        return this;
    }

    public PrometheusText Histogram(string name, Histogram histogram, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var counts = histogram.Counts();
        long sum = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            sum += counts[i];
            var bound = i < Observability.Histogram.BoundsSeconds.Length ? Observability.Histogram.BoundsSeconds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
            _text.Append(name).Append("_bucket");
            AppendLabels(labels, bound);
            _text.Append(' ').Append(sum).Append('\n');
        }
        _text.Append(name).Append("_sum");
        AppendLabels(labels, null);
        _text.Append(' ').Append(histogram.SumSeconds.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        _text.Append(name).Append("_count");
        AppendLabels(labels, null);
        _text.Append(' ').Append(sum).Append('\n');
        return this;
    }

    public override string ToString() => _text.ToString();

    private void AppendLabels(ReadOnlySpan<(string Name, string Value)> labels, string? bound)
    {
        if (labels.IsEmpty && bound is null) return;
        _text.Append('{');
        var separator = "";
        foreach (var (name, value) in labels)
        {
            _text.Append(separator).Append(name).Append("=\"").Append(Escape(value)).Append('"');
            separator = ",";
        }
        if (bound is not null) _text.Append(separator).Append("le=\"").Append(bound).Append('"');
        _text.Append('}');
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
