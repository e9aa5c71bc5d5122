using System.Globalization;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>How the commands of networks write what occurs in several of them.</summary>
internal static class NetworkText
{
    private const int IdShown = 12;
    private const int ModelsShown = 6;

    /// <summary>As much of an id as tells it from others.</summary>
    public static string Id(string id) => Printable.Line(id.Length > IdShown ? id[..IdShown] : id);

    /// <summary>A moment by this machine's clock, to the minute.</summary>
    public static string Moment(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>Names in one line, those beyond the number told as a number.</summary>
    public static string Names(IReadOnlyList<string> names, int shown = ModelsShown)
    {
        string text = string.Join(", ", names.Take(shown).Select(name => Printable.Line(name)));
        return names.Count > shown ? $"{text} and {names.Count - shown} more" : text;
    }

    /// <summary>Which models may be asked for.</summary>
    public static string Models(IReadOnlyList<string>? models) => models is null ? "all" : models.Count == 0 ? "none" : Names(models);

    /// <summary>Micro-credits as credits.</summary>
    public static string Credits(long micro) => micro == long.MaxValue ? "no limit" : (micro / 1_000_000m).ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>An argument as a shell takes it.</summary>
    public static string Quoted(string text) => text.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.') ? text : $"\"{Printable.Line(text)}\"";
}
