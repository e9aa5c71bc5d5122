using System.Text;
using System.Text.RegularExpressions;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>Shows the line a mistake is in, with a mark below it, and nothing that could be a key or a password.</summary>
internal static partial class ConfigExcerpt
{
    private const int MaxWidth = 120;

    /// <summary>The excerpt, two lines, or null when the place has no line.</summary>
    public static string? Of(ConfigurationProblem problem, string fileText)
    {
        if (problem.Origin is not { Source: SettingSource.File, Line: { } number }) return null;
        if (fileText.Split('\n').ElementAtOrDefault(number - 1) is not { } raw) return null;
        var line = Shown(raw);
        if (line.Length == 0) return null;
        var label = $"{number,6} | ";
        var excerpt = new StringBuilder("  ").Append(label).Append(line);
        if (problem.Origin.Column is { } column && column <= line.Length)
            excerpt.AppendLine().Append(' ', 2 + label.Length - 2).Append("| ").Append(' ', column - 1).Append('^');
        return excerpt.ToString();
    }

    private static string Shown(string raw)
    {
        // One column stays one column, so that the mark stays below its place.
        var line = new string([.. raw.TrimEnd().Select(c => char.IsControl(c) ? ' ' : c)]);
        line = SensitiveValue().Replace(line, "$1…");
        line = UserInfo().Replace(line, "//…@");
        line = SecretRedactor.Redact(line);
        return line.Length <= MaxWidth ? line : line[..(MaxWidth - 1)] + "…";
    }

    // A value may span what follows on the line in any quoting, so all of it goes.
    [GeneratedRegex(@"((?:key|secret|token|password|passwd|credential|auth)[A-Za-z0-9_\-""']*\s*:?).*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SensitiveValue();

    [GeneratedRegex(@"//[^\s/]*@", RegexOptions.CultureInvariant)]
    private static partial Regex UserInfo();
}
