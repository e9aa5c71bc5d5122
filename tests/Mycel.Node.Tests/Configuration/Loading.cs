using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

/// <summary>Loads settings in a folder of its own, from a file, variables and flags given as text.</summary>
internal sealed class Loading : IDisposable
{
    private readonly TestFolder _folder = new();

    public Dictionary<string, string> Variables { get; } = new() { ["HOME"] = "/home/somebody" };

    public CommandLineSettings Flags { get; set; } = CommandLineSettings.None;

    public string Folder => _folder.Path;

    public string File => _folder.File("mycel.yaml");

    public static LoadedConfiguration OfYaml(string yaml)
    {
        using var loading = new Loading();
        return loading.Load(yaml);
    }

    public static LoadedConfiguration OfVariable(string name, string value)
    {
        using var loading = new Loading { Variables = { [name] = value } };
        return loading.Load();
    }

    public LoadedConfiguration Load(string? yaml = null)
    {
        if (yaml is not null) _folder.Write("mycel.yaml", yaml);
        return ConfigurationLoader.Load(Flags, Variables, _folder.Path);
    }

    /// <summary>The setting's lines in a file, such as "api:\n  port: 1".</summary>
    public static string YamlOf(string key, string value)
    {
        var steps = key.Split('.');
        return string.Join('\n', steps.Select((step, depth) => new string(' ', 2 * depth) + step + ":")) + " " + value + "\n";
    }

    public void Dispose() => _folder.Dispose();
}
