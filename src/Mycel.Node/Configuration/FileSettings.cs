namespace Mycel.Node.Configuration;

/// <summary>Finds the settings in a file's tree.</summary>
internal static class FileSettings
{
    /// <summary>The value as written for each setting in the file; keys that no setting has go to <paramref name="problems"/>.</summary>
    public static Dictionary<Setting, ConfigNode> Read(ConfigNode root, ProblemList problems)
    {
        var nodes = new Dictionary<Setting, ConfigNode>();
        if (root.Kind == ConfigNodeKind.Section) ReadSection("", root, nodes, problems);
        else if (root.Kind != ConfigNodeKind.Empty)
            problems.Add("", root.Origin, $"the file holds {ProblemList.Describe(root)} where settings are expected; write lines of the form `key: value`");
        return nodes;
    }

    private static void ReadSection(string prefix, ConfigNode section, Dictionary<Setting, ConfigNode> nodes, ProblemList problems)
    {
        foreach (var member in section.Members)
        {
            var key = prefix + member.Name;
            if (member.Name.Contains('.', StringComparison.Ordinal)) problems.Add(key, member.Origin, DottedKey(prefix, member.Name));
            else if (SettingTable.Find(key) is { } setting) nodes[setting] = member.Value;
            else if (ChildrenOf(key + ".").Count == 0) problems.Add(key, member.Origin, UnknownKey(prefix, member.Name));
            else if (member.Value.Kind == ConfigNodeKind.Section) ReadSection(key + ".", member.Value, nodes, problems);
            else if (member.Value.Kind != ConfigNodeKind.Empty)
                problems.AddUnaccepted(key, member.Value, $"a section, with these keys indented below it: {string.Join(", ", ChildrenOf(key + "."))}");
        }
    }

    /// <summary>The names one level below a prefix.</summary>
    private static List<string> ChildrenOf(string prefix) =>
        [.. SettingTable.All.Where(s => s.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(s => s.Key[prefix.Length..].Split('.')[0]).Distinct()];

    private static string DottedKey(string prefix, string name)
    {
        if (SettingTable.Find(prefix + name) is null) return UnknownKey(prefix, name);
        var steps = name.Split('.').Select(step => $"`{step}:`");
        return $"a dot does not make a section; write these in a line each, every one indented below the one before: {string.Join(", ", steps)}";
    }

    private static string UnknownKey(string prefix, string name)
    {
        var siblings = ChildrenOf(prefix);
        var nearest = NearestName.Find(name, siblings) is { } sibling ? prefix + sibling
            : SettingTable.All.FirstOrDefault(s => s.Key.EndsWith("." + name, StringComparison.Ordinal))?.Key
            ?? NearestName.Find(prefix + name, SettingTable.All.Select(s => s.Key));
        var place = prefix.Length == 0 ? "The file" : prefix.TrimEnd('.');
        return $"unknown key; {(nearest is null ? "" : $"did you mean {nearest}? ")}{place} has: {string.Join(", ", siblings)}";
    }
}
