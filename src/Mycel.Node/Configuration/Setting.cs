using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>One row of the table of settings: its names, what it accepts, and how it gets into the options and out of them.</summary>
internal abstract class Setting
{
    /// <summary>The key in the file, with dots between sections, such as <c>api.port</c>.</summary>
    public required string Key { get; init; }

    /// <summary>What it does, in one line.</summary>
    public required string Summary { get; init; }

    /// <summary>Whether a reload puts a new value in force; otherwise the node must be restarted.</summary>
    public required bool IsHot { get; init; }

    /// <summary>A second, shorter variable, or null.</summary>
    public string? Alias { get; init; }

    /// <summary>The flag, with its hyphens, or null.</summary>
    public string? Flag { get; init; }

    /// <summary>The flag's values, or null when it was not given.</summary>
    public Func<CommandLineSettings, IReadOnlyList<string>?> FlagValues { get; init; } = _ => null;

    /// <summary>What it accepts, in words.</summary>
    public abstract string Accepted { get; }

    /// <summary>Its default as text, as the documentation has it.</summary>
    public abstract string DefaultText { get; }

    /// <summary>The variable: <c>api.port</c> is <c>MYCEL_API_PORT</c>.</summary>
    public string EnvironmentName => EnvironmentSettings.Prefix + Key.Replace('.', '_').ToUpperInvariant();

    /// <summary>All its variables.</summary>
    public IReadOnlyList<string> EnvironmentNames => Alias is null ? [EnvironmentName] : [EnvironmentName, Alias];

    /// <summary>The node for texts from a flag or a variable.</summary>
    public abstract ConfigNode NodeFor(IReadOnlyList<string> texts, SettingOrigin origin);

    /// <summary>The values in a variable's text: a list is cut at its commas.</summary>
    public abstract IReadOnlyList<string> Split(string text);

    /// <summary>Reads a node. The result puts the value into options; null when it was refused, and <paramref name="problems"/> says why.</summary>
    public abstract Func<MycelOptions, MycelOptions>? Read(ConfigNode node, ProblemList problems);

    /// <summary>Takes this setting's value from one set of options into another.</summary>
    public abstract MycelOptions Copy(MycelOptions from, MycelOptions to);

    /// <summary>The value in force as text, without secrets.</summary>
    public abstract string Text(MycelOptions options);

    /// <summary>The value in force as JSON, without secrets.</summary>
    public abstract JsonNode? Json(MycelOptions options);
}
