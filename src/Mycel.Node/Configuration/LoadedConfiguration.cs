namespace Mycel.Node.Configuration;

/// <summary>What one reading of all sources gave.</summary>
public sealed class LoadedConfiguration
{
    /// <summary>The settings, or null when there are <see cref="Errors"/>.</summary>
    public required MycelOptions? Options { get; init; }

    /// <summary>The data folder, as full path; known also when there are errors elsewhere, so that a running node is still found.</summary>
    public string DataDir { get; init; } = "";

    /// <summary>The file that was read, as full path, or null when there was none.</summary>
    public required string? File { get; init; }

    /// <summary>The file's text, for excerpts; may hold what its writer should not have put there.</summary>
    internal string FileText { get; init; } = "";

    /// <summary>Each setting with its value and where that came from, in the order of the documentation; empty when there are errors.</summary>
    public IReadOnlyList<SettingValue> Values { get; init; } = [];

    /// <summary>Every mistake found.</summary>
    public IReadOnlyList<ConfigurationProblem> Errors { get; init; } = [];

    /// <summary>What works and is probably not what was meant.</summary>
    public IReadOnlyList<ConfigurationProblem> Warnings { get; init; } = [];
}
