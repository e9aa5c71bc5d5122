using System.Globalization;

namespace Mycel.Node.Cli.Terminal;

/// <summary>Reads spans of time as people write them.</summary>
internal static class DurationText
{
    /// <summary>What is read, in words.</summary>
    public const string Accepted = "a number and a unit: 30m, 12h, 7d or 4w";

    /// <summary>Reads <c>90s</c>, <c>30m</c>, <c>12h</c>, <c>7d</c>, <c>4w</c>; the result is more than zero and at most some thousand years.</summary>
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        text = text.Trim();
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is 0 or > 1_000_000) return false;
        TimeSpan? unit = char.ToLowerInvariant(text[^1]) switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            'w' => TimeSpan.FromDays(7),
            _ => null,
        };
        if (unit is null) return false;
        span = unit.Value * count;
        return true;
    }
}
