using System.Text.Json.Serialization;

namespace Mycel.Node.Api.Admin;

/// <summary>How the bodies and replies that only these endpoints know are read and written. A field that is not known is refused: it would
/// be a slip that silently does nothing.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CreateKeyRequest))]
[JsonSerializable(typeof(PutSecretRequest))]
[JsonSerializable(typeof(SecretListView))]
internal sealed partial class AdminJson : JsonSerializerContext;
