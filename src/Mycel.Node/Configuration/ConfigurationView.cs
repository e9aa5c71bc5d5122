using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>The settings in force as replies and <c>--json</c> show them; never a secret.</summary>
/// <param name="File">The configuration file, as full path, or null.</param>
/// <param name="Values">Every setting.</param>
internal sealed record ConfigurationView(string? File, IReadOnlyList<ConfigurationValueView> Values)
{
    /// <summary>The view of settings.</summary>
    public static ConfigurationView Of(string? file, IEnumerable<SettingValue> values) => new(file, [.. values.Select(ConfigurationValueView.Of)]);
}

/// <summary>One setting.</summary>
/// <param name="Key">Its key, such as <c>api.port</c>.</param>
/// <param name="Value">A number, text, true or false, a list, or null.</param>
/// <param name="Source">default, file, env or flag.</param>
/// <param name="Line">Line in the file, or null.</param>
/// <param name="Name">The variable or flag, or null.</param>
internal sealed record ConfigurationValueView(string Key, JsonNode? Value, string Source, int? Line, string? Name)
{
    /// <summary>The view of a setting.</summary>
    public static ConfigurationValueView Of(SettingValue value) =>
        new(value.Key, value.Json?.DeepClone(), value.Origin.SourceWord, value.Origin.Line, value.Origin.Source == SettingSource.File ? null : value.Origin.Name);
}
