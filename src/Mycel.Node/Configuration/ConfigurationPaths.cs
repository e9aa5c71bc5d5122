namespace Mycel.Node.Configuration;

/// <summary>Where the node looks for its file and keeps its data, by the rules of the platform.</summary>
/// <param name="variables">The environment.</param>
/// <param name="workingDirectory">The folder that relative paths of flags and variables start from.</param>
internal sealed class ConfigurationPaths(IReadOnlyDictionary<string, string> variables, string workingDirectory)
{
    /// <summary>The file's name in its usual places.</summary>
    public const string FileName = "mycel.yaml";

    private const string FolderName = "mycel";

    /// <summary>The data folder when nobody names one: <c>$XDG_DATA_HOME/mycel</c> or <c>~/.local/share/mycel</c>; on Windows
    /// <c>%LOCALAPPDATA%\mycel</c>.</summary>
    public string DefaultDataDir => Path.Combine(BaseFolder("XDG_DATA_HOME", ".local/share", Environment.SpecialFolder.LocalApplicationData), FolderName);

    /// <summary>The usual places of the file, the one looked at first first.</summary>
    public IReadOnlyList<string> DefaultFiles =>
    [
        Path.Combine(workingDirectory, FileName),
        Path.Combine(BaseFolder("XDG_CONFIG_HOME", ".config", Environment.SpecialFolder.ApplicationData), FolderName, FileName),
    ];

    /// <summary>A full path: <c>~/</c> is the home folder, anything relative starts from <paramref name="folder"/> or the working directory.</summary>
    public string Full(string path, string? folder = null)
    {
        if (path == "~") path = Home;
        else if (path.StartsWith("~/", StringComparison.Ordinal)) path = Path.Combine(Home, path[2..]);
        return Path.GetFullPath(path, folder ?? workingDirectory);
    }

    private string Home =>
        EnvironmentSettings.ValueOf(variables, OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME")
        ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private string BaseFolder(string variable, string underHome, Environment.SpecialFolder onWindows)
    {
        // The XDG specification says that a relative path there is to be ignored.
        if (EnvironmentSettings.ValueOf(variables, variable) is { } named && Path.IsPathFullyQualified(named)) return named;
        return OperatingSystem.IsWindows() ? Environment.GetFolderPath(onWindows) : Path.Combine(Home, underHome);
    }
}
