namespace Mycel.Node.Configuration;

/// <summary>Reads the settings among the environment variables.</summary>
internal static class EnvironmentSettings
{
    /// <summary>What every variable of the node begins with.</summary>
    public const string Prefix = "MYCEL_";

    /// <summary>Names the configuration file.</summary>
    public const string ConfigFileName = "MYCEL_CONFIG";

    /// <summary>Variables of the node that are no settings.</summary>
    public static IReadOnlyList<string> NonSettings { get; } = [ConfigFileName, "MYCEL_ENDPOINT", "MYCEL_API_KEY"];

    /// <summary>The variables of this process; on Windows their names have no case.</summary>
    public static IReadOnlyDictionary<string, string> OfProcess()
    {
        var comparer = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var variables = new Dictionary<string, string>(comparer);
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        return variables;
    }

    /// <summary>The value as written for each setting that a variable sets. An empty variable sets nothing.</summary>
    public static Dictionary<Setting, ConfigNode> Read(IReadOnlyDictionary<string, string> variables, ProblemList problems)
    {
        var nodes = new Dictionary<Setting, ConfigNode>();
        foreach (var setting in SettingTable.All)
        {
            string? first = null;
            foreach (var name in setting.EnvironmentNames)
            {
                if (ValueOf(variables, name) is not { } text) continue;
                var origin = new SettingOrigin(SettingSource.Environment, name);
                if (first is null) nodes.Add(setting, setting.NodeFor(setting.Split(text), origin));
                else if (text != ValueOf(variables, first)) problems.Add(setting.Key, origin, $"{first} sets the same and says something else; unset one of the two");
                first ??= name;
            }
        }
        return nodes;
    }

    /// <summary>A variable's trimmed value, or null when it is unset or empty.</summary>
    public static string? ValueOf(IReadOnlyDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out var text) && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;

    /// <summary>Warns of variables that look like settings and are none, except those that <paramref name="isUsed"/> knows.</summary>
    public static void WarnOfUnknown(IReadOnlyDictionary<string, string> variables, Func<string, bool> isUsed, ProblemList warnings)
    {
        var known = SettingTable.All.SelectMany(setting => setting.EnvironmentNames).Concat(NonSettings).ToList();
        foreach (var name in variables.Keys.Order(StringComparer.Ordinal))
        {
            if (!name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || known.Contains(name) || isUsed(name)) continue;
            var nearest = NearestName.Find(name, known);
            warnings.Add("", new SettingOrigin(SettingSource.Environment, name),
                nearest is null ? "no setting has this variable; it is ignored" : $"no setting has this variable; it is ignored. Did you mean {nearest}?");
        }
    }
}
