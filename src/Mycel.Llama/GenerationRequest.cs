namespace Mycel.Llama;

/// <summary>What to generate, and how.</summary>
public sealed record GenerationRequest
{
    /// <summary>The prompt as text; null where <see cref="PromptTokens"/> is given.</summary>
    public string? Prompt { get; init; }

    /// <summary>The prompt as tokens; null where <see cref="Prompt"/> is given.</summary>
    public IReadOnlyList<int>? PromptTokens { get; init; }

    /// <summary>Whether names of control tokens in <see cref="Prompt"/>, such as <c>&lt;|im_end|&gt;</c>, mean those tokens. True for rendered chats.</summary>
    public bool ParseSpecial { get; init; }

    /// <summary>Most tokens to generate, at least 1; null until the context is full.</summary>
    public int? MaxTokens { get; init; }

    public SamplingSettings Sampling { get; init; } = new();

    /// <summary>Texts that end the output and are no part of it. At most <see cref="MaxStops"/>, none empty.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Most stop strings.</summary>
    public const int MaxStops = 32;

    /// <summary>A grammar (GBNF, root rule <c>root</c>) that the output must follow; null for none.</summary>
    public string? Grammar { get; init; }

    /// <summary>Texts upon whose first appearance <see cref="Grammar"/> begins to bind, that text included; empty where it binds from the start.</summary>
    public IReadOnlyList<string> GrammarTriggers { get; init; } = [];

    /// <summary>Number of the likeliest alternatives to tell with each token, 0 to 20; null tells no probabilities.</summary>
    public int? TopLogProbs { get; init; }

    /// <summary>Whether control tokens are shown as their text, as some models mark tool calls with them. Those that end the output never are.</summary>
    public bool ShowControlTokens { get; init; }

    /// <summary>Whether to go on past the model's own end.</summary>
    public bool IgnoreEnd { get; init; }
}

/// <summary>How the next token is chosen. The defaults are llama.cpp's own.</summary>
public sealed record SamplingSettings
{
    /// <summary>0 takes the likeliest token; 0 to 100.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>The likeliest tokens that together have this probability, 0 to 1; 1 takes all.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>The likeliest tokens, by number; 0 takes all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>Tokens at least this likely beside the likeliest, 0 to 1; 0 takes all.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>-2 to 2; taken off a token's logit for each time it appeared.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>-2 to 2; taken off a token's logit where it appeared.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Divides the logit of tokens that appeared; 1 is none; above 0.</summary>
    public float RepeatPenalty { get; init; } = 1f;

    /// <summary>Latest tokens that penalties look at; -1 for the whole context, 0 for none.</summary>
    public int RepeatLastN { get; init; } = 64;

    /// <summary>The same seed, prompt and settings choose the same tokens, near-ties between differently shaped batches aside; null takes a new one.</summary>
    public uint? Seed { get; init; }

    /// <summary>Added to the logits of tokens; -100 and below never takes it.</summary>
    public IReadOnlyList<(int Token, float Bias)> LogitBias { get; init; } = [];
}
