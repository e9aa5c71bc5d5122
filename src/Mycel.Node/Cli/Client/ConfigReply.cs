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
    internal sealed class ConfigValue
    {
        /// <summary>Its key.</summary>
        public string Key { get; set; } = "";

        /// <summary>Its value.</summary>
        public JsonElement Value { get; set; }

        /// <summary>flag, env, file or default.</summary>
        public string Source { get; set; } = "";

        /// <summary>Line in the file.</summary>
        public int? Line { get; set; }

        /// <summary>Name of the flag or variable.</summary>
        public string? Name { get; set; }
    }
}
