using Mycel.Llama;
using Mycel.Node.Models;

namespace Mycel.Node.Backends.Local;

/// <summary>The models that this node computes itself.</summary>
internal interface ILocalModels
{
    /// <summary>Those announced, loaded or not, in the order of their names.</summary>
    IReadOnlyList<LocalModelStatus> List();

    /// <summary>Announces a model and loads it; completes when it is loaded. Loading one that is loaded does nothing.</summary>
    /// <exception cref="ModelException">The file is none, it does not fit, or the engine cannot load it.</exception>
    Task<LocalModelStatus> LoadAsync(LocalModelSpec spec, CancellationToken cancellation);

    /// <summary>Takes a model out of memory and no longer announces it; running answers end first, for a while.</summary>
    /// <exception cref="ModelException">No model of this name is announced.</exception>
    Task UnloadAsync(string name, CancellationToken cancellation);
}

/// <summary>A model to announce.</summary>
/// <param name="Name">The name that requests ask for.</param>
/// <param name="Path">Its GGUF file.</param>
internal sealed record LocalModelSpec(string Name, string Path)
{
    /// <summary>Tokens of context a request may use; null for the setting or the model's own.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Requests computed at once; null for the setting.</summary>
    public int? Slots { get; init; }

    /// <summary>Layers on a GPU; null for all that there are.</summary>
    public int? GpuLayers { get; init; }

    /// <summary>Full path of a chat template that takes the place of the model's own; null for none.</summary>
    public string? Template { get; init; }

    /// <summary>Where it was named: flag, env, file or api.</summary>
    public string Source { get; init; } = "api";
}

/// <summary>Where a local model is in its life.</summary>
internal enum LocalModelState
{
    /// <summary>Announced, and loaded by the first request for it.</summary>
    Unloaded,
    Loading,
    Loaded,

    /// <summary>The latest attempt to load it failed; a request tries again.</summary>
    Failed,

    /// <summary>Loading it ended the engine's process three times; only asking for it by name (<c>mycel models load</c>) tries again.</summary>
    Quarantined,
}

/// <summary>A local model as it is now.</summary>
/// <param name="Spec">What was asked for.</param>
/// <param name="State">Where it is in its life.</param>
internal sealed record LocalModelStatus(LocalModelSpec Spec, LocalModelState State)
{
    /// <summary>How much of it is loaded, 0 to 1.</summary>
    public double Progress { get; init; }

    /// <summary>Why it failed; null where it did not.</summary>
    public string? Error { get; init; }

    /// <summary>What the engine says of it; null while it is not loaded.</summary>
    public LoadedModel? Model { get; init; }

    /// <summary>Its engine's counters; null while it is not loaded.</summary>
    public EngineStatistics? Statistics { get; init; }

    /// <summary>Memory estimated for it, in bytes; 0 where unknown.</summary>
    public long EstimatedBytes { get; init; }

    /// <summary>Process that computes it; null while it is not loaded.</summary>
    public int? ProcessId { get; init; }

    /// <summary>Requests running on it.</summary>
    public int InFlight { get; init; }

    /// <summary>Tokens generated in a second of computing, over the last half minute of it; null where it has generated none.</summary>
    public double? TokensPerSecond { get; init; }

    public DateTimeOffset? LoadedAt { get; init; }

    /// <summary>How long loading it took the last time; null where it never was loaded.</summary>
    public TimeSpan? LoadTime { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Times its engine ended unasked.</summary>
    public int Restarts { get; init; }
}

/// <summary>Hands out the engine of one model.</summary>
internal interface IEngineSource
{
    /// <summary>The loaded engine; loads the model where it is not.</summary>
    /// <exception cref="ModelException">It cannot be loaded now.</exception>
    ValueTask<ILocalEngine> GetAsync(CancellationToken cancellation);
}
