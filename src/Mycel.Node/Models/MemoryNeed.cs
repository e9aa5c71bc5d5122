using Mycel.Llama.Gguf;
using Mycel.Node.Configuration;

namespace Mycel.Node.Models;

/// <summary>Reckons how a model would be loaded on this machine.</summary>
internal static class MemoryNeed
{
    /// <summary>Context that is reckoned with where nobody says how much, in tokens.</summary>
    private const int UsualContext = 4_096;

    private const int MostSlots = 4;

    /// <summary>Bytes that models may take: what the settings say, or what the machine has free.</summary>
    public static long Budget(LocalEngineOptions options) =>
        options.MemoryMegabytes > 0 ? (long)options.MemoryMegabytes << 20 : new MachineMemory().ReadAvailableBytes();

    /// <summary>What the model would take with the largest context and the most slots that fit; where nothing fits, what the least would take.</summary>
    /// <param name="facts">The model.</param>
    /// <param name="options">The settings; they may set context and slots.</param>
    /// <param name="budgetBytes">Bytes it may take.</param>
    /// <param name="fits">Whether it fits.</param>
    public static MemoryPlan Plan(ModelFacts facts, LocalEngineOptions options, long budgetBytes, out bool fits)
    {
        var trained = Math.Max(1, facts.ContextLength ?? UsualContext);
        var context = options.ContextLength > 0 ? Math.Min(options.ContextLength, trained) : trained;
        var slots = options.Slots > 0 ? options.Slots : MostSlots;
        var fit = MemoryPlan.Fit(facts, budgetBytes, context, slots);
        fits = fit is not null;
        return fit is var (fitting, many) ? MemoryPlan.For(facts, fitting, many) : MemoryPlan.For(facts, Math.Min(context, MemoryPlan.LeastContext), 1);
    }
}
