namespace Mycel.Llama.Chat;

/// <summary>The marks that a model writes with, as far as its template shows them.</summary>
internal sealed record ChatSyntax
{
    /// <summary>Marks around reasoning, by what templates that know them have or show. The most particular come first.</summary>
    private static readonly (string Sign, string Opening, string Closing)[] ReasoningMarks =
    [
        ("<|open|>", "<|open|>think<|sep|>", "<|close|>think<|sep|>"),
        (" to=self<|message|>", " to=self<|message|>", "<|eom|>"),
        ("<|channel>thought", "<|channel>thought\n", "<channel|>"),
        ("<|inner_prefix|>", "<|inner_prefix|>", "<|inner_suffix|>"),
        ("[BEGIN FINAL RESPONSE]", "Here are my reasoning steps:\n", "[BEGIN FINAL RESPONSE]"),
        ("<|tool_call:begin|>", "<|think|>", "<|end|>"),
        ("<|START_THINKING|>", "<|START_THINKING|>", "<|END_THINKING|>"),
        ("[THINK]", "[THINK]", "[/THINK]"),
        ("seed:think", "<seed:think>", "</seed:think>"),
        ("<mm:think>", "<mm:think>", "</mm:think>"),
        ("think:opensource", "<think:opensource>", "</think:opensource>"),
        ("<think>", "<think>", "</think>"),
        ("</think>", "<think>", "</think>"),
    ];

    /// <summary>Marks around answers, which are not shown, likewise.</summary>
    private static readonly (string Sign, string[] Marks)[] DroppedMarks =
    [
        ("<|open|>", ["<|open|>response<|sep|>", "<|close|>response<|sep|>", "<|close|>message<|sep|>"]),
        (" to=self<|message|>", ["<|start|>assistant", " to=user<|message|>"]),
        ("[BEGIN FINAL RESPONSE]", ["[END FINAL RESPONSE]"]),
        ("<|tool_call:begin|>", ["<|begin|>assistant", "<|content|>"]),
        ("<|START_RESPONSE|>", ["<|START_RESPONSE|>", "<|END_RESPONSE|>"]),
        ("<|START_TEXT|>", ["<|START_TEXT|>", "<|END_TEXT|>"]),
        (">>>all", [">>>all\n"]),
    ];

    /// <summary>How it calls tools; null where the template shows no way that is known.</summary>
    public CallSyntax? Calls { get; init; }

    /// <summary>Marks around its reasoning; null where it shows none.</summary>
    public (string Opening, string Closing)? Reasoning { get; init; }

    /// <summary>Marks around its answer.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>Whether it writes in gpt-oss's channels, which hold reasoning and calls, too.</summary>
    public bool HasChannels { get; init; }

    /// <summary>A mark that prompts may end with, so that the output goes on behind it.</summary>
    public string OpenMark { get; init; } = "";

    /// <summary>Looks for marks.</summary>
    /// <param name="source">The template.</param>
    /// <param name="shown">What it makes of small chats: some put their marks together from parts.</param>
    public static ChatSyntax Detect(string source, string shown)
    {
        bool Has(string mark) => source.Contains(mark, StringComparison.Ordinal) || shown.Contains(mark, StringComparison.Ordinal);
        if (Has("<|channel|>") && Has("<|message|>") && Has("<|start|>"))
            return new ChatSyntax { HasChannels = true };
        var reasoning = ReasoningMarks.FirstOrDefault(marks => Has(marks.Sign));
        return new ChatSyntax
        {
            Calls = KnownCalls.Find(Has),
            Reasoning = reasoning.Opening is null ? null : (reasoning.Opening, reasoning.Closing),
            Dropped = [.. DroppedMarks.Where(marks => Has(marks.Sign)).SelectMany(marks => marks.Marks)],
            OpenMark = Has(">>>all") ? ">>>" : "",
        };
    }
}
