namespace Mycel.Node.Configuration;

/// <summary>What <c>config check --json</c> prints.</summary>
/// <param name="Ok">Whether a node would start with these settings.</param>
/// <param name="File">The configuration file, as full path, or null.</param>
/// <param name="Errors">Every mistake.</param>
/// <param name="Warnings">What works and is probably not what was meant.</param>
internal sealed record ConfigurationCheckView(
    bool Ok, string? File, IReadOnlyList<ConfigurationProblemView> Errors, IReadOnlyList<ConfigurationProblemView> Warnings)
{
    /// <summary>The view of a reading.</summary>
    public static ConfigurationCheckView Of(LoadedConfiguration loaded) => new(
        loaded.Errors.Count == 0,
        loaded.File,
        [.. loaded.Errors.Select(ConfigurationProblemView.Of)],
        [.. loaded.Warnings.Select(ConfigurationProblemView.Of)]);
}

/// <summary>One mistake or warning.</summary>
/// <param name="Key">The setting, or empty when it is about the file as a whole.</param>
/// <param name="Source">file, env, flag or default.</param>
/// <param name="Name">The file, the variable or the flag; null for a default.</param>
/// <param name="Line">Line in the file, or null.</param>
/// <param name="Column">Column in the file, or null.</param>
/// <param name="Message">What was found and what is accepted.</param>
internal sealed record ConfigurationProblemView(string Key, string Source, string? Name, int? Line, int? Column, string Message)
{
    /// <summary>The view of a problem.</summary>
    public static ConfigurationProblemView Of(ConfigurationProblem problem) =>
        new(problem.Key, problem.Origin.SourceWord, problem.Origin.Name, problem.Origin.Line, problem.Origin.Column, problem.Message);
}
