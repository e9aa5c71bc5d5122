using System.Text;

namespace Mycel.Node.Configuration;

/// <summary>Collects every mistake of one reading, so that all can be mended at once.</summary>
internal sealed class ProblemList
{
    /// <summary>Mistakes told at most; a file that has more is some other kind of file.</summary>
    public const int MaxProblems = 100;

    private const int MaxFoundLength = 60;

    private readonly List<ConfigurationProblem> _problems = [];

    /// <summary>How many were found.</summary>
    public int Count => _problems.Count;

    /// <summary>The mistakes: the file's by line, then those of variables, then those of flags.</summary>
    public IReadOnlyList<ConfigurationProblem> Sorted() =>
        [.. _problems.OrderBy(p => p.Origin.Source).ThenBy(p => p.Origin.Line ?? 0).ThenBy(p => p.Origin.Column ?? 0)];

    /// <summary>Notes one.</summary>
    public void Add(string key, SettingOrigin origin, string message)
    {
        if (_problems.Count < MaxProblems) _problems.Add(new ConfigurationProblem(key, origin, message));
    }

    /// <summary>Notes a value that a setting does not accept, and shows it.</summary>
    public void AddUnaccepted(string key, ConfigNode node, string accepted, string? why = null) =>
        Add(key, node.Origin, $"found {Describe(node)}{(why is null ? "" : $", {why}")}; accepted: {accepted}");

    /// <summary>What was written, short and harmless to print.</summary>
    public static string Describe(ConfigNode node) => node.Kind switch
    {
        ConfigNodeKind.Empty => "nothing",
        ConfigNodeKind.List => "a list",
        ConfigNodeKind.Section => "a section",
        _ => $"\"{Shown(node.Text)}\"",
    };

    private static string Shown(string text)
    {
        var shown = new StringBuilder();
        foreach (var rune in SecretRedactor.Redact(text).EnumerateRunes())
        {
            if (shown.Length >= MaxFoundLength) return shown.Append('…').ToString();
            shown.Append(Rune.IsControl(rune) ? "\uFFFD" : rune.ToString());
        }
        return shown.ToString();
    }
}
