using System.Globalization;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Figures as people read them.</summary>
internal static class HumanFormat
{
    /// <summary>A span of time by its two largest units: <c>3d 4h</c>, <c>5m 2s</c>, <c>45s</c>; below a second in milliseconds.</summary>
    public static string Duration(TimeSpan span)
    {
        if (span < TimeSpan.Zero) span = TimeSpan.Zero;
        if (span.TotalSeconds < 1) return Invariant($"{span.TotalMilliseconds:0} ms");
        if (span.TotalMinutes < 1) return Invariant($"{(int)span.TotalSeconds}s");
        if (span.TotalHours < 1) return Pair((int)span.TotalMinutes, "m", span.Seconds, "s");
        if (span.TotalDays < 1) return Pair((int)span.TotalHours, "h", span.Minutes, "m");
        return Pair((int)span.TotalDays, "d", span.Hours, "h");
    }

    /// <summary>A wait: <c>85 ms</c>, <c>1.24 s</c>, <c>12.4 s</c>, then as <see cref="Duration"/>.</summary>
    public static string Latency(TimeSpan span) => span.TotalMilliseconds switch
    {
        < 999.5 => Invariant($"{span.TotalMilliseconds:0} ms"),
        < 9_995 => Invariant($"{span.TotalSeconds:0.00} s"),
        < 59_950 => Invariant($"{span.TotalSeconds:0.0} s"),
        _ => Duration(span),
    };

    /// <summary>A number of things: <c>950</c>, <c>1.2k</c>, <c>34k</c>, <c>5.6M</c>.</summary>
    public static string Count(long count) => count switch
    {
        < 0 => "-" + Count(count == long.MinValue ? long.MaxValue : -count),
        < 1_000 => count.ToString(CultureInfo.InvariantCulture),
        < 999_500 => Scaled(count / 1e3, "k"),
        < 999_500_000 => Scaled(count / 1e6, "M"),
        < 999_500_000_000 => Scaled(count / 1e9, "G"),
        _ => Scaled(count / 1e12, "T"),
    };

    /// <summary>An amount of memory or disk, in powers of 1024: <c>512 B</c>, <c>1.5 GB</c>.</summary>
    public static string Bytes(long bytes)
    {
        if (bytes < 1024) return Invariant($"{bytes} B");
        double scaled = bytes;
        int unit = -1;
        while (scaled >= 1023.5 && unit < 4)
        {
            scaled /= 1024;
            unit++;
        }

        return Invariant($"{(scaled < 9.95 ? scaled.ToString("0.#", CultureInfo.InvariantCulture) : scaled.ToString("0", CultureInfo.InvariantCulture))} {"KMGTP"[unit]}B");
    }

    /// <summary>A count with its noun: <c>1 model</c>, <c>2 models</c>.</summary>
    public static string Of(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    private static string Pair(int large, string largeUnit, int small, string smallUnit) => small == 0
        ? Invariant($"{large}{largeUnit}")
        : Invariant($"{large}{largeUnit} {small}{smallUnit}");

    private static string Scaled(double value, string unit) => value < 9.95
        ? value.ToString("0.#", CultureInfo.InvariantCulture) + unit
        : value.ToString("0", CultureInfo.InvariantCulture) + unit;

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
