using System.Globalization;
using System.Text;

namespace Mycel.Node.Admission;

/// <summary>What a key's name and limits may be.</summary>
internal static class KeyRules
{
    /// <summary>Longest name, in UTF-16 characters.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Most requests at once that a key can be limited to.</summary>
    public const int MaxConcurrent = 1_000_000;

    /// <summary>What is wrong with a name, or null. A name like an id is refused, because <c>keys revoke</c> takes either.</summary>
    public static string? FaultOfName(string? name)
    {
        if (string.IsNullOrEmpty(name)) return "The key needs a name; give one that tells who uses it.";
        if (name.Length > MaxNameLength) return $"The key's name is longer than {MaxNameLength} characters; shorten it.";
        if (name != name.Trim() || name.EnumerateRunes().Any(IsUnprintable)) return "The key's name begins or ends with a space, or holds a character that does not print.";
        return IsId(name) ? $"The name {name} would be taken for a key's id; choose another." : null;
    }

    /// <summary>What is wrong with a limit of requests at once, or null.</summary>
    public static string? FaultOfConcurrent(int? concurrent) =>
        concurrent is < 0 or > MaxConcurrent ? $"concurrent is {concurrent}; accepted is 0 (no limit) to {MaxConcurrent:N0}." : null;

    /// <summary>Whether a text has the form of an id: <c>k</c> and a number.</summary>
    public static bool IsId(string text) => IdNumber(text) > 0;

    /// <summary>The number in an id, or 0 when it is none.</summary>
    public static long IdNumber(string text) =>
        text.StartsWith('k') && long.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static bool IsUnprintable(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned || rune == Rune.ReplacementChar;
}
