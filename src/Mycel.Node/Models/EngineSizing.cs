using Mycel.Llama.Gguf;
using Mycel.Node.Configuration;

namespace Mycel.Node.Models;

/// <summary>How large an engine is made.</summary>
/// <param name="ContextLength">Tokens that a request may use.</param>
/// <param name="Slots">Requests computed at once.</param>
/// <param name="Cells">Tokens that the cache holds of all together.</param>
internal readonly record struct EngineShape(int ContextLength, int Slots, int Cells);

/// <summary>How large an engine is made, and the memory this takes.</summary>
/// <param name="ContextLength">Tokens that a request may use.</param>
/// <param name="Slots">Requests computed at once.</param>
/// <param name="Cells">Tokens that the cache holds of all together.</param>
/// <param name="Plan">The memory this takes.</param>
internal sealed record EngineSize(int ContextLength, int Slots, int Cells, MemoryPlan Plan);

/// <summary>
/// Chooses context, slots and cache of a model, for loading it and for whoever asks beforehand. What was asked for is kept or refused; what was not is
/// made to fit. The slots share one cache: it holds one request of full length, or an ordinary one in every slot, whichever is more.
/// </summary>
internal static class EngineSizing
{
    /// <summary>Tokens of an ordinary request; also taken where neither the file nor anyone else says how long a context may be.</summary>
    public const int OrdinaryContext = 4096;

    private const int DefaultSlots = 4;

    /// <summary>Bytes that models may take: what the settings say, or what the machine has free.</summary>
    public static long Budget(LocalEngineOptions options) =>
        options.MemoryMegabytes > 0 ? (long)options.MemoryMegabytes << 20 : new MachineMemory().ReadAvailableBytes();

    /// <summary>Chooses for a model whose file is here.</summary>
    /// <param name="facts">The model.</param>
    /// <param name="context">Tokens wanted for a request; null or 0 leaves it open.</param>
    /// <param name="slots">Slots wanted; null or 0 leaves it open.</param>
    /// <param name="budgetBytes">Memory it may take.</param>
    /// <returns>The size; its plan may exceed the budget where nothing fits, which is then to be refused.</returns>
    public static EngineSize Choose(ModelFacts facts, int? context, int? slots, long budgetBytes)
    {
        var shape = Choose(facts.ContextLength ?? OrdinaryContext, context, slots, budgetBytes, shape => PlanOf(facts, shape).TotalBytes);
        return new EngineSize(shape.ContextLength, shape.Slots, shape.Cells, PlanOf(facts, shape));
    }

    /// <summary>Chooses by any measure of the memory needed.</summary>
    /// <param name="trained">Tokens the model was trained for.</param>
    /// <param name="context">Tokens wanted for a request; null or 0 leaves it open.</param>
    /// <param name="slots">Slots wanted; null or 0 leaves it open.</param>
    /// <param name="budgetBytes">Memory it may take.</param>
    /// <param name="needed">Bytes that a shape needs.</param>
    public static EngineShape Choose(int trained, int? context, int? slots, long budgetBytes, Func<EngineShape, long> needed)
    {
        var (isContextOpen, isSlotsOpen) = (context is null or 0, slots is null or 0);
        var length = isContextOpen ? trained : context!.Value;
        var count = isSlotsOpen ? DefaultSlots : slots!.Value;
        while (true)
        {
            var shape = new EngineShape(length, count, Math.Max(length, Math.Min(length, OrdinaryContext) * count));
            if (needed(shape) <= budgetBytes) return shape;
            if (isContextOpen && length > OrdinaryContext) length = Math.Max(OrdinaryContext, length / 2);
            else if (isSlotsOpen && count > 1) count--;
            else if (isContextOpen && length > MemoryPlan.LeastContext) length = Math.Max(MemoryPlan.LeastContext, length / 2);
            else return shape;
        }
    }

    private static MemoryPlan PlanOf(ModelFacts facts, EngineShape shape) => MemoryPlan.For(facts, (shape.Cells + shape.Slots - 1) / shape.Slots, shape.Slots);
}
