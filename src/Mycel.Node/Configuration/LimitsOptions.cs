namespace Mycel.Node.Configuration;

/// <summary>Limits on callers. A request is charged against all of them or none.</summary>
public sealed class LimitsOptions
{
    /// <summary>For each key that has no limits of its own.</summary>
    public LimitOptions PerKey { get; init; } = new();

    /// <summary>For all callers together.</summary>
    public LimitOptions Total { get; init; } = new();
}

/// <summary>One scope's limits.</summary>
public sealed class LimitOptions
{
    /// <summary>Requests running or waiting at once; 0 is no limit. 0–1,000,000, default 0.</summary>
    public int Concurrent { get; init; }

    /// <summary>Requests in a time, such as <c>10/30s</c>, <c>600/m</c>, <c>1000/h</c>; empty is no limit. Default none.</summary>
    public RateLimit? Rate { get; init; }
}

/// <summary>A token bucket: <paramref name="Count"/> requests, refilled evenly over <paramref name="Period"/>.</summary>
public readonly record struct RateLimit(int Count, TimeSpan Period)
{
    /// <summary>Reads <c>COUNT/[N]UNIT</c> with unit s, m or h; count 1–1,000,000, period up to 24 h.</summary>
    public static bool TryParse(string? text, out RateLimit limit)
    {
        limit = default;
        if (text is null) return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 1 || slash == text.Length - 1) return false;
        if (!int.TryParse(text.AsSpan(0, slash), System.Globalization.NumberStyles.None, null, out var count) || count is < 1 or > 1_000_000) return false;
        var secondsPerUnit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        if (secondsPerUnit == 0) return false;
        var number = text.AsSpan(slash + 1, text.Length - slash - 2);
        var units = 1;
        if (!number.IsEmpty && (!int.TryParse(number, System.Globalization.NumberStyles.None, null, out units) || units < 1)) return false;
        if ((long)units * secondsPerUnit > 86_400) return false;
        limit = new RateLimit(count, TimeSpan.FromSeconds((long)units * secondsPerUnit));
        return true;
    }

    /// <summary>The form that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => $"{Count}/{(long)Period.TotalSeconds}s";
}
