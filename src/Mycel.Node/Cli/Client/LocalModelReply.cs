using System.Text.Json;

namespace Mycel.Node.Cli.Client;

/// <summary>A model that a node computes itself, or could, as the node describes it.</summary>
internal sealed record LocalModelReply
{
    /// <summary>The name requests ask for, or the file's.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its file.</summary>
    public string Path { get; init; } = "";

    /// <summary>The file's size.</summary>
    public long? FileBytes { get; init; }

    /// <summary>unloaded, loading, loaded, failed, quarantined, available or pulling.</summary>
    public string State { get; init; } = "";

    /// <summary>Whether requests may ask for it: it neither only lies in the models folder nor is still being pulled.</summary>
    public bool IsAnnounced => State is not ("available" or "pulling");

    /// <summary>How much of it is loaded, 0 to 1.</summary>
    public double Progress { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    /// <summary>Where it was named.</summary>
    public string Source { get; init; } = "";

    /// <summary>Where its file was pulled from.</summary>
    public string? PulledFrom { get; init; }

    /// <summary>Such as llama.</summary>
    public string? Architecture { get; init; }

    /// <summary>Numbers in it.</summary>
    public long? Parameters { get; init; }

    /// <summary>How they are stored.</summary>
    public string? Quantization { get; init; }

    /// <summary>Tokens it was trained for.</summary>
    public int? ContextTrain { get; init; }

    /// <summary>Short words about it.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>What may be expected of it.</summary>
    public string? Tier { get; init; }

    /// <summary>Whether it embeds texts.</summary>
    public bool Embedding { get; init; }

    /// <summary>Tokens a request may use.</summary>
    public int? Context { get; init; }

    /// <summary>Requests at once.</summary>
    public int? Slots { get; init; }

    /// <summary>Requests on it now.</summary>
    public int InFlight { get; init; }

    /// <summary>Memory it takes or would take.</summary>
    public long? EstimatedBytes { get; init; }

    /// <summary>Memory it takes, measured.</summary>
    public long? ProcessBytes { get; init; }

    /// <summary>What computes it.</summary>
    public string? Device { get; init; }

    /// <summary>Threads that compute it.</summary>
    public int? Threads { get; init; }

    /// <summary>How fast it generates.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Times its engine ended unasked.</summary>
    public int Restarts { get; init; }

    /// <summary>The download under way.</summary>
    public PullStateReply? Pull { get; init; }

    /// <summary>The file's SHA-256.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Memory it would take if it was loaded now.</summary>
    public ModelMemory? Memory { get; init; }

    /// <summary>The beginning of its chat template.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>What the file says of itself.</summary>
    public JsonElement? Metadata { get; init; }
}

/// <summary>Memory in bytes, and what it was reckoned for.</summary>
internal sealed record ModelMemory
{
    /// <summary>Whether it fits.</summary>
    public bool Fits { get; init; }

    /// <summary>Tokens a request may use.</summary>
    public int Context { get; init; }

    /// <summary>Requests at once.</summary>
    public int Slots { get; init; }

    /// <summary>The model's files.</summary>
    public long WeightBytes { get; init; }

    /// <summary>What is kept of the tokens.</summary>
    public long CacheBytes { get; init; }

    /// <summary>Working memory.</summary>
    public long ComputeBytes { get; init; }

    /// <summary>Results of a step.</summary>
    public long OutputBytes { get; init; }

    /// <summary>All of it.</summary>
    public long TotalBytes { get; init; }

    /// <summary>What there is.</summary>
    public long BudgetBytes { get; init; }
}

/// <summary>The local models of a node.</summary>
internal sealed class LocalModelListReply
{
    /// <summary>The models.</summary>
    public IReadOnlyList<LocalModelReply> Models { get; set; } = [];
}
