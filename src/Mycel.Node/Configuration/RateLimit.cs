using System.Globalization;

namespace Mycel.Node.Configuration;

/// <summary>A token bucket: <paramref name="Count"/> requests, refilled evenly over <paramref name="Period"/>.</summary>
public readonly record struct RateLimit(int Count, TimeSpan Period)
{
    /// <summary>What <see cref="TryParse"/> accepts, in words.</summary>
    public const string Accepted = "COUNT/[N]UNIT with count 1–1,000,000, unit s, m or h and a time up to 24 h, such as 10/30s, 600/m or 1000/h";

    /// <summary>Reads <c>COUNT/[N]UNIT</c> with unit s, m or h; count 1–1,000,000, period up to 24 h.</summary>
    public static bool TryParse(string? text, out RateLimit limit)
    {
        limit = default;
        if (text is null) return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 1 || slash == text.Length - 1) return false;
        if (!int.TryParse(text.AsSpan(0, slash), NumberStyles.None, null, out var count) || count is < 1 or > 1_000_000) return false;
        var secondsPerUnit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        if (secondsPerUnit == 0) return false;
        var number = text.AsSpan(slash + 1, text.Length - slash - 2);
        var units = 1;
        if (!number.IsEmpty && (!int.TryParse(number, NumberStyles.None, null, out units) || units < 1)) return false;
        if ((long)units * secondsPerUnit > 86_400) return false;
        limit = new RateLimit(count, TimeSpan.FromSeconds((long)units * secondsPerUnit));
        return true;
    }

    /// <summary>The shortest form that <see cref="TryParse"/> reads, such as <c>10/m</c> or <c>5/90s</c>.</summary>
    public override string ToString()
    {
        var seconds = (long)Period.TotalSeconds;
        var (units, unit) = seconds switch
        {
            _ when seconds % 3600 == 0 => (seconds / 3600, 'h'),
            _ when seconds % 60 == 0 => (seconds / 60, 'm'),
            _ => (seconds, 's'),
        };
        return units == 1 ? $"{Count}/{unit}" : $"{Count}/{units}{unit}";
    }
}
