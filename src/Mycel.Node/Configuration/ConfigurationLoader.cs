namespace Mycel.Node.Configuration;

/// <summary>Reads the settings: flags over variables over the file over defaults. Touches nothing but the file it reads.</summary>
public static class ConfigurationLoader
{
    /// <summary>The name under which the model that comes with the program is announced.</summary>
    internal const string DemoModelName = "tiny-austen";

    /// <summary>Reads them with the variables and working directory of this process.</summary>
    public static LoadedConfiguration Load(CommandLineSettings flags) =>
        Load(flags, EnvironmentSettings.OfProcess(), Environment.CurrentDirectory);

    /// <summary>Reads them.</summary>
    /// <param name="flags">The flags given.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="workingDirectory">Full path of the folder that relative paths start from.</param>
    public static LoadedConfiguration Load(CommandLineSettings flags, IReadOnlyDictionary<string, string> variables, string workingDirectory)
    {
        ArgumentNullException.ThrowIfNull(flags);
        ArgumentNullException.ThrowIfNull(variables);
        var problems = new ProblemList();
        var paths = new ConfigurationPaths(variables, workingDirectory);
        var (file, namedBy) = ConfigurationFile.Locate(flags, variables, paths);
        var text = file is null ? null : ConfigurationFile.Read(file, namedBy, problems);
        var root = text is null ? null : YamlReader.Read(text, file!, problems);

        var fromFile = root is null ? [] : FileSettings.Read(root, problems);
        var fromEnvironment = EnvironmentSettings.Read(variables, problems);
        var (options, origins) = Merge(fromFile, fromEnvironment, FromFlags(flags), problems);
        options = FullPaths.In(options, origins, file, paths);
        CheckTogether(options, origins, problems);
        var warnings = Warnings(options, origins, variables);
        return new LoadedConfiguration
        {
            Options = problems.Count == 0 ? options : null,
            DataDir = options.DataDir,
            File = file,
            FileText = text ?? "",
            Values = problems.Count == 0 ? [.. SettingTable.All.Select(setting => ValueOf(setting, options, origins[setting]))] : [],
            Errors = problems.Sorted(),
            Warnings = warnings.Sorted(),
        };
    }

    /// <summary>A setting as people see it.</summary>
    internal static SettingValue ValueOf(Setting setting, MycelOptions options, SettingOrigin origin) =>
        new(setting.Key, setting.Text(options), setting.Json(options), origin);

    private static Dictionary<Setting, ConfigNode> FromFlags(CommandLineSettings flags)
    {
        var nodes = new Dictionary<Setting, ConfigNode>();
        foreach (var setting in SettingTable.All)
        {
            if (setting.FlagValues(flags) is { } texts) nodes.Add(setting, setting.NodeFor(texts, new SettingOrigin(SettingSource.Flag, setting.Flag)));
        }
        return nodes;
    }

    /// <summary>Reads every source, also what a stronger one overrides: a mistake there would otherwise come to light only when the other goes.</summary>
    private static (MycelOptions Options, Dictionary<Setting, SettingOrigin> Origins) Merge(
        Dictionary<Setting, ConfigNode> file, Dictionary<Setting, ConfigNode> environment, Dictionary<Setting, ConfigNode> flags, ProblemList problems)
    {
        var options = new MycelOptions();
        var origins = new Dictionary<Setting, SettingOrigin>();
        foreach (var setting in SettingTable.All)
        {
            origins[setting] = SettingOrigin.Default;
            foreach (var source in (ReadOnlySpan<Dictionary<Setting, ConfigNode>>)[file, environment, flags])
            {
                if (!source.TryGetValue(setting, out var node) || setting.Read(node, problems) is not { } apply) continue;
                options = apply(options);
                origins[setting] = node.Origin;
            }
        }
        return (options, origins);
    }

    private static void CheckTogether(MycelOptions options, Dictionary<Setting, SettingOrigin> origins, ProblemList problems)
    {
        CheckBodies(options, origins, problems);
        if (options.Models.Demo && options.Models.Load.Any(model => model.Name == DemoModelName))
        {
            problems.Add("models.load", origins[SettingTable.Find("models.load")!],
                $"the name {DemoModelName} is that of the model that models.demo (--demo) serves; give the other one another name, as NAME=PATH");
        }
    }

    private static void CheckBodies(MycelOptions options, Dictionary<Setting, SettingOrigin> origins, ProblemList problems)
    {
        var (largest, memory) = (options.Api.MaxBodyMegabytes, options.Api.BodyMemoryMegabytes);
        if (largest <= memory) return;
        var (bodyOrigin, memoryOrigin) = (origins[SettingTable.Find("api.max_body_mb")!], origins[SettingTable.Find("api.body_memory_mb")!]);
        problems.Add("api.max_body_mb", bodyOrigin == SettingOrigin.Default ? memoryOrigin : bodyOrigin,
            $"a body of {largest} MB would never fit into api.body_memory_mb, which is {memory}; raise that to {largest} or more, or lower this");
    }

    private static ProblemList Warnings(MycelOptions options, Dictionary<Setting, SettingOrigin> origins, IReadOnlyDictionary<string, string> variables)
    {
        var warnings = new ProblemList();
        var used = options.Relays.Select(relay => KeyReference.EnvironmentName(relay.ApiKey)).OfType<string>().ToHashSet(StringComparer.Ordinal);
        EnvironmentSettings.WarnOfUnknown(variables, used.Contains, warnings);
        for (var i = 0; i < options.Relays.Count; i++)
        {
            if (KeyReference.EnvironmentName(options.Relays[i].ApiKey) is { } name && EnvironmentSettings.ValueOf(variables, name) is null)
                warnings.Add($"relays[{i}].api_key", origins[SettingTable.Find("relays")!], $"the environment variable {name} is not set; the device is called without a key");
        }
        return warnings;
    }
}
