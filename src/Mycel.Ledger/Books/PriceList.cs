namespace Mycel.Ledger.Books;

/// <summary>A provider's prices, and those that it announced a moment ago: orders made with them are still taken. Safe for use from many threads.</summary>
/// <param name="time">The clock.</param>
public sealed class PriceList(TimeProvider time)
{
    /// <summary>How long prices are honoured after they have changed.</summary>
    public static readonly TimeSpan Honoured = TimeSpan.FromSeconds(60);

    /// <summary>Most models; those set first are forgotten.</summary>
    public const int MaxModels = 1024;

    // Prices of a model that may change every moment.
    private const int MaxFormer = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<(Prices Prices, DateTimeOffset Until)>> _models = new(StringComparer.Ordinal);

    /// <summary>Sets a model's prices.</summary>
    public void Set(string model, Prices prices)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!prices.IsValid) throw new ArgumentOutOfRangeException(nameof(prices), $"Prices are 0 to {Prices.Max:N0} micro-credits for a million tokens.");
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (!_models.TryGetValue(model, out List<(Prices Prices, DateTimeOffset Until)>? known))
            {
                if (_models.Count >= MaxModels) _models.Remove(_models.Keys.First());
                _models[model] = [(prices, DateTimeOffset.MaxValue)];
                return;
            }

            if (known[0].Prices == prices) return;
            known[0] = (known[0].Prices, now + Honoured);
            known.RemoveAll(former => former.Until <= now);
            if (known.Count > MaxFormer) known.RemoveAt(known.Count - 1);
            known.Insert(0, (prices, DateTimeOffset.MaxValue));
        }
    }

    /// <summary>A model's prices now, then those that are still honoured; none where none were set, which is not to say that it is free.</summary>
    public IReadOnlyList<Prices> Of(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            return _models.TryGetValue(model, out List<(Prices Prices, DateTimeOffset Until)>? known)
                ? [.. known.Where(one => one.Until > now).Select(one => one.Prices)]
                : [];
        }
    }
}
