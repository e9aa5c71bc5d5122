using System.Text.Json;

namespace Mycel.Node.Cli.Client;

/// <summary>The settings in force in a node.</summary>
internal sealed class ConfigReply
{
    /// <summary>The configuration file, or null.</summary>
    public string? File { get; set; }

    /// <summary>The settings.</summary>
    public IReadOnlyList<ConfigValue> Values { get; set; } = [];

    /// <summary>A setting.</summary>
    internal sealed record ConfigValue
    {
        /// <summary>Its key.</summary>
        public string Key { get; init; } = "";

        /// <summary>Its value.</summary>
        public JsonElement Value { get; init; }

        /// <summary>flag, env, file or default.</summary>
        public string Source { get; init; } = "";

        /// <summary>Line in the file.</summary>
        public int? Line { get; init; }

        /// <summary>Name of the flag or variable.</summary>
        public string? Name { get; init; }
    }
}
