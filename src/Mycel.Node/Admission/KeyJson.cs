using System.Text.Json.Serialization;

namespace Mycel.Node.Admission;

/// <summary>How keys are written as JSON, in replies and on the command line alike.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(KeyListView))]
internal sealed partial class KeyJson : JsonSerializerContext;
