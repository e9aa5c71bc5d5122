namespace Mycel.Node.Configuration;

/// <summary>
/// Makes the paths among the settings full ones. A relative path in the file starts from the file's folder, so that the node means the
/// same one wherever it is started; one in a variable or a flag starts from the working directory.
/// </summary>
internal static class FullPaths
{
    private const string ModelsFolder = "models";
    private const string LedgerFile = "ledger.db";

    /// <summary>The settings with every path full, and those folders filled in that nobody named.</summary>
    public static MycelOptions In(MycelOptions options, Dictionary<Setting, SettingOrigin> origins, string? file, ConfigurationPaths paths)
    {
        var dataDir = Full("data_dir", options.DataDir, paths.DefaultDataDir);
        var models = options.Models with
        {
            Dir = Full("models.dir", options.Models.Dir, Path.Combine(dataDir, ModelsFolder)),
            Load = [.. options.Models.Load.Select(model => WithFullPaths(model, path => Full("models.load", path, path)))],
        };
        return options with
        {
            DataDir = dataDir,
            Models = models,
            Ledger = options.Ledger with { Path = Full("ledger.path", options.Ledger.Path, Path.Combine(dataDir, LedgerFile)) },
            Engine = options.Engine with { Libraries = Full("engine.libraries", options.Engine.Libraries, "") },
        };

        string Full(string key, string path, string standard)
        {
            var source = origins[SettingTable.Find(key)!].Source;
            if (source == SettingSource.Default) return standard;
            return paths.Full(path, source == SettingSource.File ? Path.GetDirectoryName(file) : null);
        }
    }

    private static ModelEntryOptions WithFullPaths(ModelEntryOptions model, Func<string, string> full) => model with
    {
        Model = ModelName.IsPath(model.Model) ? full(model.Model) : model.Model,
        Template = model.Template is { } template ? full(template) : null,
    };
}
