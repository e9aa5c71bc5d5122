using System.Globalization;

namespace Mycel.Llama.Gguf;

/// <summary>Memory that a loaded model needs, estimated from its file. All figures are bytes.</summary>
public sealed record MemoryPlan
{
    /// <summary>Tokens that one request may use.</summary>
    public required int ContextPerSlot { get; init; }

    /// <summary>Requests at once.</summary>
    public required int Slots { get; init; }

    /// <summary>The model's files, which are mapped into memory.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Keys and values (or states) of all tokens of all slots.</summary>
    public required long CacheBytes { get; init; }

    /// <summary>Working memory of a decode step.</summary>
    public required long ComputeBytes { get; init; }

    /// <summary>Logits of one token for each sequence that is kept.</summary>
    public required long OutputBytes { get; init; }

    public long TotalBytes => WeightBytes + CacheBytes + ComputeBytes + OutputBytes;

    /// <summary>Estimates what a model needs.</summary>
    /// <param name="facts">The model.</param>
    /// <param name="contextPerSlot">Tokens that one request may use, at least 1.</param>
    /// <param name="slots">Requests at once, at least 1.</param>
    public static MemoryPlan For(ModelFacts facts, int contextPerSlot, int slots) => MemoryEstimate.For(facts, contextPerSlot, slots);

    /// <summary>
    /// The largest context and most slots that fit a budget: slots are given up one by one as long as the context would fall below
    /// <see cref="UsefulContext"/>, then the context shrinks.
    /// </summary>
    /// <param name="facts">The model.</param>
    /// <param name="budgetBytes">Bytes it may take.</param>
    /// <param name="wantedContext">Most tokens per request.</param>
    /// <param name="wantedSlots">Most slots.</param>
    /// <returns>Null where even one slot of <see cref="LeastContext"/> tokens does not fit.</returns>
    public static (int Context, int Slots)? Fit(ModelFacts facts, long budgetBytes, int wantedContext, int wantedSlots) =>
        MemoryEstimate.Fit(facts, budgetBytes, wantedContext, wantedSlots);

    /// <summary>Tokens that a request's context should have before more slots are worth their memory.</summary>
    public const int UsefulContext = 4096;

    /// <summary>Fewest tokens of context that are of any use.</summary>
    public const int LeastContext = 256;

    /// <summary>
    /// What to tell the person who wanted to load it, without the model's name in front: what it needs, what there is, and what to do. Such as
    /// "needs 12.4 GB (weights 9.1 + context 2.9 + working memory 0.4), this machine has 7.8 GB free: …".
    /// </summary>
    /// <param name="facts">The model the plan is for.</param>
    /// <param name="availableBytes">Bytes that are free.</param>
    public string Refusal(ModelFacts facts, long availableBytes)
    {
        (double unit, string name) = TotalBytes >= 1_000_000_000 ? (1e9, "GB") : (1e6, "MB");
        string Amount(long bytes) => (bytes / unit).ToString("0.0", CultureInfo.InvariantCulture);
        string advice = Fit(facts, availableBytes, ContextPerSlot, Slots) is var (context, slots)
            ? $"set engine.context to {context} and engine.slots to {slots}, which fits, or use a smaller quantisation."
            : "use a smaller quantisation or a smaller model, or free some memory.";
        return $"needs {Amount(TotalBytes)} {name} (weights {Amount(WeightBytes)} + context {Amount(CacheBytes)} + working memory {Amount(ComputeBytes + OutputBytes)}), "
            + $"this machine has {Amount(availableBytes)} {name} free: {advice}";
    }
}
