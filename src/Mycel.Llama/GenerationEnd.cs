namespace Mycel.Llama;

/// <summary>Why a generation is over.</summary>
public enum FinishReason
{
    /// <summary>The model's own end, or a stop string.</summary>
    Stop,

    /// <summary>The most tokens, or the end of the context.</summary>
    Length,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>See <see cref="GenerationEnd.Fault"/>.</summary>
    Failed,
}

/// <summary>How a generation ended, with exact counts.</summary>
public sealed record GenerationEnd(FinishReason Reason)
{
    /// <summary>Tokens of the prompt; 0 where it was never counted.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Tokens generated, the one that ended it included.</summary>
    public int CompletionTokens { get; init; }

    /// <summary>Tokens of the prompt that need not be computed.</summary>
    public int CachedTokens { get; init; }

    /// <summary>The stop string that ended it; null when none did.</summary>
    public string? StopString { get; init; }

    /// <summary>What went wrong; null where nothing did.</summary>
    public EngineFault? Fault { get; init; }

    /// <summary>Time from its slot to the first token.</summary>
    public TimeSpan PromptTime { get; init; }

    /// <summary>Time from the first token to the last.</summary>
    public TimeSpan GenerationTime { get; init; }
}

/// <summary>What kind of fault it is; decides the status a caller sees.</summary>
public enum EngineFaultKind
{
    /// <summary>The request is wrong; no engine would serve it.</summary>
    BadRequest,

    /// <summary>Prompt and output do not fit into the context.</summary>
    TooLong,

    /// <summary>Too many wait already.</summary>
    Busy,

    /// <summary>The engine ended or broke; the same request may be sent again.</summary>
    Lost,
}

/// <param name="Kind">What kind of fault it is.</param>
/// <param name="Message">One sentence for the caller: what is wrong and what to do.</param>
/// <param name="Param">The request's field that is wrong, where it is one.</param>
public sealed record EngineFault(EngineFaultKind Kind, string Message, string? Param = null);

/// <summary>An engine could not do what it was asked.</summary>
public sealed class EngineException(EngineFault fault, Exception? inner = null) : Exception(fault.Message, inner)
{
    public EngineFault Fault { get; } = fault;
}
