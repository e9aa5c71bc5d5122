using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mycel.Node.Cli.Client;

/// <summary>JSON of the node's interface, read and written without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeStatusReply))]
[JsonSerializable(typeof(PlanReply))]
[JsonSerializable(typeof(LoadReply))]
[JsonSerializable(typeof(LoadHistoryReply))]
[JsonSerializable(typeof(RequestListReply))]
[JsonSerializable(typeof(RelayReply))]
[JsonSerializable(typeof(RelayListReply))]
[JsonSerializable(typeof(ReloadReply))]
[JsonSerializable(typeof(ModelListReply))]
[JsonSerializable(typeof(RelayAddRequest))]
[JsonSerializable(typeof(RelaySelector))]
[JsonSerializable(typeof(LocalModelListReply))]
[JsonSerializable(typeof(LocalModelReply))]
[JsonSerializable(typeof(PullStateListReply))]
[JsonSerializable(typeof(PullStateReply))]
[JsonSerializable(typeof(RecommendedModelsReply))]
[JsonSerializable(typeof(ModelLoadRequest))]
[JsonSerializable(typeof(ModelUnloadRequest))]
[JsonSerializable(typeof(ModelPullRequest))]
[JsonSerializable(typeof(NetworkReply))]
[JsonSerializable(typeof(NetworkListReply))]
[JsonSerializable(typeof(NetworkCreateRequest))]
[JsonSerializable(typeof(AppointRequest))]
[JsonSerializable(typeof(ClearingNodeReply))]
[JsonSerializable(typeof(InviteReply))]
[JsonSerializable(typeof(InviteListReply))]
[JsonSerializable(typeof(InviteCreateRequest))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(PeerListReply))]
[JsonSerializable(typeof(TableReply))]
[JsonSerializable(typeof(FoundReply))]
[JsonSerializable(typeof(ConfigReply))]
[JsonSerializable(typeof(LogListReply))]
[JsonSerializable(typeof(FleetListReply))]
[JsonSerializable(typeof(CreditReply))]
[JsonSerializable(typeof(ReceiptReply))]
[JsonSerializable(typeof(ReceiptListReply))]
[JsonSerializable(typeof(LedgerCheckReply))]
[JsonSerializable(typeof(Chat.ChatRequest))]
[JsonSerializable(typeof(Doctor.DoctorReport))]
[JsonSerializable(typeof(string))]
internal sealed partial class ClientJson : JsonSerializerContext
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The document as people and scripts read it: indented, letters of all scripts as they are.</summary>
    public static string Format(JsonElement json)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, Indented)) json.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
