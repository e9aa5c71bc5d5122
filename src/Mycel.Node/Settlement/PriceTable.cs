using System.Collections.Concurrent;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Llama.Gguf;
using Mycel.Node.Configuration;

namespace Mycel.Node.Settlement;

/// <summary>What this node's models cost other accounts: as the settings say, or by the quality of the model.</summary>
internal sealed class PriceTable(IOptionsSource options, TimeProvider time)
{
    private readonly PriceList _announced = new(time);
    private readonly ConcurrentDictionary<string, (long Now, long Before)> _contexts = new(StringComparer.Ordinal);

    /// <summary>What a model of unknown quality costs by default: as a small one, which it can hardly be less than.</summary>
    public static ModelPrice Unknown { get; } = new(80_000, 300_000);

    /// <summary>The price by quality: a credit is about a million tokens written by a middling model.</summary>
    /// <param name="tier">One of <see cref="ModelTier"/>, or null.</param>
    public static ModelPrice OfTier(string? tier) => tier switch
    {
        ModelTier.Tiny => new ModelPrice(20_000, 100_000),
        ModelTier.Small => new ModelPrice(80_000, 300_000),
        ModelTier.Medium => new ModelPrice(250_000, 1_000_000),
        ModelTier.Large => new ModelPrice(800_000, 3_000_000),
        ModelTier.Frontier => new ModelPrice(2_500_000, 10_000_000),
        _ => Unknown,
    };

    /// <summary>What bounds the cost of a request; both sides reckon it so.</summary>
    /// <param name="bodyBytes">Bytes of the body as it is sent.</param>
    /// <param name="maxTokens">Most tokens of an answer, as the request says; null where it does not.</param>
    /// <param name="context">The model's context, as its offer says; null where it is not known.</param>
    /// <param name="choices">Answers asked for.</param>
    /// <param name="isEmbedding">Whether nothing is written.</param>
    public static RequestBounds BoundsOf(long bodyBytes, long? maxTokens, long? context, long choices, bool isEmbedding) =>
        new(bodyBytes, maxTokens, context, (int)Math.Min(choices, int.MaxValue), isEmbedding);

    /// <summary>Takes note of what others are told of a model: for a minute a price is honoured after it has changed.</summary>
    /// <param name="model">The bare name.</param>
    /// <param name="price">Its price.</param>
    /// <param name="context">Its context in tokens; 0 where it is not known.</param>
    public void Announce(string model, ModelPrice price, long context)
    {
        _announced.Set(model, new Prices(price.Prompt, price.Completion));
        if (_contexts.TryGetValue(model, out var told) && told.Now == context) return;
        if (_contexts.Count >= PriceList.MaxModels) _contexts.Clear();
        _contexts[model] = (context, told.Now);
    }

    /// <summary>The context that orders for a model are reckoned with: the smaller of what was told last and before, for both are in use for a while.</summary>
    public long? ContextOf(string model)
    {
        var (now, before) = _contexts.GetValueOrDefault(model);
        var least = now > 0 && before > 0 ? Math.Min(now, before) : Math.Max(now, before);
        return least > 0 ? least : null;
    }

    /// <summary>What a model may be asked for at: its price as announced, then those of a moment ago; none where it was not announced.</summary>
    public IReadOnlyList<Prices> Honoured(string model) => _announced.Of(model);

    /// <summary>What a model costs now.</summary>
    /// <param name="model">The bare name.</param>
    /// <param name="tier">Its quality, or null.</param>
    /// <param name="isEmbedding">Whether it embeds, and so writes nothing.</param>
    public ModelPrice PriceOf(string model, string? tier, bool isEmbedding)
    {
        var credit = options.Current.Credit;
        if (credit.Prices.TryGetValue(model, out var text) && ModelPrice.TryParse(text, out var named)) return named;
        var price = credit.DefaultPrice ?? OfTier(tier);
        return isEmbedding ? price with { Completion = 0 } : price;
    }
}
