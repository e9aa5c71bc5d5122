using Mycel.Llama.Gguf;

namespace Mycel.Node.Backends.Local;

/// <summary>How large an engine is made.</summary>
/// <param name="ContextLength">Tokens that a request may use.</param>
/// <param name="Slots">Requests computed at once.</param>
/// <param name="Cells">Tokens that the cache holds of all together.</param>
/// <param name="Plan">The memory this takes.</param>
internal sealed record EngineSize(int ContextLength, int Slots, int Cells, MemoryPlan Plan);

/// <summary>
/// Chooses context, slots and cache of a model. What was asked for is kept or refused; what was not is made to fit. The slots
/// share one cache: it holds one request of full length, or an ordinary one in every slot, whichever is more.
/// </summary>
internal static class EngineSizing
{
    private const int DefaultSlots = 4;

    /// <summary>Tokens of an ordinary request.</summary>
    private const int OrdinaryContext = 4096;

    /// <summary>Taken where neither the file nor anyone else says how long a context may be.</summary>
    private const int UnknownContext = 4096;

    /// <summary>Chooses.</summary>
    /// <param name="facts">The model.</param>
    /// <param name="context">Tokens wanted for a request; null leaves it open.</param>
    /// <param name="slots">Slots wanted; null leaves it open.</param>
    /// <param name="budgetBytes">Memory it may take.</param>
    /// <returns>The size; its plan may exceed the budget where nothing fits, which is then to be refused.</returns>
    public static EngineSize Choose(ModelFacts facts, int? context, int? slots, long budgetBytes)
    {
        var length = context ?? facts.ContextLength ?? UnknownContext;
        var count = slots ?? DefaultSlots;
        while (true)
        {
            var size = Of(facts, length, count);
            if (size.Plan.TotalBytes <= budgetBytes) return size;
            if (context is null && length > OrdinaryContext) length = Math.Max(OrdinaryContext, length / 2);
            else if (slots is null && count > 1) count--;
            else if (context is null && length > MemoryPlan.LeastContext) length = Math.Max(MemoryPlan.LeastContext, length / 2);
            else return size;
        }
    }

    private static EngineSize Of(ModelFacts facts, int length, int slots)
    {
        var cells = Math.Max(length, Math.Min(length, OrdinaryContext) * slots);
        return new EngineSize(length, slots, cells, MemoryPlan.For(facts, (cells + slots - 1) / slots, slots));
    }
}
