using Mycel.Llama;
using Mycel.Node.Backends.Local;
using Mycel.Node.Models;

namespace Mycel.Node.Tests.Admin;

/// <summary>Local models that no engine stands behind.</summary>
internal sealed class FakeLocalModels : ILocalModels
{
    private readonly Dictionary<string, LocalModelStatus> _models = [];

    /// <summary>Thrown by the next load.</summary>
    public ModelException? Refusal { get; set; }

    /// <summary>Holds loads up.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public LocalModelSpec? LastLoaded { get; private set; }

    public IReadOnlyList<LocalModelStatus> List()
    {
        lock (_models) return [.. _models.Values.OrderBy(model => model.Spec.Name)];
    }

    public void Announce(LocalModelSpec spec, LocalModelState state = LocalModelState.Unloaded) => Set(new LocalModelStatus(spec, state));

    public async Task<LocalModelStatus> LoadAsync(LocalModelSpec spec, CancellationToken cancellation)
    {
        LastLoaded = spec;
        if (Refusal is { } refusal) throw refusal;
        Set(new LocalModelStatus(spec, LocalModelState.Loading) { Progress = 0.5 });
        if (Gate is { } gate) await gate.Task.WaitAsync(cancellation);
        return Set(new LocalModelStatus(spec, LocalModelState.Loaded)
        {
            Model = new LoadedModel
            {
                Description = "llama 2M Q8_0",
                ContextLength = spec.ContextLength ?? 512,
                TrainedContextLength = 512,
                Slots = spec.Slots ?? 4,
                VocabularySize = 2_048,
                EmbeddingLength = 128,
                IsEmbedding = false,
                Device = "CPU",
                LibraryVersion = "b1",
                Threads = 3,
            },
            Statistics = new EngineStatistics { ProcessBytes = 1_000_000 },
            TokensPerSecond = 249.96,
            EstimatedBytes = 5_000_000,
            LoadedAt = DateTimeOffset.UnixEpoch,
        });
    }

    public Task UnloadAsync(string name, CancellationToken cancellation)
    {
        lock (_models) _models.Remove(name);
        return Task.CompletedTask;
    }

    private LocalModelStatus Set(LocalModelStatus status)
    {
        lock (_models) return _models[status.Spec.Name] = status;
    }
}
