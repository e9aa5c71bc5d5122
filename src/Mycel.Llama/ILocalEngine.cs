namespace Mycel.Llama;

/// <summary>
/// One loaded model that serves many requests at once. The engine on llama.cpp in this process, the same in a child process, or
/// one on another library all stand behind it. Safe for use by many threads.
/// </summary>
public interface ILocalEngine : IAsyncDisposable
{
    /// <summary>What is loaded.</summary>
    LoadedModel Model { get; }

    /// <summary>Completes when the engine can serve no more: it was disposed of, or its process ended. Never faults.</summary>
    Task<EngineEnd> Ended { get; }

    /// <summary>Begins to generate. Whatever happens, a bad request included, is told to <paramref name="sink"/>, which always gets exactly one end.</summary>
    IGeneration Generate(GenerationRequest request, IGenerationSink sink);

    /// <summary>Embeds texts.</summary>
    /// <exception cref="EngineException">The model gives no embeddings, a text is too long, or the engine ended.</exception>
    Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellation);

    /// <summary>What it did so far and does now.</summary>
    EngineStatistics ReadStatistics();
}

/// <summary>Why an engine ended.</summary>
/// <param name="IsExpected">Whether it was asked to.</param>
/// <param name="Reason">One sentence.</param>
public sealed record EngineEnd(bool IsExpected, string Reason);
