namespace Mycel.Llama.Chat;

/// <summary>How an output is to be read.</summary>
internal sealed record OutputPlan
{
    /// <summary>How tools are called; null where none may be.</summary>
    public CallSyntax? Calls { get; init; }

    public IReadOnlyList<Tool> Tools { get; init; } = [];

    /// <summary>Marks around reasoning; null where the model knows none.</summary>
    public (string Opening, string Closing)? Reasoning { get; init; }

    /// <summary>Whether the prompt ended within reasoning.</summary>
    public bool BeginsWithReasoning { get; init; }

    /// <summary>Marks around the answer itself, which are not shown.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>What the prompt ended with that belongs to the first mark.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Whether the output is in gpt-oss's channels.</summary>
    public bool HasChannels { get; init; }
}
