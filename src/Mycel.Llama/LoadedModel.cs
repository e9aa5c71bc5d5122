namespace Mycel.Llama;

/// <summary>A model as it is loaded.</summary>
public sealed record LoadedModel
{
    /// <summary>What llama.cpp calls it, such as <c>llama 135M Q4_1</c>.</summary>
    public required string Description { get; init; }

    /// <summary>Tokens a request may use, prompt and output together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Tokens the model was trained for.</summary>
    public required int TrainedContextLength { get; init; }

    /// <summary>Requests computed at once.</summary>
    public required int Slots { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Numbers in an embedding.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>Whether it embeds texts; otherwise it generates.</summary>
    public required bool IsEmbedding { get; init; }

    /// <summary>The chat template (Jinja) in the file, or null.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The template for chats with tools, where the file has one of its own.</summary>
    public string? ToolChatTemplate { get; init; }

    /// <summary>Text of the token that begins a text; empty where there is none.</summary>
    public string BosToken { get; init; } = "";

    /// <summary>Text of the token that ends a text; empty where there is none.</summary>
    public string EosToken { get; init; } = "";

    /// <summary>Whether tokenizing a prompt puts <see cref="BosToken"/> before it: a template that writes it too would double it.</summary>
    public bool AddsBos { get; init; }

    /// <summary>Whether tokenizing a prompt puts <see cref="EosToken"/> after it.</summary>
    public bool AddsEos { get; init; }

    /// <summary>Device that computes, such as <c>CPU</c> or <c>CUDA0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Version of llama.cpp.</summary>
    public required string LibraryVersion { get; init; }

    /// <summary>Threads that compute.</summary>
    public int Threads { get; init; }
}

/// <summary>How to load a model.</summary>
public sealed record EngineOptions
{
    /// <summary>The GGUF file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Folder with llama.cpp's libraries.</summary>
    public required string LibraryFolder { get; init; }

    /// <summary>Tokens a request may use, prompt and output together; null for what the model was trained for.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Requests computed at once, 1 to 64.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Cells of the KV cache that all slots share; null for <see cref="ContextLength"/> × <see cref="Slots"/>.</summary>
    public int? CacheCells { get; init; }

    /// <summary>Threads that compute; null for the physical cores less one, at least 1.</summary>
    public int? Threads { get; init; }

    /// <summary>Layers put on a GPU; -1 for all.</summary>
    public int GpuLayers { get; init; } = -1;

    /// <summary>Requests that may wait for a slot inside the engine.</summary>
    public int QueueDepth { get; init; } = 256;
}

/// <summary>What an engine does and did. Times and counts grow from its start.</summary>
public sealed record EngineStatistics
{
    public int SlotsUsed { get; init; }
    public int Waiting { get; init; }
    public int CacheCells { get; init; }
    public int CacheCellsUsed { get; init; }
    public long Steps { get; init; }
    public long PromptTokens { get; init; }

    /// <summary>Tokens of prompts that were found in the cache.</summary>
    public long CachedTokens { get; init; }

    public long GeneratedTokens { get; init; }

    /// <summary>Time inside llama.cpp's decode.</summary>
    public TimeSpan DecodeTime { get; init; }

    /// <summary>Time spent on sampling.</summary>
    public TimeSpan SampleTime { get; init; }

    /// <summary>Time of all steps, decode and sampling included.</summary>
    public TimeSpan StepTime { get; init; }

    /// <summary>Requests put back into the line for want of cache.</summary>
    public long Preemptions { get; init; }

    /// <summary>Resident memory of the process that computes, in bytes; 0 where unknown.</summary>
    public long ProcessBytes { get; init; }
}
