using Mycel.Node.Models;

namespace Mycel.Node.Api.Admin;

/// <summary>The known models as replies have them.</summary>
internal static class RecommendedView
{
    /// <summary>The view of a ranking.</summary>
    public static RecommendedReply Of(RecommendedModels ranked) => new(ranked.BudgetBytes, ranked.IsConfigured, [.. ranked.Models.Select(Of)]);

    private static RecommendedModelReply Of(Recommendation one) => new(
        one.Model.Name, one.Model.Source, one.Model.Purpose.ToString().ToLowerInvariant(), one.Model.Bytes, one.Model.IsExactSize, one.Model.Parameters,
        one.Model.Quantization, one.Model.ContextLength, one.Model.Licence, one.Tier, one.Fits, one.ContextLength, one.Slots, one.NeededBytes, one.IsPulled);
}
