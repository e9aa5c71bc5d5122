using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Mycel.Node.Api.Admin;

/// <summary>A local model. What is not known is null.</summary>
internal sealed record ModelReply
{
    /// <summary>The name requests ask for; of a model that is not announced, its name in the models folder.</summary>
    public required string Name { get; init; }

    /// <summary>Full path of its file.</summary>
    public required string Path { get; init; }

    public long? FileBytes { get; init; }

    /// <summary><c>unloaded</c>, <c>loading</c>, <c>loaded</c>, <c>failed</c> or <c>quarantined</c> for one that is announced; <c>available</c> for another
    /// file of the models folder; <c>pulling</c> for one that is on its way.</summary>
    public required string State { get; init; }

    /// <summary>How much of it is loaded, 0 to 1.</summary>
    public double Progress { get; init; }

    public string? Error { get; init; }

    /// <summary>Where it was named: <c>flag</c>, <c>env</c>, <c>file</c>, <c>api</c> or <c>demo</c>; <c>folder</c> for one that is not announced.</summary>
    public required string Source { get; init; }

    /// <summary>Where its file was pulled from.</summary>
    public string? PulledFrom { get; init; }

    public string? Architecture { get; init; }

    public long? Parameters { get; init; }

    public string? Quantization { get; init; }

    /// <summary>Tokens it was trained for.</summary>
    public int? ContextTrain { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? Tier { get; init; }

    /// <summary>Whether it embeds texts instead of generating.</summary>
    public bool Embedding { get; init; }

    /// <summary>Tokens a request may use.</summary>
    public int? Context { get; init; }

    public int? Slots { get; init; }

    public int InFlight { get; init; }

    /// <summary>Memory it takes, or would take, estimated.</summary>
    public long? EstimatedBytes { get; init; }

    /// <summary>Memory of the process that computes it.</summary>
    public long? ProcessBytes { get; init; }

    public string? Device { get; init; }

    public int? Threads { get; init; }

    /// <summary>Tokens generated in a second of computing, all requests together, over the last half minute of it.</summary>
    public double? TokensPerSecond { get; init; }

    public DateTimeOffset? LoadedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Times its engine ended unasked.</summary>
    public int Restarts { get; init; }

    /// <summary>The download under way.</summary>
    public ModelPullProgress? Pull { get; init; }

    /// <summary>SHA-256 of a pulled file; only where one model is asked for, like all below.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sha256 { get; init; }

    /// <summary>The memory it would take if it was loaded now.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ModelMemoryReply? Memory { get; init; }

    /// <summary>The beginning of its chat template.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ChatTemplate { get; init; }

    /// <summary>What the file says of itself; long values are cut.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonObject? Metadata { get; init; }
}

/// <summary>Memory in bytes, and what it was reckoned for.</summary>
internal sealed record ModelMemoryReply(
    bool Fits, int Context, int Slots, long WeightBytes, long CacheBytes, long ComputeBytes, long OutputBytes, long TotalBytes, long BudgetBytes);

internal sealed record ModelPullProgress(string Id, long ReceivedBytes, long? TotalBytes, long BytesPerSecond, long? EtaS);

internal sealed record ModelListReply(IReadOnlyList<ModelReply> Models);

/// <summary>A download. <c>state</c>: queued, running, verifying, done, failed, cancelled, interrupted.</summary>
internal sealed record PullReply(
    string Id, string Source, string Name, string State, long ReceivedBytes, long? TotalBytes, long BytesPerSecond, long? EtaS, string? Note, PullErrorReply? Error, string? Path);

internal sealed record PullErrorReply(string Code, string Message);

internal sealed record PullListReply(IReadOnlyList<PullReply> Pulls);

internal sealed record ModelRemovedReply(string Status, string Name, long FreedBytes);

internal sealed record ModelUnloadedReply(string Status, string Name);

internal sealed record PullEndedReply(string Status, string Id);

/// <summary>The known models, the best for this machine first.</summary>
internal sealed record RecommendedReply(long BudgetBytes, bool Configured, IReadOnlyList<RecommendedModelReply> Models);

/// <summary>A known model and how it fits this machine; <c>exact</c> says whether <c>file_bytes</c> is right to the byte.</summary>
internal sealed record RecommendedModelReply(
    string Name, string Source, string Purpose, long FileBytes, bool Exact, long Parameters, string Quantization, int ContextTrain, string Licence, string? Tier,
    bool Fits, int Context, int Slots, long NeededBytes, bool Pulled);

/// <summary>Body of <c>POST /v1/node/models/load</c>.</summary>
/// <param name="Model">Name of a model that is announced or in the models folder, or full path of a file.</param>
/// <param name="Name">Name to announce it under; default its own.</param>
/// <param name="Context">Tokens a request may use.</param>
/// <param name="Slots">Requests at once.</param>
/// <param name="GpuLayers">Layers on a GPU.</param>
/// <param name="Wait">Whether the reply waits until it is loaded; default true.</param>
internal sealed record LoadModelRequest(string? Model, string? Name, int? Context, int? Slots, int? GpuLayers, bool? Wait);

/// <summary>Body of <c>POST /v1/node/models/unload</c>.</summary>
internal sealed record UnloadModelRequest(string? Model);

/// <summary>Body of <c>POST /v1/node/models/pull</c>.</summary>
/// <param name="Source"><c>https://…</c>, <c>hf:ORG/REPO:FILE</c> or a known model's name.</param>
/// <param name="Sha256">SHA-256 of the file; needed with https.</param>
/// <param name="Name">Name to keep it under.</param>
internal sealed record PullModelRequest(string? Source, string? Sha256, string? Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ModelListReply))]
[JsonSerializable(typeof(ModelReply))]
[JsonSerializable(typeof(ModelRemovedReply))]
[JsonSerializable(typeof(ModelUnloadedReply))]
[JsonSerializable(typeof(PullReply))]
[JsonSerializable(typeof(PullListReply))]
[JsonSerializable(typeof(PullEndedReply))]
[JsonSerializable(typeof(RecommendedReply))]
[JsonSerializable(typeof(LoadModelRequest))]
[JsonSerializable(typeof(UnloadModelRequest))]
[JsonSerializable(typeof(PullModelRequest))]
internal sealed partial class ModelJson : JsonSerializerContext;
