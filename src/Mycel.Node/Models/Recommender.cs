using Mycel.Llama.Gguf;
using Mycel.Node.Configuration;

namespace Mycel.Node.Models;

/// <summary>
/// Ranks the known models by what fits the memory: of those that fit, the most able first; then those that do not, the smallest first. Their files
/// are not here, so their memory is reckoned from sizes and shapes alone.
/// </summary>
internal static class Recommender
{
    /// <summary>Context below which a second slot is not worth its memory, in tokens.</summary>
    private const int UsefulContext = 4_096;

    /// <summary>Context that is reckoned with at most, in tokens: beyond it few conversations go.</summary>
    private const int EnoughContext = 32_768;

    private const int MostSlots = 4;

    private const int ContextStep = 256;

    /// <summary>Working memory beside weights and context: a fixed part in bytes, and one byte in so many of the weights.</summary>
    private const long WorkingBytes = 96L << 20;

    private const int WorkingShare = 25;

    /// <summary>Ranks them for a machine.</summary>
    /// <param name="options">The settings; they may set the memory, the slots and the context.</param>
    /// <param name="availableBytes">Bytes that the machine has free.</param>
    /// <param name="pulled">Names of the models in the models folder.</param>
    public static RecommendedModels Rank(LocalEngineOptions options, long availableBytes, IReadOnlyCollection<string> pulled)
    {
        var isConfigured = options.MemoryMegabytes > 0;
        var budget = isConfigured ? (long)options.MemoryMegabytes << 20 : availableBytes;
        var all = KnownModels.All.Select(model => Fit(model, options, budget, pulled.Contains(model.Name))).ToList();
        return new RecommendedModels(budget, isConfigured,
        [
            .. all.Where(one => one.Fits).OrderBy(one => one.Model.Purpose == ModelPurpose.Embedding).ThenByDescending(one => Ability(one.Model)),
            .. all.Where(one => !one.Fits).OrderBy(one => one.NeededBytes),
        ]);
    }

    /// <summary>Memory that a known model takes, in bytes.</summary>
    public static long Needed(KnownModel model, int contextLength, int slots) =>
        model.Bytes + (model.Bytes / WorkingShare) + WorkingBytes + ((long)model.CacheBytesPerToken * contextLength * slots);

    private static Recommendation Fit(KnownModel model, LocalEngineOptions options, long budget, bool isPulled)
    {
        var most = Math.Min(model.ContextLength, options.ContextLength > 0 ? options.ContextLength : EnoughContext);
        var useful = Math.Min(most, UsefulContext);
        var slots = options.Slots > 0 ? options.Slots : MostSlots;
        while (slots > 1 && Needed(model, useful, slots) > budget) slots--;
        var fits = Needed(model, useful, slots) <= budget;
        var context = fits ? LargestContext(model, budget, useful, most, slots) : useful;
        var tier = model.Purpose == ModelPurpose.Embedding ? null : ModelTier.Of(model.Parameters, model.ActiveParameters, BitsPerWeight(model));
        return new Recommendation(model, tier, fits, context, slots, Needed(model, context, slots), isPulled);
    }

    private static int LargestContext(KnownModel model, long budget, int useful, int most, int slots)
    {
        if (model.CacheBytesPerToken == 0) return most;
        var room = (budget - Needed(model, 0, slots)) / ((long)model.CacheBytesPerToken * slots);
        var context = (int)Math.Clamp(room, useful, most);
        return context == most || context < ContextStep ? context : Math.Max(useful, context / ContextStep * ContextStep);
    }

    /// <summary>The customary measure for mixtures of experts: between all parameters and those that take part in a token.</summary>
    private static double Ability(KnownModel model) => Math.Sqrt((double)model.Parameters * (model.ActiveParameters ?? model.Parameters));

    private static double BitsPerWeight(KnownModel model) => 8.0 * model.Bytes / model.Parameters;
}
