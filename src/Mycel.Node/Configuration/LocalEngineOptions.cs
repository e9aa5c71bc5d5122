namespace Mycel.Node.Configuration;

/// <summary>How this node computes models itself.</summary>
public sealed record LocalEngineOptions
{
    /// <summary>Which of llama.cpp's backends computes: <c>auto</c>, <c>cpu</c>, <c>cuda</c>, <c>vulkan</c> or <c>metal</c>. Default auto.</summary>
    public string Backend { get; init; } = "auto";

    /// <summary>Full path of the folder with llama.cpp's libraries; empty, the default, for the folder beside the program.</summary>
    public string Libraries { get; init; } = "";

    /// <summary>Threads that compute, 0–1,024; 0, the default, for as many as suit the machine.</summary>
    public int Threads { get; init; }

    /// <summary>Requests that a model computes at once, 0–64; 0, the default, for as many as the memory allows, at most 4.</summary>
    public int Slots { get; init; }

    /// <summary>Tokens that a request may use, 0–16,777,216; 0, the default, for what the model was trained for, less where memory is short.</summary>
    public int ContextLength { get; init; }

    /// <summary>Seconds without a request after which a model leaves the memory, 0–31,536,000; 0 keeps it. Default 900.</summary>
    public int IdleUnloadSeconds { get; init; } = 900;

    /// <summary>Memory for all loaded models, in MB (2^20 bytes), 0–16,777,216; 0, the default, for what the machine has free.</summary>
    public int MemoryMegabytes { get; init; }

    /// <summary>Whether requests may bring a grammar (GBNF) of their own. Default false: one can be written that computes without end.</summary>
    public bool Grammar { get; init; }
}
