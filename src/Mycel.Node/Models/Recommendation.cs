namespace Mycel.Node.Models;

/// <summary>How well a known model fits this machine.</summary>
/// <param name="Model">The model.</param>
/// <param name="Tier">What may be expected of it; null for what does not generate.</param>
/// <param name="Fits">Whether it fits the memory.</param>
/// <param name="ContextLength">Tokens a request could use; where it does not fit, what was reckoned with.</param>
/// <param name="Slots">Requests at once; where it does not fit, what was reckoned with.</param>
/// <param name="NeededBytes">Memory it takes with that context and these slots, estimated.</param>
/// <param name="IsPulled">Whether it is in the models folder under its name.</param>
internal sealed record Recommendation(KnownModel Model, string? Tier, bool Fits, int ContextLength, int Slots, long NeededBytes, bool IsPulled);

/// <summary>The known models in the order in which they suit this machine, and the memory that was reckoned with.</summary>
/// <param name="BudgetBytes">Memory for models, in bytes.</param>
/// <param name="IsConfigured">Whether <c>engine.memory_mb</c> sets it; otherwise it is what the machine has free.</param>
/// <param name="Models">The best first; what does not fit last.</param>
internal sealed record RecommendedModels(long BudgetBytes, bool IsConfigured, IReadOnlyList<Recommendation> Models);
