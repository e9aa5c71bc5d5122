namespace Mycel.Node.Configuration;

/// <summary>What a reload did.</summary>
public sealed class ReloadOutcome
{
    /// <summary>Whether the settings could be read; if not, the old ones stay in force.</summary>
    public bool IsOk => Errors.Count == 0;

    /// <summary>Keys whose new value is in force.</summary>
    public IReadOnlyList<string> Applied { get; init; } = [];

    /// <summary>Settings whose old value stays in force until a restart.</summary>
    public IReadOnlyList<RestartRequired> RestartRequired { get; init; } = [];

    /// <summary>Every mistake found; empty when the reload went through.</summary>
    public IReadOnlyList<ConfigurationProblem> Errors { get; init; } = [];

    /// <summary>What works and is probably not what was meant.</summary>
    public IReadOnlyList<ConfigurationProblem> Warnings { get; init; } = [];
}
