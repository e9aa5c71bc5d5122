namespace Mycel.Llama.Gguf;

/// <summary>The arithmetic of <see cref="MemoryPlan"/>.</summary>
internal static class MemoryEstimate
{
    /// <summary>llama.cpp rounds the cells of a cache up to a multiple of this.</summary>
    private const int CellsStep = 256;

    /// <summary>Tokens that are computed at once.</summary>
    private const int BatchTokens = 512;

    public static MemoryPlan For(ModelFacts facts, int contextPerSlot, int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextPerSlot, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        long cells = ((long)contextPerSlot * slots + CellsStep - 1) / CellsStep * CellsStep;
        return new MemoryPlan
        {
            ContextPerSlot = contextPerSlot,
            Slots = slots,
            WeightBytes = facts.FileBytes,
            CacheBytes = Clamp((Int128)facts.Cache.BytesPerCell * cells + (Int128)facts.Cache.BytesPerSlot * slots),
            ComputeBytes = Clamp(Compute(facts, cells, contextPerSlot, slots)),
            OutputBytes = 4L * LlamaEngine.SequencesFor(slots, isRecurrent: false) * (facts.VocabularySize ?? 0),
        };
    }

    /// <summary>
    /// Intermediate results of a batch, the mask that says which token sees which cell (16 bits each), and, where it is more than the former, the
    /// logits. llama.cpp's own figures at 512 tokens a batch: SmolLM2 135M with 8,192 cells 21.51 MiB, here 21.50; with 32,768 cells 45.51, here
    /// 45.50; tiny-austen with 2,048 cells 6.51, here 6.50; all-MiniLM (one text of 512 tokens) 5.76, here 5.75.
    /// </summary>
    private static Int128 Compute(ModelFacts facts, long cells, int contextPerSlot, int slots)
    {
        long batch = facts.Compute.IsWholeText ? Math.Max(BatchTokens, contextPerSlot) : BatchTokens;
        Int128 results = (Int128)facts.Compute.NumbersPerToken * 4 * batch;
        Int128 logits = ((Int128)(facts.VocabularySize ?? 0) + (facts.EmbeddingLength ?? 0)) * 4 * slots;
        Int128 mask = (Int128)2 * batch * (facts.Compute.IsWholeText ? batch : facts.Cache.BytesPerCell > 0 ? cells : 0);
        return Int128.Max(results, logits) + mask;
    }

    private static long Clamp(Int128 bytes) => (long)Int128.Min(bytes, long.MaxValue / 8);

    public static (int Context, int Slots)? Fit(ModelFacts facts, long budgetBytes, int wantedContext, int wantedSlots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wantedContext, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(wantedSlots, 1);
        int least = Math.Min(wantedContext, MemoryPlan.LeastContext);
        int useful = Math.Min(wantedContext, MemoryPlan.UsefulContext);
        bool Fits(int context, int slots) => For(facts, context, slots).TotalBytes <= budgetBytes;
        if (!Fits(least, 1))
            return null;
        int slots = wantedSlots;
        while (slots > 1 && !Fits(useful, slots))
            slots--;
        int low = least;
        int high = wantedContext;
        if (Fits(high, slots))
            return (high, slots);
        while (high - low > 1)
        {
            int middle = low + (high - low) / 2;
            (low, high) = Fits(middle, slots) ? (middle, high) : (low, middle);
        }
        // A round number is easier on the eye, and the cache is made in such steps anyway.
        return (low > CellsStep ? low / CellsStep * CellsStep : low, slots);
    }
}
