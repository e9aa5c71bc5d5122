using System.Text.Json.Serialization;

namespace Mycel.Node.Configuration;

/// <summary>How settings are written as JSON, in replies and on the command line alike.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ConfigurationView))]
[JsonSerializable(typeof(ConfigurationCheckView))]
[JsonSerializable(typeof(ReloadView))]
internal sealed partial class ConfigurationJson : JsonSerializerContext;
