using Mycel.Llama.Gguf;
using Mycel.Node.Configuration;

namespace Mycel.Node.Models;

/// <summary>
/// Ranks the known models by what fits the memory: of those that fit, the most able first; then those that do not, the smallest first. Their files
/// are not here, so their memory is reckoned from sizes and shapes alone.
/// </summary>
internal static class Recommender
{
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
    /// <param name="model">The model.</param>
    /// <param name="cells">Tokens that the cache holds.</param>
    public static long Needed(KnownModel model, int cells) =>
        model.Bytes + (model.Bytes / WorkingShare) + WorkingBytes + ((long)model.CacheBytesPerToken * cells);

    /// <summary>Sizes it as it would be loaded. With less than an ordinary context it could be loaded, and is not recommended.</summary>
    private static Recommendation Fit(KnownModel model, LocalEngineOptions options, long budget, bool isPulled)
    {
        var shape = EngineSizing.Choose(model.ContextLength, options.ContextLength, options.Slots, budget, shape => Needed(model, shape.Cells));
        var least = options.ContextLength > 0 ? options.ContextLength : Math.Min(model.ContextLength, EngineSizing.OrdinaryContext);
        if (shape.ContextLength < least) shape = new EngineShape(least, shape.Slots, least * shape.Slots);
        var needed = Needed(model, shape.Cells);
        var tier = model.Purpose == ModelPurpose.Embedding ? null : ModelTier.Of(model.Parameters, model.ActiveParameters, BitsPerWeight(model));
        return new Recommendation(model, tier, needed <= budget, shape.ContextLength, shape.Slots, needed, isPulled);
    }

    /// <summary>The customary measure for mixtures of experts: between all parameters and those that take part in a token.</summary>
    private static double Ability(KnownModel model) => Math.Sqrt((double)model.Parameters * (model.ActiveParameters ?? model.Parameters));

    private static double BitsPerWeight(KnownModel model) => 8.0 * model.Bytes / model.Parameters;
}
